"""The verbs that tell others what was built."""

from pathlib import Path
from typing import TYPE_CHECKING

from stagebook.history.history import History
from stagebook.pipeline import dvc
from stagebook.pipeline.stage import SITE
from stagebook.project.extras import DRIFT, MODEL
from stagebook.project.project import Project
from stagebook.project.settings import ReportSettings
from stagebook.workflow import monitoring

if TYPE_CHECKING:
    from stagebook.report.site.site import Site


def site(project: Project, against: str | None) -> "Site":
    """The site of a project, not written yet.

    Args:
        project: The project.
        against: A commit to compare metrics with; None for that of the settings.

    Raises:
        StagebookError: An extra is missing, without which pages of the site would be missing.
    """
    from stagebook.history import status_reading as reading
    from stagebook.report.site.site import Site

    if project.settings.drift:
        DRIFT.require()
    monitored = project.settings.monitor
    monitor = monitoring.of_settings if monitored.log and monitored.package else None
    with History.open(project.state) as history:
        project_site = Site.of(project, reading.read(project, history, against), monitor)
    if project_site.models:
        MODEL.require()
    return project_site


def report(project: Project, against: str | None, folder: Path | None) -> tuple[Path, int]:
    """Writes the site of a project; returns its folder and how many pages it has."""
    from stagebook.report.site import carrying
    from stagebook.report.site import folder as folders

    settings = project.settings.report or ReportSettings()
    target = folder if folder is not None else project.root / settings.folder
    project_site = site(project, against)
    written = target, folders.write(target, project_site.pages())
    if dvc.stage() == SITE:
        carrying.write(project, project_site.book)
    return written


def single(project: Project, against: str | None, page: str) -> str:
    """One page of the site that needs no other file; without a name, the front page."""
    return site(project, against).alone(page)


def markdown(project: Project, against: str | None, link: str) -> str:
    """The gist of the last build as Markdown, for a pull request.

    Args:
        project: The project.
        against: A commit to compare metrics with; None for that of the settings.
        link: Address of the site; empty for none.
    """
    from stagebook.report.site import gist, notebooks, parts

    project_site = site(project, against)
    pairs = project.settings.drift.items()
    drifts = [parts.drift_line(project.root, path, reference) for path, reference in pairs]
    models = [parts.model_line(project.root, path) for path in project_site.models]
    return gist.render(
        project_site.book, drifts, models, notebooks.stopped(project, project_site.book), link
    )
