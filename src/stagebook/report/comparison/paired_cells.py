"""Cells in pairs as a reader sees them: what differs, and in one line what does not."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from stagebook.project.text import counted
from stagebook.report.article import cells, prose
from stagebook.report.article.code import first_line
from stagebook.report.article.executed import ExecutedCell
from stagebook.report.article.outputs import OutputWriter
from stagebook.report.article.sanitised import flat
from stagebook.report.comparison import beside, line_diff
from stagebook.report.comparison.alignment import Pair
from stagebook.report.comparison.beside import OutputPair


@dataclass(frozen=True, slots=True)
class CellRow:
    """One cell of which something differs, or several of which nothing does.

    Attributes:
        kind: ``changed``, ``new``, ``gone``, ``outputs`` where the code is as before, or
            ``same``.
        caption: A few words about it.
        hint: What it is known by: its first line.
        code: Its code, or how that differs; empty where it is as before.
        blocks: Its outputs.
        open: Whether its code is unfolded.
    """

    kind: str
    caption: str
    hint: str = ""
    code: str = ""
    blocks: tuple[OutputPair, ...] = ()
    open: bool = False


@dataclass(frozen=True, slots=True)
class CellPairWriter:
    """Writes the cells of two notebooks.

    Attributes:
        writers: For the outputs of each side.
        lean: Whether what is the same is named only.
        language: What the code is written in.
    """

    writers: tuple[OutputWriter, OutputWriter]
    lean: bool
    language: str = "python"


def rows(pairs: Sequence[Pair], pair_writer: CellPairWriter) -> Iterator[CellRow]:
    """What a page says of paired cells: those that are the same are folded into one line.

    Args:
        pairs: The cells, in order.
        pair_writer: Writes them.
    """
    for same, group in groupby((_row(pair, pair_writer) for pair in pairs), key=_is_same):
        if same:
            items = tuple(block for row in group for block in row.blocks)
            yield CellRow("same", f"{counted(len(items), 'cell')} unchanged", blocks=items)
        else:
            yield from group


def _is_same(row: CellRow) -> bool:
    return row.kind == "same"


def _same(cell: ExecutedCell, pair_writer: CellPairWriter, outputs: str | None = None) -> CellRow:
    """A cell that is the same on both sides.

    Args:
        cell: The cell.
        pair_writer: Writes it.
        outputs: Its outputs as HTML, where they were written before.
    """
    if pair_writer.lean:
        block = OutputPair("named", _hint(cell))
    else:
        block = OutputPair(
            "cell",
            html=_full_cell(cell, pair_writer)
            if outputs is None
            else _code(cell, pair_writer) + outputs,
        )
    return CellRow("same", "", blocks=(block,))


def _full_cell(cell: ExecutedCell, pair_writer: CellPairWriter) -> str:
    """A cell with its outputs."""
    writer = pair_writer.writers[1]
    if cell.kind == "markdown":
        return f'<div class="prose">{flat(writer.prose(cell))}</div>'
    return _code(cell, pair_writer) + "".join(beside.alone(cell, writer))


def _row(pair: Pair, pair_writer: CellPairWriter) -> CellRow:
    before, now = pair.before, pair.now
    if pair.same:
        return _same(pair.cell, pair_writer)
    hint = _hint(pair.cell)
    if before is None or now is None:
        kind, caption = ("new", "new cell") if before is None else ("gone", "cell is gone")
        writer = pair_writer.writers[now is not None]
        outputs = tuple(OutputPair("one", html=item) for item in beside.alone(pair.cell, writer))
        return CellRow(kind, caption, hint, _code(pair.cell, pair_writer), outputs, open=True)
    code = _diff(before, now) if pair.code else ""
    blocks = beside.blocks(before, now, pair_writer.writers) if now.kind == "code" else ()
    differing = any(block.kind != "same" for block in blocks)
    if not (pair.code or differing):  # what differs, no reader sees
        return _same(now, pair_writer, "".join(block.html for block in blocks))
    if pair_writer.lean:
        blocks = tuple(
            OutputPair("named", block.caption) if block.kind == "same" else block
            for block in blocks
        )
    kind = "changed" if pair.code else "outputs"
    caption = "text changed" if now.kind == "markdown" else _caption(pair, outputs=differing)
    return CellRow(kind, caption, hint, code, blocks, open=now.kind == "markdown")


def _caption(pair: Pair, *, outputs: bool) -> str:
    if not pair.code:
        return "output differs"
    subject = "values" if cells.is_injected(pair.cell) else "code"
    return f"{subject} and output differ" if outputs else f"{subject} changed"


def _diff(before: ExecutedCell, now: ExecutedCell) -> str:
    hidden = any("remove-input" in cells.tags_of(cell) for cell in (before, now))
    return "" if hidden else line_diff.diff(before.text, now.text)


def _code(cell: ExecutedCell, pair_writer: CellPairWriter) -> str:
    writer = pair_writer.writers[1]
    if cell.kind == "markdown":
        return f'<div class="prose">{flat(prose.render(cell.text, cell.attachments))}</div>'
    if "remove-input" in cells.tags_of(cell) or not cell.text.strip():
        return ""
    return writer.code(cell, pair_writer.language)


def _hint(cell: ExecutedCell) -> str:
    if cells.is_injected(cell):
        return "Parameters of this execution"
    if cell.kind == "markdown":
        return first_line(cell.text.lstrip("# \n")) or "Text"
    return first_line(cell.text) or "Code"
