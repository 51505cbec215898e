"""The page of a deployed model's status in the site, and its line on the front page."""

import json
from collections.abc import Callable
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from stagebook.history.project_status import ProjectStatus
from stagebook.history.verdict import Grade
from stagebook.project.errors import StagebookError
from stagebook.project.project import Project
from stagebook.project.text import plain
from stagebook.report import frame as frames
from stagebook.report import self_contained
from stagebook.report.frame import Frame
from stagebook.report.site import data_page, part, places
from stagebook.report.site.line import MARKS, ListLine
from stagebook.report.site.part import Part

if TYPE_CHECKING:  # most sites have no page of monitoring, and need nothing that it needs
    from stagebook.monitoring.status import MonitorStatus
    from stagebook.report.monitor_page import PageLinks

Monitor = Callable[[Project], "MonitorStatus"]
"""Gives the status of the deployed model that the settings of a project name."""

GRADES = {"ok": Grade.GOOD, "look": Grade.WARNINGS, "act": Grade.FAILED}
"""The grade that the colour of each state stands for."""

_REASONS = 2
_TRAINING = "train"


def is_of(project: Project, path: str) -> bool:
    """Whether the page of monitoring is about a package of the project."""
    own = project.settings.monitor
    return bool(own.log) and PurePosixPath(own.package) == PurePosixPath(path)


def render(project: Project, status: ProjectStatus, frame: Frame, monitor: Monitor) -> Part:
    """The page of the deployed model; if its log cannot be read, the page says why.

    Args:
        project: The project.
        status: What is known of its last build.
        frame: The page's frame.
        monitor: Gives the status.
    """
    from stagebook.report import monitor_page

    try:
        own = monitor(project)
    except StagebookError as error:
        return part.failed("Monitoring", frame, error)
    model = next((file.path for file in status.files if is_of(project, file.path)), "")
    text = frames.render(
        "site/monitor.html",
        frame,
        f"Monitoring of {plain(own.model)}",
        style=self_contained.source("monitor.css"),
        package_page=places.model(model) if model else "",
        **monitor_page.shown(own, _links(project, status, frame, model)),
    )
    return Part(_line(own, frame.page), text)


def _line(own: "MonitorStatus", page: str) -> ListLine:
    from stagebook.report import monitor_words

    state = monitor_words.state(own)
    sentences = tuple(plain(signal.sentence.removesuffix("."), 300) for signal in own.signals)
    more = (f"{len(sentences) - _REASONS} more",) if len(sentences) > _REASONS else ()
    words = f"{state.word.lower()}, {state.words}"
    mark = MARKS[GRADES[own.state]] if own.total is not None else "quiet"
    return ListLine(plain(own.model), page, words, mark, (*sentences[:_REASONS], *more))


def _links(project: Project, status: ProjectStatus, frame: Frame, model: str) -> "PageLinks":
    """Where the columns and the origin of a package of the project are shown."""
    from stagebook.report.monitor_page import PageLinks

    if not model:
        return PageLinks()
    path = _training(project, model)
    file = next((file for file in status.files if file.path == path), None)
    profile = data_page.read_profile(project, file) if file else None
    columns = {
        column.name: frame.link(places.data(path), f"c{place}")
        for place, column in enumerate(profile.columns if profile else (), start=1)
    }
    origin = frame.link(places.model(model), "lineage") if _has_origin(project, model) else ""
    return PageLinks(columns, origin)


def _training(project: Project, model: str) -> str:
    """The table that a package learned from; empty if it does not say."""
    from stagebook.model.splits import FILE as SPLITS

    try:
        values = json.loads((project.root / model / SPLITS).read_text(encoding="utf-8"))
        paths = {str(item["name"]): str(item["path"]) for item in values["parts"]}
    except (OSError, ValueError, KeyError, TypeError):
        return ""
    return paths.get(_TRAINING, "")


def _has_origin(project: Project, model: str) -> bool:
    """Whether the page of a package shows where it comes from."""
    from stagebook.history.lineage import tracing

    try:
        tracing.trace(project, model, project.root, at=None, down=False)
    except StagebookError:  # a package that was copied here
        return False
    return True
