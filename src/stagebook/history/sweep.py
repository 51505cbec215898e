"""The last executions of one stage: their parameters and their metrics."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from stagebook.history.followed import SweepMetrics, followers
from stagebook.history.history import History
from stagebook.project.errors import Problem, StagebookError, did_you_mean
from stagebook.project.settings import Gate, Settings
from stagebook.record.metrics import number
from stagebook.record.record import Record


@dataclass(frozen=True, slots=True)
class SweepRow:
    """One execution of a sweep.

    Attributes:
        record: Its record.
        parameters: The parameters that differ within the sweep.
        metrics: Its metrics, and those of the stages that used its outputs.
        other_code: Whether its source differs from that of the newest execution in the sweep.
    """

    record: Record
    parameters: Mapping[str, Any]
    metrics: Mapping[str, Any]
    other_code: bool = False

    @property
    def name(self) -> str:
        """Id of the execution."""
        return self.record.id


@dataclass(frozen=True, slots=True)
class SweepOrder:
    """What a sweep is sorted by.

    Attributes:
        metric: Name of the metric.
        higher_is_better: As the metric's gate says; None if no gate does.
    """

    metric: str
    higher_is_better: bool | None = None

    @property
    def highest_first(self) -> bool:
        """Whether large values come first; they do unless small ones are better."""
        return self.higher_is_better is not False


@dataclass(frozen=True, slots=True)
class SharedValues:
    """What all executions of a sweep have in common.

    Attributes:
        parameters: Values by name.
        metrics: Values by name; an execution without metrics, such as a failed one, does not count.
    """

    parameters: Mapping[str, Any]
    metrics: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Sweep:
    """The last executions of a stage.

    Attributes:
        stage: The stage.
        parameters: Names of the parameters that differ among them.
        metrics: Names of the metrics that differ, the project's headline metrics first.
        shared: The values that do not differ.
        order: What they are sorted by; None if no number differs.
        rows: Each execution in that order; without an order, the newest first.
    """

    stage: str
    parameters: tuple[str, ...]
    metrics: tuple[str, ...]
    shared: SharedValues
    order: SweepOrder | None
    rows: tuple[SweepRow, ...]

    @classmethod
    def read(cls, history: History, stage: str, last: int, settings: Settings) -> "Sweep":
        """The last executions of a stage.

        Args:
            history: The records.
            stage: The stage.
            last: The maximum number of executions.
            settings: Say which metrics come first, and which values of them are better.

        Raises:
            StagebookError: The stage has no record.
        """
        records = history.last(stage, last)
        if not records:
            message = f"No execution of the stage `{stage}` is recorded here."
            hint = did_you_mean(stage, history.stages(), "Build it: dvc repro")
            raise StagebookError(Problem("no-executions", message, hint))
        followed = {record.id: followers(history, record) for record in records}
        return cls.of(stage, records, settings.headline, settings.gates, followed)

    @classmethod
    def of(
        cls,
        stage: str,
        records: Iterable[Record],
        headline: Iterable[str],
        gates: Iterable[Gate] = (),
        followed: Mapping[str, tuple[Record, ...]] = MappingProxyType({}),
    ) -> "Sweep":
        """A sweep of these executions.

        Args:
            stage: The stage.
            records: Their records, newest first.
            headline: The metrics that the project shows first, as ``file:metric``.
            gates: The gates, which say which values are better.
            followed: By an execution's id, the records of what used its outputs.
        """
        records = tuple(records)
        values = [record.values for record in records]
        sweep_metrics = SweepMetrics.of(stage, records, followed)
        measured = sweep_metrics.values()
        differing, parameters = _split(values)
        names, metrics = _split([item for item in measured if item])
        names = _sorted(names, _headline(headline, sweep_metrics), measured)
        order = _order(names, measured, _gates(gates, sweep_metrics))
        rows = [
            SweepRow(
                record,
                {name: item[name] for name in differing if name in item},
                row_metrics,
                record.source != records[0].source,
            )
            for record, item, row_metrics in zip(records, values, measured, strict=True)
        ]
        rows.sort(key=lambda row: _rank(row, order))
        return cls(stage, differing, names, SharedValues(parameters, metrics), order, tuple(rows))

    def as_json(self) -> dict[str, Any]:
        """This sweep as plain values, as ``docs/reference/cli.md`` describes them."""
        return {
            "stage": self.stage,
            "sorted_by": self.order.metric if self.order else None,
            "higher_is_better": self.order.higher_is_better if self.order else None,
            "shared": {
                "parameters": dict(self.shared.parameters),
                "metrics": dict(self.shared.metrics),
            },
            "executions": [
                {
                    "id": row.name,
                    "outcome": row.record.outcome,
                    "build": row.record.build,
                    "other_code": row.other_code,
                    "parameters": dict(row.parameters),
                    "metrics": dict(row.metrics),
                }
                for row in self.rows
            ],
        }


def _split(values: Sequence[Mapping[str, Any]]) -> tuple[tuple[str, ...], dict[str, Any]]:
    """The names of values that differ, and the shared values by name."""
    names = dict.fromkeys(name for value in values for name in value)
    differing = tuple(name for name in names if _differs(name, values))
    return differing, {name: values[0][name] for name in names if name not in differing}


def _sorted(
    names: Iterable[str], headline: tuple[str, ...], measured: Sequence[Mapping[str, Any]]
) -> tuple[str, ...]:
    """Metrics that the project shows first before all others, then numbers before texts."""

    def place(name: str) -> tuple[int, bool]:
        rank = headline.index(name) if name in headline else len(headline)
        return rank, not _has_number(name, measured)

    return tuple(sorted(names, key=place))


def _order(
    names: Iterable[str], measured: Sequence[Mapping[str, Any]], gates: Mapping[str, Gate]
) -> SweepOrder | None:
    for name in names:
        if _has_number(name, measured):
            return SweepOrder(name, gates[name].higher_is_better if name in gates else None)
    return None


def _headline(entries: Iterable[str], sweep_metrics: SweepMetrics) -> tuple[str, ...]:
    """The names of the metrics that come first."""
    parts = [(file, metric) for file, _, metric in (entry.rpartition(":") for entry in entries)]
    return tuple(sweep_metrics.name(file, metric) or metric for file, metric in parts)


def _gates(gates: Iterable[Gate], sweep_metrics: SweepMetrics) -> dict[str, Gate]:
    """The gates of files that these executions wrote, by the metric's name."""
    by_name = {sweep_metrics.name(gate.file, gate.name): gate for gate in gates}
    return {name: gate for name, gate in by_name.items() if name}


def _has_number(name: str, measured: Iterable[Mapping[str, Any]]) -> bool:
    return any(number(item.get(name)) is not None for item in measured)


def _differs(name: str, values: Iterable[Mapping[str, Any]]) -> bool:
    return len({_key(value, name) for value in values}) > 1


def _rank(row: SweepRow, order: SweepOrder | None) -> tuple[bool, float]:
    """Executions without a number come last; equal ones stay newest first."""
    value = number(row.metrics.get(order.metric)) if order else None
    if value is None or order is None:
        return True, 0.0
    return False, -value if order.highest_first else value


def _key(values: Mapping[str, Any], name: str) -> str:
    return repr(values[name]) if name in values else ""
