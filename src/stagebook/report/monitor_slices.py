"""The slices of each month of a deployed model, as its page shows them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from stagebook.monitoring.cadence import Cadence
from stagebook.monitoring.figure import Figure
from stagebook.monitoring.performance import PeriodPerformance, SlicePerformance
from stagebook.monitoring.slice_ranking import latest, ranked
from stagebook.monitoring.status import MonitorStatus
from stagebook.project.text import amount, counted, plain
from stagebook.report import monitor_words as words
from stagebook.report.interval_bar import IntervalAxis
from stagebook.report.monitor_words import FigureWords

_FEWEST = 0.01
"""The share of a month's rows from which a slice counts for the axis."""

Axes = dict[str, IntervalAxis | None]
Cells = tuple[tuple[FigureWords, str], ...]
"""Each metric in words, and its interval as a picture."""


@dataclass(frozen=True, slots=True)
class SliceRow:
    """The rows of one value of a column, or all of them.

    Attributes:
        name: The value.
        rows: How many rows.
        labelled: The share of them with a label.
        cells: Their metrics.
    """

    name: str
    rows: str
    labelled: str
    cells: Cells


@dataclass(frozen=True, slots=True)
class SliceTable:
    """The slices of one month.

    Attributes:
        month: Its name.
        opened: Whether it is shown at once: the last one with enough rows.
        note: Which of its days are not in it; empty if all are.
        metrics: The metrics, and between which values their pictures are.
        whole: All rows.
        groups: The slices by column, the worst first.
    """

    month: str
    opened: bool
    note: str
    metrics: tuple[tuple[str, str], ...]
    whole: SliceRow
    groups: tuple[tuple[str, tuple[SliceRow, ...]], ...]


def tables(status: MonitorStatus) -> tuple[SliceTable, ...]:
    """The months that have slices, the newest first; pictures of all months have one axis."""
    performances = (item.performance for item in status.of(Cadence.MONTH))
    months = [item for item in performances if item is not None and item.slices]
    names = words.metrics(month.figures for month in months)
    axes: Axes = {name: IntervalAxis.of(_figures(months, name)) for name in names}
    opened = latest(months)
    return tuple(_table(month, axes, month is opened) for month in reversed(months))


def _figures(months: Iterable[PeriodPerformance], name: str) -> list[Figure]:
    """The figures that an axis has room for: the wide interval of few rows would fill it alone."""
    slices = [
        own.figures[name]
        for month in months
        for values in month.slices.values()
        for own in values.values()
        if own.rows >= _FEWEST * month.rows
    ]
    return [*slices, *(month.figures[name] for month in months)]


def _table(month: PeriodPerformance, axes: Axes, opened: bool) -> SliceTable:
    waiting = counted(len(month.waiting), "day")
    slices = ranked(month)
    columns = sorted({own.column for own in slices}, key=list(month.slices).index)
    groups = tuple(
        (
            plain(column, 60),
            tuple(
                _row(own.value, own.performance, axes, month)
                for own in slices
                if own.column == column
            ),
        )
        for column in columns
    )
    first: Sequence[SlicePerformance] = [*next(iter(month.slices.values())).values()]
    whole = SlicePerformance(
        sum(own.rows for own in first), sum(own.labelled for own in first), month.figures
    )
    return SliceTable(
        month.name,
        opened,
        f"without {waiting} that wait for labels" if month.waiting else "",
        tuple((words.metric(name), _span(axis)) for name, axis in axes.items()),
        _row("all rows", whole, axes, month),
        groups,
    )


def _row(name: str, own: SlicePerformance, axes: Axes, month: PeriodPerformance) -> SliceRow:
    return SliceRow(
        plain(name, 60),
        f"{own.rows:,}",
        words.percent(own.labelled / own.rows if own.rows else None),
        tuple(
            (
                words.figure(own.figures[metric]),
                axis.draw(own.figures[metric], month.figures[metric]) if axis else "",
            )
            for metric, axis in axes.items()
        ),
    )


def _span(axis: IntervalAxis | None) -> str:
    return f"{amount(axis.low)} to {amount(axis.high)}" if axis else ""
