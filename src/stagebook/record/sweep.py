"""The last executions of one stage: what was tried in each, and what came of it."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from stagebook.errors import Problem, StagebookError, did_you_mean
from stagebook.record.history import History, Values


@dataclass(frozen=True, slots=True)
class Trial:
    """One execution of a sweep.

    Attributes:
        record: Its record.
        parameters: Those that differ within the sweep.
        metrics: Its metrics.
    """

    record: Values
    parameters: Mapping[str, Any]
    metrics: Mapping[str, Any]

    @property
    def name(self) -> str:
        """Id of the execution."""
        return str(self.record["volatile"]["id"])


@dataclass(frozen=True, slots=True)
class Sweep:
    """The last executions of a stage.

    Attributes:
        stage: The stage.
        parameters: Names of the parameters that differ among them.
        metrics: Names of their metrics, the one that they are sorted by first.
        trials: Each execution, the largest value of that metric first.
    """

    stage: str
    parameters: tuple[str, ...]
    metrics: tuple[str, ...]
    trials: tuple[Trial, ...]

    @classmethod
    def read(cls, history: History, stage: str, last: int, headline: Iterable[str]) -> "Sweep":
        """The last executions of a stage.

        Args:
            history: The records.
            stage: The stage.
            last: At most so many.
            headline: The setting: each metric as ``file:dotted.name``.

        Raises:
            StagebookError: No record is of this stage.
        """
        records = history.last(stage, last)
        if not records:
            message = f"No execution of a stage `{stage}` is remembered here."
            hint = did_you_mean(stage, history.stages(), "Build it: dvc repro")
            raise StagebookError(Problem("no-executions", message, hint))
        return cls.of(stage, records, [entry.rpartition(":")[2] for entry in headline])

    @classmethod
    def of(cls, stage: str, records: Iterable[Values], headline: Iterable[str]) -> "Sweep":
        """A sweep of these executions.

        Args:
            stage: The stage.
            records: Their records, newest first.
            headline: Names of the metrics that the project shows first.
        """
        records = tuple(records)
        values = [_parameters(one) for one in records]
        names = dict.fromkeys(name for one in values for name in one)
        told_apart = tuple(name for name in names if differs(name, values))
        metrics = _metrics(records, tuple(headline))
        trials = [
            Trial(
                record,
                {name: one[name] for name in told_apart if name in one},
                _mapping(record.get("metrics")),
            )
            for record, one in zip(records, values, strict=True)
        ]
        trials.sort(key=lambda one: _rank(one, metrics))
        return cls(stage, told_apart, metrics, tuple(trials))

    def as_json(self) -> dict[str, Any]:
        """This sweep as plain values, as ``docs/reference/cli.md`` describes them."""
        return {
            "stage": self.stage,
            "sorted_by": self.metrics[0] if self.metrics else None,
            "executions": [
                {
                    "id": one.name,
                    "outcome": one.record["outcome"],
                    "build": one.record["build"],
                    "parameters": dict(one.parameters),
                    "metrics": dict(one.metrics),
                }
                for one in self.trials
            ],
        }


def _metrics(records: Sequence[Values], headline: tuple[str, ...]) -> tuple[str, ...]:
    """Names of all metrics: those that come first, then those that differ, numbers before texts."""
    values = [_mapping(one.get("metrics")) for one in records]
    names = dict.fromkeys(name for one in values for name in one)
    first = [name for name in headline if name in names]
    return tuple(sorted(names, key=lambda name: _place(name, first, values)))


def _place(name: str, first: list[str], values: Sequence[Values]) -> tuple[int, bool, bool]:
    found = [one[name] for one in values if name in one]
    numbers = any(number(one) is not None for one in found)
    place = first.index(name) if name in first else len(first)
    return place, not differs(name, values), not numbers


def differs(name: str, values: Iterable[Values]) -> bool:
    """Whether not all of these have the same by a name."""
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


def _rank(trial: Trial, metrics: tuple[str, ...]) -> tuple[bool, float]:
    """Large values first, those without one last; what ties stays the newest first."""
    found = number(trial.metrics.get(metrics[0])) if metrics else None
    return (True, 0.0) if found is None else (False, -found)


def _parameters(record: Values) -> dict[str, Any]:
    found = record.get("parameters") or ()
    return {str(one["name"]): one.get("value") for one in found if isinstance(one, Mapping)}


def _key(values: Mapping[str, Any], name: str) -> str:
    return repr(values[name]) if name in values else ""


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
