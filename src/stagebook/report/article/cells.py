"""The cells of an executed notebook as a reader sees them, and what the tags of each say."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from stagebook.report import colophon
from stagebook.report.article import contents
from stagebook.report.article.code import first_line
from stagebook.report.article.executed import Cell, Executed
from stagebook.report.article.outputs import Shown, Writer

_INJECTED = "injected-parameters"
_LEFT_OUT = frozenset({"hide", "remove-cell"})


@dataclass(frozen=True, slots=True)
class View:
    """A cell as the page has it.

    Attributes:
        kind: ``prose``, ``code`` or ``colophon``.
        anchor: Where a link to it goes.
        html: Its text; of a code cell, its code, which may be left out.
        label: What its code is called.
        hint: Its code's first line.
        outputs: What it put out.
        folded: Whether a click unfolds the whole cell.
        outputs_folded: Whether one unfolds its outputs.
    """

    kind: str
    anchor: str
    html: str
    label: str = ""
    hint: str = ""
    outputs: tuple[Shown, ...] = ()
    folded: bool = False
    outputs_folded: bool = False

    @property
    def pieces(self) -> list[str]:
        """What it has that may hold headings."""
        return (
            [self.html]
            if self.kind != "code"
            else [one.html for one in self.outputs if one.kind == "prose"]
        )


def tags_of(cell: Cell) -> frozenset[str]:
    """What a cell is tagged with, as the tags are written here."""
    return frozenset(tag.replace("_", "-") for tag in cell.tags)


def is_left_out(cell: Cell) -> bool:
    """Whether a reader is not to see a cell at all."""
    return bool(tags_of(cell) & _LEFT_OUT)


def is_injected(cell: Cell) -> bool:
    """Whether a cell holds the values of the execution, and is no person's."""
    return _INJECTED in cell.tags


def views(executed: Executed, writer: Writer) -> list[View]:
    """The cells that are shown, in order.

    Args:
        executed: The notebook.
        writer: Writes their outputs.
    """
    found = []
    for cell in executed.cells:
        tags = tags_of(cell)
        view = None if tags & _LEFT_OUT else _view(cell, tags, executed.language, writer)
        if view:
            found.append(replace(view, folded="hide-cell" in tags))
    return found


def settled(found: Sequence[View]) -> tuple[list[View], contents.Headings]:
    """The same with all headings in order, and the headings."""
    headings = contents.Headings(
        piece for view in found if view.kind != "colophon" for piece in view.pieces
    )
    return [_settled(view, headings) for view in found], headings


def _settled(view: View, headings: contents.Headings) -> View:
    if view.kind != "code":
        html = headings.settle(view.html, titles=view.kind != "colophon")
        return replace(view, html=html)
    outputs = (
        replace(one, html=headings.settle(one.html)) if one.kind == "prose" else one
        for one in view.outputs
    )
    return replace(view, outputs=tuple(outputs))


def _view(cell: Cell, tags: Iterable[str], language: str, writer: Writer) -> View | None:
    anchor = f"cell-{cell.position}"
    if not cell.text.strip() and not cell.outputs:
        return None
    if cell.kind == "markdown":
        html = writer.prose(cell)
        return View("colophon" if colophon.TAG in tags else "prose", anchor, html)
    if cell.kind == "code":
        return _code(cell, frozenset(tags), anchor, language, writer)
    return None


def _code(
    cell: Cell, tags: frozenset[str], anchor: str, language: str, writer: Writer
) -> View | None:
    outputs: list[Shown] = []
    if "remove-output" not in tags:
        outputs = [one for output in cell.outputs if (one := writer.write(cell, output))]
    with_code = "remove-input" not in tags and cell.text.strip()
    html = writer.code(cell, language) if with_code else ""
    if not html and not outputs:
        return None
    return View(
        "code",
        anchor,
        html,
        "Parameters of this execution" if _INJECTED in tags else f"Code of cell {cell.position}",
        "" if _INJECTED in tags else first_line(cell.text),
        tuple(outputs),
        outputs_folded="hide-output" in tags,
    )
