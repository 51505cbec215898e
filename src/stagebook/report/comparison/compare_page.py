"""The page of a comparison: what differs on top, then cell by cell."""

from collections.abc import Sequence
from dataclasses import dataclass

from stagebook.record import committed
from stagebook.record.comparison import Comparison, StageComparison
from stagebook.record.history import Values
from stagebook.record.past_notebooks import PastNotebooks
from stagebook.record.sides import Kind
from stagebook.report import frame as frames
from stagebook.report import self_contained
from stagebook.report.article import executed
from stagebook.report.article.executed import Executed
from stagebook.report.article.outputs import Writer
from stagebook.report.comparison import alignment, paired_cells, words
from stagebook.report.comparison.paired_cells import Pen, Row
from stagebook.report.comparison.words import Group
from stagebook.report.figures import plain
from stagebook.report.frame import Frame


@dataclass(frozen=True, slots=True)
class Section:
    """What a page says of one stage.

    Attributes:
        stage: The stage.
        anchor: Where a link to it goes.
        gist: What differs, in a sentence.
        before: Which execution it was, the end of its id, and the id.
        now: Which it is, likewise.
        groups: What is recorded and differs.
        rows: Its cells.
        notes: What could not be shown, in words.
        notebook: Path of the page of the notebook now; empty for none.
        same: Whether it is on both sides and nothing is known to differ.
    """

    stage: str
    anchor: str
    gist: str
    before: tuple[str, str, str]
    now: tuple[str, str, str]
    groups: tuple[Group, ...]
    rows: tuple[Row, ...] = ()
    notes: tuple[str, ...] = ()
    notebook: str = ""
    same: bool = False


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
    both = (found.before, found.now)
    alone = all(one.kind is Kind.EXECUTION for one in both)  # then the section names them
    sides = None if alone else [(words.brief(one), plain(one.name)) for one in both]
    notes = tuple(words.notes(found))
    return page(frame, f"{only}: what differs" if only else "What differs", sections, sides, notes)


def page(
    frame: Frame,
    title: str,
    sections: Sequence[Section],
    sides: Sequence[tuple[str, str]] | None,
    notes: tuple[str, ...],
) -> str:
    """A page of some stages.

    Args:
        frame: The page's frame.
        title: Its title.
        sections: What to say of each stage.
        sides: What is held against each other, each in words and its whole name;
            None where each section says it.
        notes: What could not be shown, in words.
    """
    style = self_contained.source("site/article.css") + self_contained.source("site/compare.css")
    text = frames.render(
        "site/compare.html",
        frame,
        title,
        style=style,
        foreign=True,
        sections=sections,
        sides=sides,
        notes=notes,
    )
    return executed.without_unseen(text)


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
    both = [record for record in (one.before, one.now) if record is not None]
    told = len(both) == 2 and one.remembered
    sides = [_executed(record, notebooks, notes) for record in both if told]
    if sides and all(side.cells for side in sides):
        writers = (Writer(_place(one.before)), Writer(_place(one.now)))
        pen = Pen(writers, lean, sides[1].language)
        rows = tuple(paired_cells.rows(alignment.align(*sides), pen))
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
        one.same,
    )


def _executed(record: Values, notebooks: PastNotebooks, notes: list[str]) -> Executed:
    found = notebooks.of(record)
    if found.text is None:
        notes.append(words.shortened(found.reason, record))
        return Executed()
    read = executed.parse(found.text)
    notes += [f"{words.end(_id(record))}: {note}" for note in read.notes]
    return read


def _side(record: Values | None) -> tuple[str, str, str]:
    """Which execution it is, the end of its id, and the id."""
    if record is None or committed.is_locked(record):  # it has no name that a command takes
        return words.execution(record), "", ""
    return words.execution(record), words.end(_id(record)), plain(_id(record))


def _id(record: Values) -> str:
    return str(record["volatile"]["id"])


def _place(record: Values | None) -> str:
    """What has all that there is no room for."""
    return f"the execution {words.end(_id(record))}" if record else ""
