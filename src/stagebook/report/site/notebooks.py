"""The executed notebook of each stage, from ``runs/`` or from those that are kept."""

from pathlib import Path

from stagebook.project import Project
from stagebook.record.past_notebooks import PastNotebooks
from stagebook.report.article import article
from stagebook.report.article.article import Article
from stagebook.report.site.book import Book, Stage, State


def read(project: Project, stage: Stage, *, interactive: bool) -> Article:
    """The article of the execution that a stage's record tells of.

    What is in ``runs/`` comes first. Where that is missing, or is of another execution, the copy
    that was kept of this one takes its place.

    Args:
        project: The project.
        stage: The stage.
        interactive: Whether scripts in its outputs may run.
    """
    path = place(project, stage)
    found = article.read(path, stage.name, interactive=interactive)
    name = _record(stage)
    if stage.record is None or not name or (path.is_file() and name in found.colophon):
        return found
    if path.is_file() and not found.colophon:  # cut off: the page says so, and shows what is left
        return found
    kept = PastNotebooks(project, asks=False).of(stage.record).text
    if kept is None:
        return found
    return article.parse(kept, stage.name, interactive=interactive)


def place(project: Project, stage: Stage) -> Path:
    """Where a stage's notebook lies after its last execution."""
    ending = ".failed.ipynb" if stage.state is State.FAILED else ".ipynb"
    return project.root / project.settings.runs / f"{stage.name}{ending}"


def stopped(project: Project, book: Book) -> dict[str, str]:
    """Of each failed stage that left one, its notebook as far as it got, relative to the root."""
    failed = [one for one in book.stages if one.state is State.FAILED]
    places = {one.name: place(project, one) for one in failed if _left(project, one)}
    return {name: path.relative_to(project.root).as_posix() for name, path in places.items()}


def _left(project: Project, stage: Stage) -> bool:
    """Whether the notebook there is of this failure, and not of one before."""
    try:
        content = place(project, stage).read_bytes()
    except OSError:
        return False
    return _record(stage).encode() in content


def _record(stage: Stage) -> str:
    return str(((stage.record or {}).get("volatile") or {}).get("id") or "")
