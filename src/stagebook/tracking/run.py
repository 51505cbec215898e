"""What the run of one execution holds in MLflow."""

import datetime
import json
from collections.abc import Iterator, Mapping
from typing import Any

from mlflow.entities import Metric, Param, RunTag

from stagebook.execution.trial import Trial
from stagebook.pipeline.git import Git
from stagebook.record.record import Record
from stagebook.tracking.projection import key, keys

_STATUS = {"done": "FINISHED", "interrupted": "KILLED", "terminated": "KILLED", "killed": "KILLED"}

_LONGEST_NAME = 120  # MLflow's table shows no more


def status(record: Record) -> str:
    """MLflow's word for how an execution ended."""
    return _STATUS.get(record.outcome, "FAILED")


def start(record: Record) -> int:
    """When an execution started, in milliseconds; if it was killed, when it was prepared."""
    if record.volatile.started:
        return milliseconds(datetime.datetime.fromisoformat(record.volatile.started))
    stamp = record.id.partition("-")[0]
    return milliseconds(datetime.datetime.strptime(f"{stamp}+0000", "%Y%m%dT%H%M%S%f%z"))


def end(record: Record) -> int:
    """When an execution ended, in milliseconds."""
    return start(record) + round(record.volatile.seconds * 1000)


def milliseconds(when: datetime.datetime) -> int:
    """A moment as MLflow counts it."""
    return round(when.timestamp() * 1000)


def params(record: Record) -> list[Param]:
    """The notebook's parameters."""
    return [Param(key(name), text(value)) for name, value in record.values.items()]


def name(record: Record) -> str:
    """The run's name: the stage, and for a trial the values that were given with ``-P``."""
    trial = record.trial or Trial(record.stage, {}, "")
    overrides = [f"{name}={text(value)}" for name, value in trial.overrides.items()]
    origin = [] if trial.stage == record.stage else ["after", trial.stage]
    words = " ".join([record.stage, *origin, *overrides])
    return words if len(words) <= _LONGEST_NAME else f"{words[: _LONGEST_NAME - 1]}…"


def metrics(record: Record) -> list[Metric]:
    """The numbers in the metrics files."""
    numbers = _numbers(record.metrics)
    named = keys(numbers)
    return [Metric(named[name], value, start(record), 0) for name, value in numbers.items()]


def _numbers(values: Mapping[str, Any]) -> dict[str, float]:
    numbers = {}
    for name, value in values.items():
        if isinstance(value, (bool, int, float)):
            try:
                numbers[name] = float(value)
            except OverflowError:  # a whole number that no float holds
                continue
    return numbers


def tags(record: Record) -> list[RunTag]:
    """The run's tags; those that start with ``mlflow.`` show up in MLflow's own pages."""
    named = {
        "mlflow.source.name": record.notebook,
        "mlflow.source.type": "NOTEBOOK",
        "mlflow.note.content": description(record),
        "stagebook.stage": record.stage,
        "stagebook.outcome": record.outcome,
        "stagebook.build": str(record.build).lower(),
        "stagebook.source": record.source,
        "stagebook.python": record.environment.python,
        **{f"input.{file.path}": file.md5 for file in record.inputs},
        **{f"output.{file.path}": file.md5 for file in record.outputs},
        **{
            f"contract.{path}": "holds" if table.holds else "refused"
            for table in record.tables
            if table.contract
            for path in table.paths
        },
        **git(record.git),
    }
    numbers = _numbers(record.metrics)
    for name, value in record.metrics.items():
        if name not in numbers and isinstance(value, (str, int)):
            named[f"metric.{name}"] = str(value)
    unique = keys(named)
    return [RunTag(unique[name], value) for name, value in named.items() if value]


def git(code: Git | None) -> dict[str, str]:
    """Tags that say which code was run."""
    if code is None:
        return {}
    return {
        "mlflow.source.git.commit": code.commit,
        "mlflow.source.git.branch": code.branch or "",
        "mlflow.source.git.repoURL": code.remote or "",
        "git.dirty": str(code.dirty).lower(),
    }


def description(record: Record) -> str:
    """The run's description, in Markdown: the notebook's heading, what it was, what was wrong."""
    return "\n\n".join(_paragraphs(record))


def _paragraphs(record: Record) -> Iterator[str]:
    if record.title:
        yield f"### {record.title}"
    yield f"Stage `{record.stage}` of `{record.notebook}`: {record.outcome}."
    if code := record.git:
        dirty = ", with uncommitted changes" if code.dirty else ""
        yield f"Commit `{code.commit[:10]}`{dirty}."
    if not record.build:
        yield "A trial with `-P`, so this is not the build's result."
    for problem in record.problems:
        cell = f"Cell {problem.where.cell}: " if problem.where and problem.where.cell else ""
        yield f"- {cell}{problem.message}"


def text(value: Any) -> str:
    """A parameter's value as MLflow itself writes None and True: autologging may also log it."""
    return json.dumps(value, ensure_ascii=False) if isinstance(value, list | dict) else str(value)
