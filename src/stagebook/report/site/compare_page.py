"""The page of a comparison: what differs on top, then cell by cell."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from stagebook.errors import StagebookError
from stagebook.project import Project
from stagebook.record.comparison import Comparison, StageComparison
from stagebook.record.history import Values
from stagebook.record.past_notebooks import PastNotebooks
from stagebook.report import compare_words as words
from stagebook.report import self_contained
from stagebook.report.compare_words import Group
from stagebook.report.figures import plain
from stagebook.report.site import alignment, executed, paired_cells, places
from stagebook.report.site import frame as frames
from stagebook.report.site.book import Book
from stagebook.report.site.executed import Executed
from stagebook.report.site.frame import Frame
from stagebook.report.site.outputs import Writer
from stagebook.report.site.paired_cells import Pen, Row


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


def pages(project: Project, book: Book, frame: Frame) -> Iterator[tuple[str, str]]:
    """The pages of a site: of each stage that its last build executed and that changed.

    Args:
        project: The project.
        book: What the site tells.
        frame: The frame of any of its pages.

    Yields:
        The stage, and the text of its page; nothing of one whose notebooks are not at hand.
    """
    notebooks = PastNotebooks(project, asks=False)
    for stage in book.notebooks:
        row = stage.row
        if row is None or row.before is None:
            continue
        try:
            one = StageComparison.between(stage.name, row.before, row.record)
        except StagebookError:  # a record of another shape, of which the front page has a note
            continue
        shown = section(one, notebooks, "stage-1", lean=True, notebook=places.notebook(one.stage))
        if shown.rows and not one.same:
            at = replace(frame, page=places.compare(stage.name))
            yield stage.name, _page(at, f"{shown.stage}: what differs", (shown,), None, ())


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
    sides = [_executed(record, notebooks, notes) for record in both if len(both) == 2]
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


def _side(record: Values | None) -> tuple[str, str]:
    """Which execution it is, and its id."""
    return words.execution(record), plain(_id(record)) if record else ""


def _id(record: Values) -> str:
    return str(record["volatile"]["id"])


def _place(record: Values | None) -> str:
    """What has all that there is no room for."""
    return f"the execution {plain(_id(record))}" if record else ""
