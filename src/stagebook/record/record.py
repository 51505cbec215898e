"""The record of one execution, as JSON with a format version."""

import dataclasses
import hashlib
import json
import os
import platform
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from stagebook.contracts.inspection import Inspection
from stagebook.errors import Problem
from stagebook.execution.execution import Execution
from stagebook.execution.job import Job
from stagebook.execution.outcome import Ending
from stagebook.masks import Masks
from stagebook.pipeline import dvc
from stagebook.pipeline.dvc import Hashed
from stagebook.record.git import Git

FORMAT = 2


@dataclass(frozen=True, slots=True)
class Volatile:
    """What differs between two executions of the same thing.

    Attributes:
        id: The execution's name.
        started: When it started, ISO 8601 in UTC.
        seconds: How long it took.
        host: Name of the machine.
        repro: The ``dvc repro`` that it was part of; None if it was started by itself.
        remote: Whether DVC had a remote to pull from.
        cells: Per code cell: position, seconds, status and peak of memory.
    """

    id: str
    started: str = ""
    seconds: float = 0.0
    host: str = ""
    repro: str | None = None
    remote: bool = False
    cells: tuple[Mapping[str, Any], ...] = ()


@dataclass(frozen=True, slots=True)
class Record:
    """All that one execution leaves to remember.

    Attributes:
        stage: The stage.
        notebook: Path of its notebook.
        title: The notebook's first heading.
        outcome: How it ended, one of the values of ``Outcome``.
        build: Whether the values were the build's; false for a run with ``-P``.
        problems: What was wrong.
        source: SHA-256 of the stage's source.
        code: Digests of the code in it: of each cell that has any, and of each local module.
        parameters: Name, value, origin and default of each.
        inputs: Inputs with DVC's hashes.
        outputs: Outputs with DVC's hashes, with the place they were put.
        tables: What was found out about each input and output that is a table.
        metrics: Every value of the metrics files, by dotted name.
        environment: Python, platform, threads, distributions.
        git: Commit, branch, remote, dirty; None without git.
        volatile: What differs between two executions of the same thing.
    """

    stage: str
    notebook: str
    title: str | None
    outcome: str
    build: bool
    problems: tuple[Problem, ...]
    source: str
    code: Mapping[str, Any]
    parameters: tuple[Mapping[str, Any], ...]
    inputs: tuple[Hashed, ...]
    outputs: tuple[Hashed, ...]
    tables: tuple[Mapping[str, Any], ...]
    metrics: Mapping[str, Any]
    environment: Mapping[str, Any]
    git: Git | None
    volatile: Volatile

    @property
    def id(self) -> str:
        """The execution's name."""
        return self.volatile.id

    @property
    def digest(self) -> str:
        """SHA-256 over all but the volatile block: the same for the same execution again."""
        stable = {key: value for key, value in self.as_json().items() if key != "volatile"}
        return hashlib.sha256(json.dumps(stable, sort_keys=True).encode()).hexdigest()

    def as_json(self) -> dict[str, Any]:
        """The record as plain values."""
        return {"format": FORMAT, **dataclasses.asdict(self)}

    @classmethod
    def of_job(
        cls,
        job: Job,
        inputs: tuple[Hashed, ...],
        git: Git | None,
        ending: Ending,
        *,
        remote: bool = False,
    ) -> "Record":
        """The record of a job that has not come to its end, without secrets.

        Args:
            job: What was to be run.
            inputs: Its inputs with hashes.
            git: What git says.
            ending: How it ends if nothing better is known later.
            remote: Whether DVC has a remote to pull from.
        """
        record = cls(
            stage=job.stage,
            notebook=job.notebook.path,
            title=job.notebook.title,
            outcome=ending.outcome.value,
            build=job.is_build,
            problems=ending.problems,
            source=job.source.digest,
            code={"cells": job.source.cell_digests, "modules": dict(job.source.modules)},
            parameters=tuple(
                {
                    "name": one.name,
                    "value": one.value,
                    "origin": one.origin.value,
                    "default": one.default,
                }
                for one in job.parameters
            ),
            inputs=inputs,
            outputs=(),
            tables=(),
            metrics={},
            environment={
                "python": platform.python_version(),
                "platform": platform.platform(),
                "machine": platform.machine(),
                "threads": job.settings.threads,
                "distributions": dict(job.source.distributions),
            },
            git=git,
            volatile=Volatile(job.id, host=platform.node(), repro=dvc.running(), remote=remote),
        )
        return _hidden(record, job.masks)

    def ended(
        self,
        execution: Execution,
        outputs: tuple[Hashed, ...],
        metrics: Mapping[str, Any],
    ) -> "Record":
        """This record with what came of the execution, without secrets."""
        volatile = Volatile(
            id=self.id,
            started=execution.started.isoformat(timespec="milliseconds"),
            seconds=round(execution.seconds, 3),
            host=self.volatile.host,
            repro=self.volatile.repro,
            remote=self.volatile.remote,
            cells=tuple(dataclasses.asdict(cell) for cell in execution.cells),
        )
        whole = dataclasses.replace(
            self,
            outcome=execution.ending.outcome.value,
            problems=execution.ending.problems,
            outputs=outputs,
            tables=tuple(_table(one) for one in execution.tables),
            metrics=metrics,
            volatile=volatile,
        )
        return _hidden(whole, execution.job.masks)


def _hidden(record: Record, masks: Masks) -> Record:
    """A record without secrets in what cells, people and git may have brought into it.

    Names of stages and paths are declared, and tables come without secrets; they are left as they
    are, since others find things by them.
    """
    values = [
        {**one, **{key: masks.hide_all(one[key]) for key in ("value", "default")}}
        for one in record.parameters
    ]
    return dataclasses.replace(
        record,
        title=masks.hide_all(record.title),
        problems=masks.hide_all(record.problems),
        parameters=tuple(values),
        metrics=masks.hide_all(record.metrics),
        git=masks.hide_all(record.git),
    )


def _table(found: Inspection) -> Mapping[str, Any]:
    subject, profile, verdict = found.subject, found.profile, found.verdict
    return {
        "name": subject.name,
        "role": "input" if subject.reads else "output",
        "paths": list(subject.paths),
        "rows": profile.rows if profile else None,
        "columns": len(profile.columns) if profile else None,
        "profile": profile.digest if profile else None,
        "contract": subject.contract,
        "holds": not found.refusals if subject.contract else None,
        "failures": verdict.as_json()["failures"] if verdict else [],
        "problems": [problem.as_json() for problem in found.problems],
    }


def render(record: Record) -> str:
    """The text of a record's file."""
    return json.dumps(record.as_json(), indent=1, ensure_ascii=False) + os.linesep
