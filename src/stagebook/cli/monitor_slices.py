"""The slices of rows on which a deployed model is worst, in the terminal."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from rich.text import Text

from stagebook.monitoring.cadence import Cadence
from stagebook.project.text import counted, plain
from stagebook.report import monitor_words as words

if TYPE_CHECKING:
    from stagebook.monitoring.figure import Figure
    from stagebook.monitoring.performance import PeriodPerformance
    from stagebook.monitoring.status import MonitorStatus

MOST = 4
"""Slices that are shown."""

_SLIM, _WIDE = 26, 38
"""Characters of a slice's name in a narrow terminal, and in others."""


def slices(status: "MonitorStatus", width: int | None) -> Iterator[Text]:
    """The worst slices of the last month that has enough rows for them.

    Args:
        status: The status.
        width: Largest number of characters in a line; None for no limit.
    """
    from stagebook.monitoring.slice_ranking import latest

    last = latest(item.performance for item in status.of(Cadence.MONTH) if item.performance)
    if last is not None:
        yield from _table(last, _SLIM if width is not None and width < 90 else _WIDE)


def _table(month: "PeriodPerformance", size: int) -> Iterator[Text]:
    from stagebook.monitoring.slice_ranking import main_metric, ranked

    metric = main_metric(month.figures)
    own = ranked(month)
    if not own or own[0].figure.low is None or metric is None:
        return
    head = f"{month.name}, worst slices"
    yield Text()
    yield Text(f"{head:<{size}}{'rows':>8}{words.terse(metric):>10}  95 % interval", "bold")
    shown = [item for item in own[:MOST] if item.figure.low is not None]
    for item in shown:
        name = plain(f"{item.column} = {item.value}", size - 1)
        yield _row(name, item.performance.rows, item.figure, size)
    rows = sum(part.rows for part in month.slices[own[0].column].values())
    yield _row("all rows", rows, month.figures[metric], size)
    if others := len(own) - len(shown):
        yield Text(f"and {counted(others, 'other slice')}", "dim")


def _row(name: str, rows: int, figure: "Figure", size: int) -> Text:
    shown = words.figure(figure)
    return Text(f"{name:<{size}}{rows:>8,}{shown.value:>10}  {shown.interval}".rstrip())
