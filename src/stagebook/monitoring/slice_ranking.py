"""The slices of a period, ordered by how bad the model is on them."""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from statistics import median

from stagebook.monitoring.figure import Figure
from stagebook.monitoring.performance import PeriodPerformance, SlicePerformance

_MAIN = ("auc", "mae")
_LOWER_IS_BETTER = frozenset({"brier", "log_loss", "mae", "rmse"})


@dataclass(frozen=True, slots=True)
class RankedSlice:
    """The rows of one value of a column, with the metric that they are ordered by.

    Attributes:
        column: The column.
        value: Its value, as text.
        performance: All metrics of these rows.
        figure: The metric that they are ordered by.
    """

    column: str
    value: str
    performance: SlicePerformance
    figure: Figure


def main_metric(names: Collection[str]) -> str | None:
    """The metric that slices are ordered by: the AUC or the mean absolute error.

    Args:
        names: The metrics that there are.

    Example:
        >>> from stagebook.monitoring.slice_ranking import main_metric
        >>> main_metric(["accuracy", "auc"]), main_metric([])
        ('auc', None)
    """
    return next((name for name in _MAIN if name in names), None)


def latest(periods: Iterable[PeriodPerformance]) -> PeriodPerformance | None:
    """The last period that has slices and is not much shorter than the others.

    It has at least half the rows of the median one, so a month that began yesterday is not it.

    Args:
        periods: Periods of one length, ascending.
    """
    sliced = [own for own in periods if own.slices and main_metric(own.figures)]
    if not sliced:
        return None
    fewest = median(own.rows for own in sliced) / 2
    return next(own for own in reversed(sliced) if own.rows >= fewest)


def ranked(period: PeriodPerformance) -> tuple[RankedSlice, ...]:
    """The slices of a period, the worst first.

    The better end of the 95 % interval decides. So a slice with few rows, whose interval is wide,
    is not called bad by chance. Slices without an interval come last.

    Args:
        period: The period. A column that has one value only is left out: it is the period itself.
    """
    metric = main_metric(period.figures)
    slices = _slices(period, metric) if metric else ()
    return tuple(sorted(slices, key=lambda own: (_badness(own.figure, metric), own.column)))


def _slices(period: PeriodPerformance, metric: str) -> Iterator[RankedSlice]:
    for column, values in period.slices.items():
        if len(values) > 1:
            for value, own in values.items():
                yield RankedSlice(column, value, own, own.figures[metric])


def _badness(figure: Figure, metric: str | None) -> tuple[bool, float]:
    """What grows from bad to good slices."""
    better = figure.low if metric in _LOWER_IS_BETTER else figure.high
    if better is None:
        return True, 0.0
    return False, -better if metric in _LOWER_IS_BETTER else better
