"""The last executions of one stage: what was tried in each, and what came of it."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from stagebook.errors import Problem, StagebookError, did_you_mean
from stagebook.record.comparison import in_build
from stagebook.record.history import History, Values
from stagebook.settings import Gate, Settings


@dataclass(frozen=True, slots=True)
class Trial:
    """One execution of a sweep.

    Attributes:
        record: Its record.
        parameters: Those that differ within the sweep.
        metrics: All its metrics.
        other_code: Whether its source is another than that of the newest of the sweep.
    """

    record: Values
    parameters: Mapping[str, Any]
    metrics: Mapping[str, Any]
    other_code: bool = False

    @property
    def name(self) -> str:
        """Id of the execution."""
        return str(self.record["volatile"]["id"])


@dataclass(frozen=True, slots=True)
class Order:
    """What a sweep is sorted by.

    Attributes:
        metric: Name of the metric.
        higher_is_better: As the metric's gate says; None where none says it.
    """

    metric: str
    higher_is_better: bool | None = None

    @property
    def highest_first(self) -> bool:
        """Whether large values come first; they do unless small ones are better."""
        return self.higher_is_better is not False


@dataclass(frozen=True, slots=True)
class Shared:
    """What all executions of a sweep have in common.

    Attributes:
        parameters: Values by name.
        metrics: Likewise; an execution without any metric, as of a failure, does not count.
    """

    parameters: Mapping[str, Any]
    metrics: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Sweep:
    """The last executions of a stage.

    Attributes:
        stage: The stage.
        parameters: Names of the parameters that differ among them.
        metrics: Names of the metrics that differ, those that the project shows first before all.
        shared: What does not differ.
        order: What they are sorted by; None where no number differs.
        trials: Each execution in that order; the newest first where there is none.
    """

    stage: str
    parameters: tuple[str, ...]
    metrics: tuple[str, ...]
    shared: Shared
    order: Order | None
    trials: tuple[Trial, ...]

    @classmethod
    def read(cls, history: History, stage: str, last: int, settings: Settings) -> "Sweep":
        """The last executions of a stage.

        Args:
            history: The records.
            stage: The stage.
            last: At most so many.
            settings: Say which metrics come first, and which values of them are better.

        Raises:
            StagebookError: No record is of this stage.
        """
        records = history.last(stage, last)
        if not records:
            message = f"No execution of a stage `{stage}` is remembered here."
            hint = did_you_mean(stage, history.stages(), "Build it: dvc repro")
            raise StagebookError(Problem("no-executions", message, hint))
        headline = [entry.rpartition(":")[2] for entry in settings.headline]
        return cls.of(stage, records, headline, settings.gates)

    @classmethod
    def of(
        cls,
        stage: str,
        records: Iterable[Values],
        headline: Iterable[str],
        gates: Iterable[Gate] = (),
    ) -> "Sweep":
        """A sweep of these executions.

        Args:
            stage: The stage.
            records: Their records, newest first.
            headline: Names of the metrics that the project shows first.
            gates: What metrics have to keep to, which says which values are better.
        """
        records = tuple(records)
        values = [_parameters(one) for one in records]
        measured = [_mapping(one.get("metrics")) for one in records]
        told_apart, parameters = _parted(values)
        names, metrics = _parted([one for one in measured if one])
        names = _sorted(names, tuple(headline), measured)
        order = _order(names, measured, _gates(gates, records))
        trials = [
            Trial(
                record,
                {name: one[name] for name in told_apart if name in one},
                found,
                record.get("source") != records[0].get("source"),
            )
            for record, one, found in zip(records, values, measured, strict=True)
        ]
        trials.sort(key=lambda one: _rank(one, order))
        return cls(stage, told_apart, names, Shared(parameters, metrics), order, tuple(trials))

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
                    "id": one.name,
                    "outcome": one.record["outcome"],
                    "build": one.record["build"],
                    "other_code": one.other_code,
                    "parameters": dict(one.parameters),
                    "metrics": dict(one.metrics),
                }
                for one in self.trials
            ],
        }


def _parted(values: Sequence[Values]) -> tuple[tuple[str, ...], dict[str, Any]]:
    """The names of what differs, and what does not with its value."""
    names = dict.fromkeys(name for one in values for name in one)
    differing = tuple(name for name in names if _differs(name, values))
    return differing, {name: values[0][name] for name in names if name not in differing}


def _sorted(
    names: Iterable[str], headline: tuple[str, ...], measured: Sequence[Values]
) -> tuple[str, ...]:
    """Metrics that the project shows first before all others, then numbers before texts."""

    def place(name: str) -> tuple[int, bool]:
        rank = headline.index(name) if name in headline else len(headline)
        return rank, not _has_number(name, measured)

    return tuple(sorted(names, key=place))


def _order(
    names: Iterable[str], measured: Sequence[Values], gates: Mapping[str, Gate]
) -> Order | None:
    for name in names:
        if _has_number(name, measured):
            return Order(name, gates[name].higher_is_better if name in gates else None)
    return None


def _gates(gates: Iterable[Gate], records: Iterable[Values]) -> dict[str, Gate]:
    """The gates of files that these executions wrote, by the metric's name."""
    files = {
        in_build(str(file.get("path")), one)
        for one in records
        for file in one.get("outputs") or ()
        if isinstance(file, Mapping)
    }
    return {one.name: one for one in gates if one.file in files}


def _has_number(name: str, measured: Iterable[Values]) -> bool:
    return any(number(one.get(name)) is not None for one in measured)


def _differs(name: str, values: Iterable[Values]) -> bool:
    return len({_key(one, name) for one in values}) > 1


def number(value: Any) -> float | None:
    """A value as a number that others can be held against; None if it is none."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    try:
        found = float(value)
    except OverflowError:
        return math.inf if value > 0 else -math.inf
    return None if math.isnan(found) else found


def _rank(trial: Trial, order: Order | None) -> tuple[bool, float]:
    """Those without a number last; what ties stays the newest first."""
    found = number(trial.metrics.get(order.metric)) if order else None
    if found is None or order is None:
        return True, 0.0
    return False, -found if order.highest_first else found


def _parameters(record: Values) -> dict[str, Any]:
    found = record.get("parameters") or ()
    return {str(one["name"]): one.get("value") for one in found if isinstance(one, Mapping)}


def _key(values: Mapping[str, Any], name: str) -> str:
    return repr(values[name]) if name in values else ""


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
