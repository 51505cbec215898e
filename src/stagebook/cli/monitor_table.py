"""The table of a deployed model's days, weeks or months in the terminal."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from rich.text import Text

from stagebook.monitoring.cadence import Cadence
from stagebook.project.text import amount, plain

if TYPE_CHECKING:
    from stagebook.monitoring.figure import Figure
    from stagebook.monitoring.period_status import PeriodStatus

MOST_NAMES = 3
_SHORTEST = 8
"""Characters that a cut-off name has at least, with the space before it."""

_FIRST, _WIDE, _GAP = 12, 10, 2
_DISPENSABLE = ("p99 ms", "refused", "labelled")
"""Columns that a narrow terminal does without, the first one first."""

Cell = Callable[["PeriodStatus"], str]


def table(cadence: Cadence, periods: "Sequence[PeriodStatus]", width: int | None) -> Iterator[Text]:
    """The lines of a table.

    Args:
        cadence: How long the periods are.
        periods: The periods, ascending.
        width: Largest number of characters in a line; None for no limit.
    """
    used = {name: cell for name, cell in COLUMNS.items() if any(map(cell, periods))}
    rows = {name: [cell(item) or "–" for item in periods] for name, cell in used.items()}
    widths = _fitting(rows, width)
    yield Text()
    first = _FIRST if all(own >= _WIDE for own in widths.values()) else _FIRST - _GAP
    yield Text(f"{cadence.value:<{first}}" + _line(widths, widths), "bold")
    for place, item in enumerate(periods):
        cells = {name: rows[name][place] for name in widths}
        row = Text(f"{item.period.name:<{first}}" + _line(cells, widths))
        yield row.append(_names(item, width and width - len(row)), "yellow")


def _line(cells: "Mapping[str, object]", widths: Mapping[str, int]) -> str:
    """Cells under their names; of names alone, the names."""
    is_head = cells is widths
    return "".join(f"{name if is_head else cells[name]:>{size}}" for name, size in widths.items())


def _fitting(rows: Mapping[str, list[str]], width: int | None) -> dict[str, int]:
    """The columns that there is room for, with their widths."""
    wide = {name: max(_WIDE, _tight(name, cells)) for name, cells in rows.items()}
    if width is None or _FIRST + sum(wide.values()) <= width:
        return wide
    tight = {name: _tight(name, cells) for name, cells in rows.items()}
    for name in _DISPENSABLE:
        if _FIRST - _GAP + sum(tight.values()) > width:
            tight.pop(name, None)
    return tight


def _tight(name: str, cells: list[str]) -> int:
    return _GAP + max(len(text) for text in (name, *cells))


def _share(share: float | None) -> str:
    return "" if share is None else f"{share:.1%}"


def _p99(item: "PeriodStatus") -> str:
    time = item.period.summary.latency.p99
    return "" if time is None else f"{time:.1f}"


def _value(figures: "Mapping[str, Figure]", name: str) -> str:
    figure = figures.get(name)
    return "" if figure is None or figure.value is None else amount(figure.value)


def _range(item: "PeriodStatus") -> str:
    """Where the AUC of all rows will be, as far as it is known."""
    bounds = item.bounds.get("auc")
    return f"{bounds.low:.2f}–{bounds.high:.2f}" if bounds else ""


COLUMNS: "Mapping[str, Cell]" = {
    "requests": lambda item: f"{item.period.summary.requests:,}",
    "refused": lambda item: _share(item.refused),
    "p99 ms": _p99,
    "drifted": lambda item: f"{len(item.drifted)}/{item.compared}" if item.compared else "",
    "AUC est.": lambda item: _value(item.estimated, "auc"),
    "labelled": lambda item: _share(item.labelled),
    "AUC": lambda item: _value(item.realized, "auc"),
    "AUC range": _range,
    "MAE": lambda item: _value(item.realized, "mae"),
}
"""The columns of a table; one in which no period has a value is left out."""


def _names(item: "PeriodStatus", space: int | None) -> str:
    """The first columns that drifted, as many as there is space for, or a part of one."""
    names = [plain(column.column) for column in item.drifted]
    for most in range(MOST_NAMES, 0, -1):
        more = " …" if len(names) > most else ""
        words = f"  {', '.join(names[:most])}{more}" if names else ""
        if space is None or len(words) <= space:
            return words
    room = space or 0
    if room >= _SHORTEST:
        return f"  {plain(names[0], room - len('  '))}"
    return "  …" if room >= len("  …") else ""
