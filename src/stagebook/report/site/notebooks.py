"""The executed notebook of each stage, from ``runs/`` or from those that are kept."""

from pathlib import Path

from stagebook.history import carried
from stagebook.history.past_notebooks import PastNotebooks
from stagebook.history.project_status import ProjectStatus, StageState, StageStatus
from stagebook.project.project import Project
from stagebook.report.article import article
from stagebook.report.article.article import Article


def read(project: Project, stage: StageStatus, *, interactive: bool) -> Article:
    """The article of the execution that a stage's record describes.

    What is in ``runs/`` comes first. Where that is missing, or is of another execution, the copy
    that was kept of this one takes its place. Of a stage that was executed elsewhere, DVC may have
    brought the notebook.

    Args:
        project: The project.
        stage: The stage.
        interactive: Whether scripts in its outputs may run.
    """
    if stage.record is not None and carried.is_carried(stage.record):
        text = carried.notebook(project.root, stage.name)
        if text is not None:
            return article.parse(text, stage.name, interactive=interactive)
    path = place(project, stage)
    current = article.read(path, stage.name, interactive=interactive)
    name = _record(stage)
    if stage.record is None or not name or (path.is_file() and name in current.colophon):
        return current
    if path.is_file() and not current.colophon:  # cut off: the page says so, and shows what is left
        return current
    kept_text = PastNotebooks(project).of(stage.record).text
    if kept_text is None:
        return current
    return article.parse(kept_text, stage.name, interactive=interactive)


def place(project: Project, stage: StageStatus) -> Path:
    """Where a stage's notebook lies after its last execution."""
    ending = ".failed.ipynb" if stage.state is StageState.FAILED else ".ipynb"
    return project.root / project.settings.runs / f"{stage.name}{ending}"


def stopped(project: Project, status: ProjectStatus) -> dict[str, str]:
    """Of each failed stage that left one, its notebook as far as it got, relative to the root."""
    failed = [stage for stage in status.stages if stage.state is StageState.FAILED]
    places = {
        stage.name: place(project, stage) for stage in failed if _is_of_this_failure(project, stage)
    }
    return {name: path.relative_to(project.root).as_posix() for name, path in places.items()}


def _is_of_this_failure(project: Project, stage: StageStatus) -> bool:
    """Whether the notebook on disk is of this failure, and not of one before."""
    try:
        content = place(project, stage).read_bytes()
    except OSError:
        return False
    return _record(stage).encode() in content


def _record(stage: StageStatus) -> str:
    return stage.record.id if stage.record else ""
