"""The verbs that hold executions against each other."""

from typing import TYPE_CHECKING

from stagebook.history.comparison import Comparison
from stagebook.history.history import History
from stagebook.history.past_notebooks import PastNotebooks
from stagebook.history.sides import RevisionResolver
from stagebook.history.sweep import Sweep
from stagebook.pipeline import notebooks
from stagebook.project.project import Project
from stagebook.tracking import inquiry

if TYPE_CHECKING:
    from stagebook.report.frame import Frame

NEWEST = "last"


def compare(project: Project, now: str, before: str | None, stage: str | None) -> Comparison:
    """What differs between two executions, builds or commits.

    Args:
        project: The project.
        now: What is asked for.
        before: What it is compared with; None for the one before it.
        stage: Only this stage; None for all that differ.
    """
    if stage is not None:
        stage = notebooks.stage_named(project, stage)
    with History.open(project.state) as history:
        meaning = RevisionResolver(project, history, inquiry.ask)
        side = meaning.side(now)
        other = meaning.side(before) if before is not None else meaning.before(side)
        return Comparison.of(other, side, stage)


def sweep(project: Project, stage: str, last: int) -> Sweep:
    """The last executions of a stage, the best first.

    Args:
        project: The project.
        stage: The stage.
        last: At most so many.
    """
    stage = notebooks.stage_named(project, stage)
    with History.open(project.state) as history:
        return Sweep.read(history, stage, last, project.settings)


def comparison_page(project: Project, found: Comparison) -> str:
    """A page with both sides of each stage beside each other, cell by cell."""
    from stagebook.report.comparison import compare_page

    frame = _frame(project, "compare.html")
    notebooks = PastNotebooks(project, inquiry.fetch_artifact)
    return compare_page.render(found, notebooks, frame, project.settings.headline)


def sweep_page(project: Project, found: Sweep, figure: int) -> str:
    """A page with one figure of each execution of a sweep.

    Args:
        project: The project.
        found: The sweep.
        figure: Which of a notebook's figures, counted from 1.
    """
    from stagebook.report.comparison import sweep_page as sweep_pages

    frame = _frame(project, "sweep.html")
    return sweep_pages.render(found, PastNotebooks(project, inquiry.fetch_artifact), figure, frame)


def _frame(project: Project, page: str) -> "Frame":
    from importlib import metadata

    from stagebook.project.text import plain
    from stagebook.report.frame import FRONT, Frame

    name = plain(project.settings.name)
    colophon = f"Stagebook {metadata.version('stagebook')}"
    return Frame(name, page, (("Overview", FRONT),), colophon, alone=True)
