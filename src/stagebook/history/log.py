"""The last executions, each compared with the previous build of its stage."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from stagebook.history.changes import Changes
from stagebook.history.history import History
from stagebook.project.errors import Problem, StagebookError, did_you_mean
from stagebook.record.record import Record


@dataclass(frozen=True, slots=True)
class LogEntry:
    """One execution in a log.

    Attributes:
        record: Its record.
        first: Whether its stage has no earlier execution to compare it with.
        changes: What changed since the execution before.
        before: The execution before: a build, or a run with ``-P`` if there was no build yet.
    """

    record: Record
    first: bool
    changes: Changes
    before: Record | None = None

    @classmethod
    def of(cls, history: History, record: Record) -> "LogEntry":
        """The row of an execution, compared with the previous build of its stage."""
        before = history.before(record)
        ended_well = before is None or before.done
        measured = before if ended_well else history.done_before(record)
        changes = Changes.between(before, record, measured)
        return cls(record, before is None, changes, before)

    @property
    def departs(self) -> bool:
        """Whether it is a run with ``-P`` that is compared with a build."""
        return self.before is not None and self.before.build and not self.record.build

    def as_json(self) -> dict[str, Any]:
        """This row as plain values."""
        record = self.record
        return {
            "id": record.id,
            "stage": record.stage,
            "started": record.volatile.started or None,
            "outcome": record.outcome,
            "build": record.build,
            "seconds": record.volatile.seconds,
            "commit": record.git.commit if record.git else None,
            "dirty": record.git.dirty if record.git else None,
            "first": self.first,
            "before": self.before.id if self.before else None,
            "changes": self.changes.as_json(),
        }


@dataclass(frozen=True, slots=True)
class Log:
    """The last executions.

    Attributes:
        rows: One for each execution, newest first.
        headline: The metrics that the project shows first.
        damaged: Records that could not be read, each with the reason.
    """

    rows: tuple[LogEntry, ...]
    headline: frozenset[str]
    damaged: tuple[tuple[str, str], ...]

    @classmethod
    def of(cls, history: History, headline: Iterable[str], stage: str | None, limit: int) -> "Log":
        """The last executions of a project.

        Args:
            history: The records.
            headline: The setting: each metric as ``file:dotted.name``.
            stage: The stage; None for all stages.
            limit: The maximum number of executions.

        Raises:
            StagebookError: The stage has no record.
        """
        rows = tuple(LogEntry.of(history, record) for record in history.last(stage, limit))
        if stage is not None and not rows:
            message = f"No execution of the stage `{stage}` is recorded here."
            hint = did_you_mean(stage, history.stages(), "Build it: dvc repro")
            raise StagebookError(Problem("no-executions", message, hint))
        names = frozenset(entry.rpartition(":")[2] for entry in headline)
        return cls(rows, names, history.damaged)

    def as_json(self) -> dict[str, Any]:
        """This log as plain values, as ``docs/reference/cli.md`` describes them."""
        return {"executions": [row.as_json() for row in self.rows]}
