"""What the run of one execution holds in MLflow."""

import datetime
import json
from collections.abc import Iterator, Mapping
from typing import Any

from mlflow.entities import Metric, Param, RunTag

from stagebook.record.tracking.projection import key

_STATUS = {"done": "FINISHED", "interrupted": "KILLED", "terminated": "KILLED", "killed": "KILLED"}

Values = Mapping[str, Any]
"""A record, as its file has it."""


def status(record: Values) -> str:
    """MLflow's word for how an execution ended."""
    return _STATUS.get(record["outcome"], "FAILED")


def start(record: Values) -> int:
    """When an execution started, in milliseconds; if it was killed, when it was prepared."""
    volatile = record["volatile"]
    if volatile["started"]:
        return milliseconds(datetime.datetime.fromisoformat(volatile["started"]))
    stamp = volatile["id"].partition("-")[0]
    return milliseconds(datetime.datetime.strptime(f"{stamp}+0000", "%Y%m%dT%H%M%S%f%z"))


def end(record: Values) -> int:
    """When an execution ended, in milliseconds."""
    seconds: float = record["volatile"]["seconds"]
    return start(record) + round(seconds * 1000)


def milliseconds(when: datetime.datetime) -> int:
    """A moment as MLflow counts it."""
    return round(when.timestamp() * 1000)


def params(record: Values) -> list[Param]:
    """The notebook's parameters."""
    return [Param(key(one["name"]), text(one["value"])) for one in record["parameters"]]


def metrics(record: Values) -> list[Metric]:
    """The numbers in the metrics files."""
    return [
        Metric(key(name), value, start(record), 0)
        for name, value in _numbers(record["metrics"]).items()
    ]


def _numbers(values: Values) -> dict[str, float]:
    numbers = {}
    for name, value in values.items():
        if isinstance(value, (bool, int, float)):
            try:
                numbers[name] = float(value)
            except OverflowError:  # a whole number that no float holds
                continue
    return numbers


def tags(record: Values) -> list[RunTag]:
    """The run's tags; those that start with ``mlflow.`` show up in MLflow's own pages."""
    named = {
        "mlflow.source.name": record["notebook"],
        "mlflow.source.type": "NOTEBOOK",
        "mlflow.note.content": description(record),
        "stagebook.stage": record["stage"],
        "stagebook.outcome": record["outcome"],
        "stagebook.build": str(record["build"]).lower(),
        "stagebook.source": record["source"],
        "stagebook.python": record["environment"]["python"],
        **{f"input.{one['path']}": one["md5"] for one in record["inputs"]},
        **{f"output.{one['path']}": one["md5"] for one in record["outputs"]},
        **{
            f"contract.{path}": "holds" if one["holds"] else "refused"
            for one in record["tables"]
            if one["contract"]
            for path in one["paths"]
        },
        **git(record),
    }
    numbers = _numbers(record["metrics"])
    for name, value in record["metrics"].items():
        if name not in numbers and isinstance(value, (str, int)):
            named[f"metric.{name}"] = str(value)
    return [RunTag(key(name), value) for name, value in named.items() if value]


def git(record: Values) -> dict[str, str]:
    """Tags that say which code it was."""
    found = record["git"] or {}
    if not found:
        return {}
    return {
        "mlflow.source.git.commit": found["commit"],
        "mlflow.source.git.branch": found["branch"] or "",
        "mlflow.source.git.repoURL": found["remote"] or "",
        "git.dirty": str(found["dirty"]).lower(),
    }


def description(record: Values) -> str:
    """The run's description, in Markdown: the notebook's heading, what it was, what was wrong."""
    return "\n\n".join(_paragraphs(record))


def _paragraphs(record: Values) -> Iterator[str]:
    if record.get("title"):
        yield f"### {record['title']}"
    yield f"Stage `{record['stage']}` of `{record['notebook']}`: {record['outcome']}."
    if code := record["git"]:
        dirty = ", with uncommitted changes" if code["dirty"] else ""
        yield f"Commit `{code['commit'][:10]}`{dirty}."
    if not record["build"]:
        yield "Parameters were overridden with `-P`, so this is not the build's result."
    for one in record["problems"]:
        where = one["where"] or {}
        cell = f"Cell {where['cell']}: " if where.get("cell") else ""
        yield f"- {cell}{one['message']}"


def text(value: Any) -> str:
    """A parameter's value as MLflow itself writes None and True: autologging may log it too."""
    return json.dumps(value, ensure_ascii=False) if isinstance(value, list | dict) else str(value)
