"""The verbs that compare executions."""

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
    """The differences between two executions, builds or commits.

    Args:
        project: The project.
        now: An execution, a build or a commit.
        before: What ``now`` is compared with; None for its predecessor.
        stage: The only stage to compare; None for all that differ.
    """
    if stage is not None:
        stage = notebooks.stage_named(project, stage)
    with History.open(project.state) as history:
        resolver = RevisionResolver(project, history, inquiry.ask)
        side = resolver.side(now)
        other = resolver.side(before) if before is not None else resolver.before(side)
        return Comparison.of(other, side, stage)


def sweep(project: Project, stage: str, last: int) -> Sweep:
    """The last executions of a stage, the best first.

    Args:
        project: The project.
        stage: The stage.
        last: Largest number of executions.
    """
    stage = notebooks.stage_named(project, stage)
    with History.open(project.state) as history:
        return Sweep.read(history, stage, last, project.settings)


def comparison_page(project: Project, comparison: Comparison) -> str:
    """A page that shows both sides of each stage next to each other, cell by cell."""
    from stagebook.report.comparison import compare_page

    frame = _frame(project, "compare.html")
    notebooks = PastNotebooks(project, inquiry.fetch_artifact)
    return compare_page.render(comparison, notebooks, frame, project.settings.headline)


def sweep_page(project: Project, sweep: Sweep, figure: int) -> str:
    """A page with one figure of each execution of a sweep.

    Args:
        project: The project.
        sweep: The sweep.
        figure: Which of a notebook's figures, counted from 1.
    """
    from stagebook.report.comparison import sweep_page as sweep_pages

    frame = _frame(project, "sweep.html")
    return sweep_pages.render(sweep, PastNotebooks(project, inquiry.fetch_artifact), figure, frame)


def _frame(project: Project, page: str) -> "Frame":
    from importlib import metadata

    from stagebook.project.text import plain
    from stagebook.report.frame import FRONT, Frame

    name = plain(project.settings.name)
    colophon = f"Stagebook {metadata.version('stagebook')}"
    return Frame(name, page, (("Overview", FRONT),), colophon, alone=True)
