"""The pages of what the last build changed: each stage beside its build before."""

from collections.abc import Iterator
from dataclasses import replace

from stagebook.errors import StagebookError
from stagebook.project import Project
from stagebook.record.comparison import StageComparison
from stagebook.record.past_notebooks import PastNotebooks
from stagebook.report.comparison import compare_page
from stagebook.report.frame import Frame
from stagebook.report.site import places
from stagebook.report.site.book import Book


def pages(project: Project, book: Book, frame: Frame) -> Iterator[tuple[str, str]]:
    """The pages of the stages that the last build executed and that changed.

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
        notebook = places.notebook(one.stage)
        shown = compare_page.section(one, notebooks, "stage-1", lean=True, notebook=notebook)
        if shown.rows and not one.same:
            at = replace(frame, page=places.compare(stage.name))
            title = f"{shown.stage}: what differs"
            yield stage.name, compare_page.page(at, title, (shown,), None, ())
