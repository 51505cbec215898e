"""The cells of an executed notebook as a reader sees them, and what the tags of each say."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from stagebook.report import colophon
from stagebook.report.article import contents
from stagebook.report.article.code import first_line
from stagebook.report.article.executed import INJECTED, ExecutedCell, ExecutedNotebook
from stagebook.report.article.outputs import OutputWriter, ShownOutput

_LEFT_OUT = frozenset({"hide", "remove-cell"})


@dataclass(frozen=True, slots=True)
class CellView:
    """A cell as the page has it.

    Attributes:
        kind: ``prose``, ``code`` or ``colophon``.
        anchor: Where a link to it goes.
        html: Its text; of a code cell, its code, which may be left out.
        label: What its code is called.
        hint: Its code's first line.
        outputs: What it put out.
        tags: What the cell is tagged with.
        folded: Whether a click unfolds the whole cell.
        outputs_folded: Whether one unfolds its outputs.
    """

    kind: str
    anchor: str
    html: str
    label: str = ""
    hint: str = ""
    outputs: tuple[ShownOutput, ...] = ()
    tags: frozenset[str] = frozenset()
    folded: bool = False
    outputs_folded: bool = False

    @property
    def pieces(self) -> list[str]:
        """What it has that may hold headings."""
        return (
            [self.html]
            if self.kind != "code"
            else [output.html for output in self.outputs if output.kind == "prose"]
        )


def tags_of(cell: ExecutedCell) -> frozenset[str]:
    """What a cell is tagged with, as the tags are written here."""
    return frozenset(tag.replace("_", "-") for tag in cell.tags)


def is_left_out(cell: ExecutedCell) -> bool:
    """Whether a reader is not to see a cell at all."""
    return bool(tags_of(cell) & _LEFT_OUT)


def is_injected(cell: ExecutedCell) -> bool:
    """Whether a cell holds the values of the execution, and is not a person's."""
    return INJECTED in cell.tags


def views(executed: ExecutedNotebook, writer: OutputWriter) -> list[CellView]:
    """The cells that are shown, in order.

    Args:
        executed: The notebook.
        writer: Writes their outputs.
    """
    cell_views = []
    for cell in executed.cells:
        tags = tags_of(cell)
        try:
            view = None if tags & _LEFT_OUT else _view(cell, tags, executed.language, writer)
        except Exception as error:  # a cell may hold anything; the rest of the page is made
            view = CellView("prose", f"cell-{cell.position}", writer.failed(cell, "text", error))
        if view:
            cell_views.append(replace(view, tags=tags, folded="hide-cell" in tags))
    return cell_views


def settled(cell_views: Sequence[CellView]) -> tuple[list[CellView], contents.Headings]:
    """The same with all headings in order, and the headings."""
    headings = contents.Headings(
        piece for view in cell_views if view.kind != "colophon" for piece in view.pieces
    )
    return [_settled(view, headings) for view in cell_views], headings


def _settled(view: CellView, headings: contents.Headings) -> CellView:
    if view.kind != "code":
        html = headings.settle(view.html, titles=view.kind != "colophon")
        return replace(view, html=html)
    outputs = (
        replace(output, html=headings.settle(output.html)) if output.kind == "prose" else output
        for output in view.outputs
    )
    return replace(view, outputs=tuple(outputs))


def _view(
    cell: ExecutedCell, tags: Iterable[str], language: str, writer: OutputWriter
) -> CellView | None:
    anchor = f"cell-{cell.position}"
    if not cell.text.strip() and not cell.outputs:
        return None
    if cell.kind == "markdown":
        html = writer.prose(cell)
        return CellView("colophon" if colophon.TAG in tags else "prose", anchor, html)
    if cell.kind == "code":
        return _code(cell, frozenset(tags), anchor, language, writer)
    return None


def _code(
    cell: ExecutedCell, tags: frozenset[str], anchor: str, language: str, writer: OutputWriter
) -> CellView | None:
    outputs: list[ShownOutput] = []
    if "remove-output" not in tags:
        outputs = [
            shown_output for output in cell.outputs if (shown_output := writer.write(cell, output))
        ]
    with_code = "remove-input" not in tags and cell.text.strip()
    html = writer.code(cell, language) if with_code else ""
    if not html and not outputs:
        return None
    return CellView(
        "code",
        anchor,
        html,
        "Parameters of this execution" if INJECTED in tags else f"Code of cell {cell.position}",
        "" if INJECTED in tags else first_line(cell.text),
        tuple(outputs),
        outputs_folded="hide-output" in tags,
    )
