"""Drift in the terminal: the columns ranked, with both histograms of each."""

from collections.abc import Iterator, Sequence

from rich.cells import cell_len, set_cell_size
from rich.text import Text

from stagebook.cli.lines import folded
from stagebook.cli.printed import Screen
from stagebook.data.drift.column_drift import ColumnDrift
from stagebook.data.drift.drift import Drift, DriftVerdict
from stagebook.data.profiles.column import Booleans, Numbers, Texts
from stagebook.project.text import counted, plain
from stagebook.report import bars
from stagebook.report.changes import same_bins
from stagebook.report.drift_words import gist, verdict

HEAD = ("column", "effect", "threshold")
WIDEST_NAME, NARROWEST_NAME = 30, 12
FEWEST_BARS, MOST_BARS = 8, 24
TAKEN = 2 + 8 + 11 + 2 + 2
"""Width of the mark, both figures, and the gaps between the histograms."""

_out = Screen()


def show(drift: Drift, reference: str, batch: str) -> None:
    """Prints a drift report.

    Args:
        drift: The report.
        reference: The reference's name, such as its path.
        batch: The batch's name.
    """
    for line in lines(drift, reference, batch, _out.width if _out.is_terminal else None):
        _out.print(line)


def lines(drift: Drift, reference: str, batch: str, width: int | None) -> Iterator[Text]:
    """The lines of a drift report: all columns with figures, drifted ones with an explanation.

    Args:
        drift: The report.
        reference: The reference's name.
        batch: The batch's name.
        width: Largest number of characters in a line; None for no limit.
    """
    rows = [counted(item, "row") for item in drift.rows]
    title = f": {rows[1]}, compared with {plain(reference)}: {rows[0]}"
    yield from folded(_out, Text.assemble((plain(batch), "bold"), title), width)
    name, room = _layout(drift, width)
    yield Text(_head(name, room), "bold")
    for column in drift.columns:
        yield _row(column, name, room)
        if column.drifted:
            yield from folded(_out, Text(f"  → {gist(column)}", "yellow"), width, "    ")
    for problem in drift.problems:
        yield from folded(_out, Text(f"{problem.message} {problem.hint}", "yellow"), width)
    for note in (drift.calibration, *drift.notes):
        yield from folded(_out, Text(note, "dim"), width)
    fine = drift.verdict is DriftVerdict.NO_DRIFT
    yield Text(verdict(drift), "bold green" if fine else "bold yellow")


def _layout(drift: Drift, width: int | None) -> tuple[int, int]:
    """The width of the names, and of a histogram."""
    longest = max(cell_len(plain(column.name)) for column in drift.columns)
    name = max(NARROWEST_NAME, min(longest, WIDEST_NAME))
    if width is None:
        return max(longest, len(HEAD[0])), MOST_BARS
    name = min(name, max(NARROWEST_NAME, width - TAKEN - 2 * FEWEST_BARS))
    room = (width - TAKEN - name) // 2
    return name, min(MOST_BARS, room) if room >= FEWEST_BARS else 0


def _head(name: int, room: int) -> str:
    pictures = f"  {_wide('reference', room)}  {_wide('batch', room)}" if room else ""
    return f"  {HEAD[0]:{name}}{HEAD[1]:>8}{HEAD[2]:>11}{pictures}".rstrip()


def _row(column: ColumnDrift, name: int, room: int) -> Text:
    mark = ("✗ ", "bold yellow") if column.drifted else ("· ", "dim")
    finding = column.decisive
    figures = f"{finding.effect:8.3f}{finding.threshold.value:11.3f}"
    then, now = _pictures(column, room)
    row = Text.assemble(mark, _wide(plain(column.name), name), figures)
    row.append_text(Text.assemble("  ", (_wide(then, room), "dim"), "  ", now))
    row.rstrip()
    return row


def _pictures(column: ColumnDrift, room: int) -> tuple[str, str]:
    """Both histograms, the reference's first; a text column shows its most frequent values."""
    then, now = column.reference.detail, column.batch.detail
    if room < 1 or (column.reason and not same_bins(column.batch, column.reference)):
        return "", ""
    if isinstance(then, Numbers) and isinstance(now, Numbers):
        pair = bars.lines((then.counts, now.counts), room)
        return pair[0], pair[1]
    counts = _categories(column)
    pair = bars.lines(counts, room) if counts else ("", "")
    return pair[0], pair[1]


def _categories(column: ColumnDrift) -> Sequence[Sequence[int]]:
    then, now = column.reference.detail, column.batch.detail
    if isinstance(then, Booleans) and isinstance(now, Booleans):
        return [[0, side.false, side.true, 0] for side in (then, now)]
    if not isinstance(then, Texts) or not isinstance(now, Texts):
        return []
    frequent = [value for value, _ in then.top(MOST_BARS)]
    return [
        [0, *((side.counts or {}).get(value, 0) for value in frequent), 0] for side in (then, now)
    ]


def _wide(text: str, width: int) -> str:
    if cell_len(text) > width:
        text = f"{set_cell_size(text, max(width - 1, 0))}…"
    return set_cell_size(text, width)
