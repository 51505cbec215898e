"""The pipeline as a picture: stages, and the data between them, each a link to its page."""

from collections.abc import Iterator
from pathlib import PurePosixPath

from stagebook.history.project_status import ProjectStatus, StageState, StageStatus
from stagebook.project.text import plain
from stagebook.report import graph_picture
from stagebook.report.frame import Frame
from stagebook.report.graph_picture import Box, Link, cut
from stagebook.report.site import names, places

MOST = 120
"""Up to so many stages and files, files are drawn; else they are lines between the stages."""

_LETTERS = 24
_KINDS = {
    StageState.EXECUTED: "done",
    StageState.FAILED: "failed",
    StageState.UNCHANGED: "unchanged",
    StageState.OTHER: "unchanged",
}


def draw(status: ProjectStatus, frame: Frame) -> str:
    """The SVG of a project's pipeline; empty without stages.

    Args:
        status: The project.
        frame: The page that it is drawn for.
    """
    if not status.stages:
        return ""
    with_files = len(status.stages) + len(status.files) <= MOST
    boxes = [*_stages(status, frame), *(_files(status, frame) if with_files else ())]
    return graph_picture.draw(boxes, _links(status) if with_files else _between(status), "pipeline")


def _stages(status: ProjectStatus, frame: Frame) -> Iterator[Box]:
    for item in status.stages:
        page = places.notebook(item.name) if item.node.notebook else ""
        kind = f"stage {_KINDS.get(item.state, 'waiting')}"
        lines = (cut(plain(item.name), _LETTERS), item.failed or _state(item))
        title = f"{plain(item.title)}: {item.word}"
        yield Box(("stage", item.name), frame.link(page), kind, title, lines, stage=True)


def _state(stage: StageStatus) -> str:
    if stage.state is StageState.EXECUTED and stage.record is not None:
        return f"executed, {stage.record.volatile.seconds:.1f} s"
    return stage.state.value


def _files(status: ProjectStatus, frame: Frame) -> Iterator[Box]:
    short = names.apart(item.path for item in status.files)
    for item in status.files:
        kind = "file" if item.maker else "file raw"
        below = f"{item.rows} rows" if item.rows else _kind(item.path)
        lines = (cut(plain(short[item.path]), _LETTERS), below)
        address = frame.link(places.data(item.path))
        yield Box(("file", item.path), address, kind, plain(item.path), lines)


def _kind(path: str) -> str:
    return PurePosixPath(path).suffix.lstrip(".") or "folder"


def _links(status: ProjectStatus) -> Iterator[Link]:
    for item in status.files:
        if item.maker:
            yield ("stage", item.maker), ("file", item.path)
        yield from ((("file", item.path), ("stage", reader)) for reader in item.readers)


def _between(status: ProjectStatus) -> Iterator[Link]:
    for file in status.files:
        for reader in file.readers:
            yield ("stage", file.maker), ("stage", reader)
