"""How good a model was on each day, week or month, as its labels say."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from stagebook.monitoring import binary_metrics, label_bounds
from stagebook.monitoring.cohorts import Cohorts, Maturity
from stagebook.monitoring.figure import Figure
from stagebook.monitoring.label_bounds import Bounds
from stagebook.monitoring.labelled_day import LabelledDay, merge
from stagebook.monitoring.labelled_rows import LabelledRows

Figures = Mapping[str, Figure]
"""Metrics by name."""


@dataclass(frozen=True, slots=True)
class SlicePerformance:
    """The rows of one value of a column.

    Attributes:
        rows: Rows of mature days.
        labelled: Those of them with a label.
        figures: Metrics of these.
    """

    rows: int
    labelled: int
    figures: Figures

    def as_json(self) -> dict[str, Any]:
        """Plain values."""
        figures = {name: figure.as_json() for name, figure in self.figures.items()}
        return {"rows": self.rows, "labelled": self.labelled, "metrics": figures}


@dataclass(frozen=True, slots=True)
class PeriodPerformance:
    """A day, week or month of predictions.

    Attributes:
        name: Its name.
        mature: Its days by which the model is judged.
        waiting: Its days that wait for labels.
        rows: Rows of all days.
        labelled: Those of them with a label.
        rejected: Those whose label does not count.
        figures: Metrics of the labelled rows of mature days; empty if no day is mature.
        bounds: Where metrics of all rows of all days can still be; empty for a regression, whose
            errors have no limit.
        slices: The same metrics by column and value; empty if they were not asked for.
    """

    name: str
    mature: tuple[str, ...]
    waiting: tuple[str, ...]
    rows: int
    labelled: int
    rejected: int
    figures: Figures
    bounds: Mapping[str, Bounds]
    slices: Mapping[str, Mapping[str, SlicePerformance]]

    @property
    def is_mature(self) -> bool:
        """Whether none of its days waits for labels."""
        return not self.waiting

    def as_json(self) -> dict[str, Any]:
        """Plain values."""
        return {
            "name": self.name,
            "mature": list(self.mature),
            "waiting": list(self.waiting),
            "rows": self.rows,
            "labelled": self.labelled,
            "rejected": self.rejected,
            "metrics": {name: figure.as_json() for name, figure in self.figures.items()},
            "bounds": {name: bounds.as_json() for name, bounds in self.bounds.items()},
            "slices": self.slices_as_json(),
        }

    def slices_as_json(self) -> dict[str, Any]:
        """The slices as plain values, by column and value."""
        return {
            column: {value: own.as_json() for value, own in values.items()}
            for column, values in self.slices.items()
        }


def performance(
    days: Iterable[LabelledDay],
    maturity: Maturity,
    now: datetime,
    *,
    threshold: float = 0.5,
    name_of: Callable[[date], str] = date.isoformat,
    by_slice: bool = True,
) -> tuple[PeriodPerformance, ...]:
    """The periods of one package, ascending.

    Args:
        days: Each of one day; all of one package and role.
        maturity: When the labels of a day count as complete.
        now: The time, with a zone.
        threshold: Scores from here on are predicted to be positive.
        name_of: Gives the name of the period that a day is in; without it, each day is one.
        by_slice: Whether slices have metrics of their own.

    Raises:
        StagebookError: The days are of different packages or roles (``packages-differ``).
    """
    periods: defaultdict[str, list[LabelledDay]] = defaultdict(list)
    for day in sorted(days, key=lambda day: day.days):
        periods[name_of(date.fromisoformat(day.days[0]))].append(day)
    return tuple(
        _period(name, Cohorts.of(own, maturity, now), merge(own).whole, threshold, by_slice)
        for name, own in periods.items()
    )


def _period(
    name: str, cohorts: Cohorts, whole: LabelledRows, threshold: float, by_slice: bool
) -> PeriodPerformance:
    judged = merge(cohorts.mature) if cohorts.mature else None
    return PeriodPerformance(
        name,
        _names(cohorts.mature),
        _names(cohorts.waiting),
        whole.rows,
        whole.labelled,
        whole.rejected,
        figures_of(judged.whole, threshold) if judged else {},
        label_bounds.bounds(whole.binary, threshold) if whole.binary else {},
        _slices(judged, threshold) if judged and by_slice else {},
    )


def _names(days: Sequence[LabelledDay]) -> tuple[str, ...]:
    return tuple(name for day in days for name in day.days)


def figures_of(rows: LabelledRows, threshold: float = 0.5) -> dict[str, Figure]:
    """The metrics of rows with labels, with 95 % intervals.

    Args:
        rows: The rows; those without a label do not count.
        threshold: Scores from here on are predicted to be positive.

    Returns:
        Those of ``binary_metrics.realized``, or of ``ErrorSums.figures`` for a regression.
    """
    if rows.binary is not None:
        counts = rows.binary
        return binary_metrics.realized(counts.positives, counts.negatives, threshold).figures
    return rows.errors.figures if rows.errors else {}


def _slices(day: LabelledDay, threshold: float) -> dict[str, dict[str, SlicePerformance]]:
    """By column and value, the most frequent value first."""
    return {
        column: {
            value: SlicePerformance(rows.rows, rows.labelled, figures_of(rows, threshold))
            for value, rows in sorted(values.items(), key=lambda item: (-item[1].rows, item[0]))
        }
        for column, values in day.slices.items()
    }
