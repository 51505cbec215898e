"""The page of a comparison: what differs on top, then cell by cell."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby

from stagebook.record.comparison import Comparison, StageComparison
from stagebook.record.history import Values
from stagebook.record.past_notebooks import PastNotebooks
from stagebook.report import compare_words as words
from stagebook.report import self_contained
from stagebook.report.compare_words import Group
from stagebook.report.figures import counted, plain
from stagebook.report.site import alignment, beside, cells, executed, line_diff, places, prose
from stagebook.report.site import frame as frames
from stagebook.report.site.alignment import Pair
from stagebook.report.site.beside import Block
from stagebook.report.site.code import first_line
from stagebook.report.site.executed import Cell, Executed
from stagebook.report.site.frame import Frame
from stagebook.report.site.outputs import Writer
from stagebook.report.site.sanitised import flat


@dataclass(frozen=True, slots=True)
class Row:
    """One cell of which something differs, or several of which nothing does.

    Attributes:
        kind: ``changed``, ``new``, ``gone``, ``outputs`` where the code is as before, or
            ``same``.
        said: What is to say of it.
        hint: What it is known by: its first line.
        code: Its code, or how that differs; empty where it is as before.
        blocks: Its outputs.
        open: Whether its code is unfolded.
    """

    kind: str
    said: str
    hint: str = ""
    code: str = ""
    blocks: tuple[Block, ...] = ()
    open: bool = False


@dataclass(frozen=True, slots=True)
class Section:
    """What a page says of one stage.

    Attributes:
        stage: The stage.
        anchor: Where a link to it goes.
        gist: What differs, in a sentence.
        before: Which execution it was.
        now: Which it is.
        groups: What is recorded and differs.
        rows: Its cells.
        notes: What could not be shown, in words.
        notebook: Path of the page of the notebook now; empty for none.
    """

    stage: str
    anchor: str
    gist: str
    before: tuple[str, str]
    now: tuple[str, str]
    groups: tuple[Group, ...]
    rows: tuple[Row, ...] = ()
    notes: tuple[str, ...] = ()
    notebook: str = ""


@dataclass(slots=True)
class _Pen:
    """Writes the cells of two notebooks.

    Attributes:
        writers: For the outputs of each side.
        lean: Whether what is the same is named only.
        language: What the code is written in.
    """

    writers: tuple[Writer, Writer]
    lean: bool
    language: str = field(default="python")


def render(found: Comparison, notebooks: PastNotebooks, frame: Frame) -> str:
    """The page of all stages that differ.

    Args:
        found: The comparison.
        notebooks: Where the executed notebooks are.
        frame: The page's frame.
    """
    sections = tuple(
        section(one, notebooks, f"stage-{place}") for place, one in enumerate(found.stages, start=1)
    )
    only = plain(found.stages[0].stage) if len(sections) == 1 else ""
    sides = (words.side(found.before), words.side(found.now))
    notes = tuple(words.notes(found))
    return _page(frame, f"{only}: what differs" if only else "What differs", sections, sides, notes)


def render_stage(one: StageComparison, notebooks: PastNotebooks, frame: Frame) -> str:
    """The page of one stage in a site, which has the notebook itself on another page."""
    shown = section(one, notebooks, "stage-1", lean=True, notebook=places.notebook(one.stage))
    return _page(frame, f"{plain(one.stage)}: what differs", (shown,), None, ())


def section(
    one: StageComparison,
    notebooks: PastNotebooks,
    anchor: str,
    *,
    lean: bool = False,
    notebook: str = "",
) -> Section:
    """What is to say of one stage.

    Args:
        one: The stage on both sides.
        notebooks: Where the executed notebooks are.
        anchor: Where a link to it goes.
        lean: Whether cells that are the same are named only.
        notebook: Path of the page of the notebook now; empty for none.
    """
    notes: list[str] = []
    rows: tuple[Row, ...] = ()
    sides = [_executed(record, notebooks, notes) for record in (one.before, one.now) if record]
    if len(sides) == 2 and all(side.cells for side in sides):
        writers = (Writer(_place(one.before)), Writer(_place(one.now)))
        pen = _Pen(writers, lean, sides[1].language)
        rows = tuple(_rows(alignment.align(*sides), pen))
        notes += dict.fromkeys(note for writer in writers for note in writer.notes)
    return Section(
        plain(one.stage),
        anchor,
        words.gist(one),
        _side(one.before),
        _side(one.now),
        words.groups(one) if one.changes else (),
        rows,
        tuple(notes),
        notebook,
    )


def _page(
    frame: Frame,
    title: str,
    sections: Sequence[Section],
    sides: tuple[str, str] | None,
    notes: tuple[str, ...],
) -> str:
    style = self_contained.source("site/article.css") + self_contained.source("site/compare.css")
    page = frames.render(
        "site/compare.html",
        frame,
        title,
        style=style,
        foreign=True,
        sections=sections,
        sides=sides,
        notes=notes,
    )
    return executed.without_unseen(page)


def _executed(record: Values, notebooks: PastNotebooks, notes: list[str]) -> Executed:
    found = notebooks.of(record)
    if found.text is None:
        notes.append(found.reason)
        return Executed()
    read = executed.parse(found.text)
    notes += [f"{_id(record)}: {note}" for note in read.notes]
    return read


def _rows(pairs: Sequence[Pair], pen: _Pen) -> Iterator[Row]:
    for same, group in groupby(pairs, key=lambda one: one.same):
        if same:
            yield _folded(list(group), pen)
        else:
            yield from (_row(pair, pen) for pair in group)


def _folded(pairs: Sequence[Pair], pen: _Pen) -> Row:
    said = f"{counted(len(pairs), 'cell')} unchanged"
    if pen.lean:
        items = tuple(Block("named", _hint(pair.cell)) for pair in pairs)
    else:
        items = tuple(Block("cell", html=_whole(pair.cell, pen)) for pair in pairs)
    return Row("same", said, blocks=items)


def _whole(cell: Cell, pen: _Pen) -> str:
    """A cell with its outputs."""
    writer = pen.writers[1]
    if cell.kind == "markdown":
        return f'<div class="prose">{flat(writer.prose(cell))}</div>'
    return _code(cell, pen) + "".join(beside.alone(cell, writer))


def _row(pair: Pair, pen: _Pen) -> Row:
    before, now = pair.before, pair.now
    hint = _hint(pair.cell)
    if before is None or now is None:
        kind, said = ("new", "new cell") if before is None else ("gone", "cell is gone")
        writer = pen.writers[now is not None]
        outputs = tuple(Block("one", html=one) for one in beside.alone(pair.cell, writer))
        return Row(kind, said, hint, _code(pair.cell, pen), outputs, open=True)
    code = _diff(before, now) if pair.code else ""
    blocks = beside.blocks(before, now, pen.writers) if now.kind == "code" else ()
    if pen.lean:
        blocks = tuple(Block("named", one.said) if one.kind == "same" else one for one in blocks)
    kind = "changed" if pair.code else "outputs"
    said = "text changed" if now.kind == "markdown" else _said(pair)
    return Row(kind, said, hint, code, blocks, open=now.kind == "markdown")


def _said(pair: Pair) -> str:
    if not pair.code:
        return "output differs"
    what = "values" if cells.is_injected(pair.cell) else "code"
    return f"{what} and output differ" if pair.outputs else f"{what} changed"


def _diff(before: Cell, now: Cell) -> str:
    hidden = any("remove-input" in cells.tags_of(one) for one in (before, now))
    return "" if hidden else line_diff.diff(before.text, now.text)


def _code(cell: Cell, pen: _Pen) -> str:
    writer = pen.writers[1]
    if cell.kind == "markdown":
        return f'<div class="prose">{flat(prose.render(cell.text, cell.attachments))}</div>'
    if "remove-input" in cells.tags_of(cell) or not cell.text.strip():
        return ""
    return writer.code(cell, pen.language)


def _hint(cell: Cell) -> str:
    if cells.is_injected(cell):
        return "Parameters of this execution"
    if cell.kind == "markdown":
        return first_line(cell.text.lstrip("# \n")) or "Text"
    return first_line(cell.text) or "Code"


def _side(record: Values | None) -> tuple[str, str]:
    """Which execution it is, and its id."""
    return words.execution(record), plain(_id(record)) if record else ""


def _id(record: Values) -> str:
    return str(record["volatile"]["id"])


def _place(record: Values | None) -> str:
    """What has all that there is no room for."""
    return f"the execution {plain(_id(record))}" if record else ""
