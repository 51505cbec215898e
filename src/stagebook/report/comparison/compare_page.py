"""The page of a comparison: what differs on top, then cell by cell."""

from collections.abc import Sequence
from dataclasses import dataclass

from stagebook.history import committed
from stagebook.history.comparison import Comparison, StageComparison
from stagebook.history.past_notebooks import PastNotebooks
from stagebook.history.sides import SideKind
from stagebook.project.text import plain
from stagebook.record.record import Record
from stagebook.report import frame as frames
from stagebook.report import self_contained
from stagebook.report.article import executed
from stagebook.report.article.executed import ExecutedNotebook
from stagebook.report.article.outputs import OutputWriter
from stagebook.report.comparison import alignment, differences, paired_cells, words
from stagebook.report.comparison.differences import Group, Line
from stagebook.report.comparison.paired_cells import CellPairWriter, CellRow
from stagebook.report.frame import Frame


@dataclass(frozen=True, slots=True)
class Section:
    """The part of a page about one stage.

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
    rows: tuple[CellRow, ...] = ()
    notes: tuple[str, ...] = ()
    notebook: str = ""
    same: bool = False


def render(
    comparison: Comparison, notebooks: PastNotebooks, frame: Frame, headline: Sequence[str] = ()
) -> str:
    """The page of all stages that differ.

    Args:
        comparison: The comparison.
        notebooks: Where the executed notebooks are.
        frame: The page's frame.
        headline: The metrics that the project shows first, each as ``file:dotted.name``.
    """
    sections = tuple(
        section(item, notebooks, f"stage-{place}")
        for place, item in enumerate(comparison.stages, start=1)
    )
    only = plain(comparison.stages[0].stage) if len(sections) == 1 else ""
    both = (comparison.before, comparison.now)
    alone = all(side.kind is SideKind.EXECUTION for side in both)  # then the section names them
    sides = None if alone else [(words.brief(side), plain(side.name)) for side in both]
    notes = tuple(words.notes(comparison))
    title = f"{only}: what differs" if only else "What differs"
    return page(
        frame,
        title,
        sections,
        sides,
        notes,
        tuple(differences.headlines(comparison.stages, headline)),
    )


def page(
    frame: Frame,
    title: str,
    sections: Sequence[Section],
    sides: Sequence[tuple[str, str]] | None,
    notes: tuple[str, ...],
    headlines: Sequence[Line] = (),
) -> str:
    """A page of some stages.

    Args:
        frame: The page's frame.
        title: Its title.
        sections: A section for each stage.
        sides: What is compared, each in words and with its full name; None if each section
            says it.
        notes: What could not be shown, in words.
        headlines: The metrics that come first.
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
        headlines=headlines,
    )
    return executed.without_unseen(text)


def section(
    stage: StageComparison,
    notebooks: PastNotebooks,
    anchor: str,
    *,
    lean: bool = False,
    notebook: str = "",
) -> Section:
    """The section of one stage.

    Args:
        stage: The stage on both sides.
        notebooks: Where the executed notebooks are.
        anchor: Where a link to it goes.
        lean: Whether cells that are the same are named only.
        notebook: Path of the page of the notebook now; empty for none.
    """
    notes: list[str] = []
    rows: tuple[CellRow, ...] = ()
    both = [record for record in (stage.before, stage.now) if record is not None]
    is_comparable = len(both) == 2 and stage.remembered
    sides = [_executed(record, notebooks, notes) for record in both if is_comparable]
    if sides and all(side.cells for side in sides):
        writers = (OutputWriter(_place(stage.before)), OutputWriter(_place(stage.now)))
        pair_writer = CellPairWriter(writers, lean, sides[1].language)
        rows = tuple(paired_cells.rows(alignment.align(*sides), pair_writer))
        notes += dict.fromkeys(note for writer in writers for note in writer.notes)
    return Section(
        plain(stage.stage),
        anchor,
        words.gist(stage),
        _side(stage.before),
        _side(stage.now),
        differences.groups(stage) if stage.changes else (),
        rows,
        tuple(notes),
        notebook,
        stage.same,
    )


def _executed(record: Record, notebooks: PastNotebooks, notes: list[str]) -> ExecutedNotebook:
    notebook = notebooks.of(record)
    if notebook.text is None:
        notes.append(words.shortened(notebook.reason, record))
        return ExecutedNotebook()
    read = executed.parse(notebook.text)
    notes += [f"{words.end(record.id)}: {note}" for note in read.notes]
    return read


def _side(record: Record | None) -> tuple[str, str, str]:
    """Which execution it is, the end of its id, and the id."""
    if record is None or committed.is_locked(record):  # it has no name that a command takes
        return words.execution(record), "", ""
    return words.execution(record), words.end(record.id), plain(record.id)


def _place(record: Record | None) -> str:
    """The execution that has all that the page has no room for."""
    return f"the execution {words.end(record.id)}" if record else ""
