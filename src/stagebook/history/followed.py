"""The metrics of later stages that used an execution's outputs, each under a unique name."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Self

from stagebook.history.comparison import in_build
from stagebook.history.history import History
from stagebook.record.record import Record


def followers(history: History, record: Record) -> tuple[Record, ...]:
    """The newest execution of each stage that used an execution's outputs, found by content.

    For a part of the build, only parts of the build count; for a trial, only parts of that trial.

    Args:
        history: The records.
        record: The execution's record.
    """
    by_stage: dict[str, Record] = {record.stage: record}
    waiting = [record]
    while waiting:
        for reader in _readers(history, waiting.pop()):
            if reader.stage not in by_stage and _place(reader) == _place(record):
                by_stage[reader.stage] = reader
                waiting.append(reader)
    return tuple(by_stage.values())[1:]


def _readers(history: History, record: Record) -> Iterator[Record]:
    """The executions that used an execution's outputs, newest first."""
    read = (history.distinct_readers(file.path, file.md5) for file in record.outputs)
    names = {name for readers in read for name in readers}
    for name in sorted(names, reverse=True):
        if (reader := history.record(name)) is not None:
            yield reader


def _place(record: Record) -> str | None:
    """The folder of an execution's trial; None for a part of the build."""
    return record.trial.folder if record.trial else None


@dataclass(frozen=True, slots=True)
class SweepMetrics:
    """The metrics of some executions of one stage, with those of the stages that followed each.

    Attributes:
        stage: The stage.
        rows: Each execution's record, and the records of what followed it.
        stages: The names of the stages that have a metric, by the metric.
    """

    stage: str
    rows: tuple[tuple[Record, ...], ...]
    stages: Mapping[str, frozenset[str]]

    @classmethod
    def of(
        cls, stage: str, records: Iterable[Record], followed: Mapping[str, tuple[Record, ...]]
    ) -> Self:
        """The metrics of these executions.

        Args:
            stage: The stage.
            records: Their records.
            followed: By an execution's id, the records of what followed it.
        """
        rows = tuple((record, *followed.get(record.id, ())) for record in records)
        stages: dict[str, frozenset[str]] = {}
        for record in (record for row in rows for record in row):
            for metric in record.metrics:
                stages[metric] = stages.get(metric, frozenset()) | {record.stage}
        return cls(stage, rows, stages)

    def values(self) -> list[dict[str, Any]]:
        """All metrics of each execution, by their names in this sweep."""
        return [
            {
                self._name(record, metric): value
                for record in row
                for metric, value in record.metrics.items()
            }
            for row in self.rows
        ]

    def name(self, file: str, metric: str) -> str | None:
        """The name in this sweep of a metric of a file; None if no execution wrote the file."""
        for record in (record for row in self.rows for record in row):
            if any(in_build(output.path, record) == file for output in record.outputs):
                return self._name(record, metric)
        return None

    def _name(self, record: Record, metric: str) -> str:
        """The metric's own name; after its stage's name if several stages have it."""
        shared = record.stage != self.stage and len(self.stages.get(metric, ())) > 1
        return f"{record.stage}:{metric}" if shared else metric
