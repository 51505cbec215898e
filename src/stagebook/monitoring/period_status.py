"""What is shown of one day, week or month."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from stagebook.monitoring.drift_verdicts import DriftedColumn
from stagebook.monitoring.drift_watch import PeriodDrift
from stagebook.monitoring.figure import Figure
from stagebook.monitoring.label_bounds import Bounds
from stagebook.monitoring.performance import PeriodPerformance
from stagebook.monitoring.periods import Period
from stagebook.monitoring.refusals import refused_share

__all__ = ["DriftedColumn", "PeriodStatus", "drifted_columns"]


@dataclass(frozen=True, slots=True)
class PeriodStatus:
    """One day, week or month.

    Attributes:
        period: The period with the sums of its days.
        compared: Columns that were compared with the reference.
        drifted: Those of them that drifted.
        estimated: Metrics to expect, by name; empty without scores.
        realized: Metrics of rows with labels, by name; empty before they are complete.
        labelled: The share of its rows that have a label; None without labels.
        performance: All that its labels say: days that wait for them, bounds, and slices of a
            month; None without labels.
    """

    period: Period
    compared: int
    drifted: tuple[DriftedColumn, ...]
    estimated: Mapping[str, Figure] = field(default_factory=dict)
    realized: Mapping[str, Figure] = field(default_factory=dict)
    labelled: float | None = None
    performance: PeriodPerformance | None = None

    @property
    def waiting(self) -> tuple[str, ...]:
        """Its days that wait for labels, so that the model is not judged by them."""
        return self.performance.waiting if self.performance else ()

    @property
    def bounds(self) -> Mapping[str, Bounds]:
        """Where metrics of all rows can still be, by name; empty if no day waits for labels."""
        return self.performance.bounds if self.performance and self.waiting else {}

    @property
    def refused(self) -> float | None:
        """The share of requests that were refused; None without requests."""
        return refused_share(self.period.summary)

    def as_json(self) -> dict[str, Any]:
        """Plain values."""
        period, summary = self.period, self.period.summary
        return {
            "cadence": period.cadence.value,
            "name": period.name,
            "first": period.first.isoformat(),
            "last": period.last.isoformat(),
            "days": period.days,
            "requests": summary.requests,
            "rows": summary.rows,
            "refused": self.refused,
            "p50": summary.latency.p50,
            "p99": summary.latency.p99,
            "compared": self.compared,
            "drifted": [column.as_json() for column in self.drifted],
            "estimated": {name: value.as_json() for name, value in self.estimated.items()},
            "realized": {name: value.as_json() for name, value in self.realized.items()},
            "labelled": self.labelled,
            "waiting": list(self.waiting),
            "bounds": {name: bounds.as_json() for name, bounds in self.bounds.items()},
            "slices": self.performance.slices_as_json() if self.performance else {},
        }


def drifted_columns(drifts: Sequence[PeriodDrift]) -> tuple[int, tuple[DriftedColumn, ...]]:
    """How many columns of a period were compared, and those that drifted.

    Args:
        drifts: The drift of the features and of the predictions in one period.
    """
    drifted = tuple(column for item in drifts for column in item.verdict.drifted)
    return sum(item.verdict.compared for item in drifts), drifted
