"""The pipeline as a picture: stages, and the data between them, each a link to its page."""

from collections.abc import Iterator
from pathlib import PurePosixPath

from stagebook.report import graph_picture
from stagebook.report.figures import plain
from stagebook.report.frame import Frame
from stagebook.report.graph_picture import Box, Link, cut
from stagebook.report.site import places
from stagebook.report.site.book import Book, Stage, State

MOST = 120
"""Up to so many stages and files, files are drawn; else they are lines between the stages."""

_LETTERS = 24
_KINDS = {
    State.EXECUTED: "done",
    State.FAILED: "failed",
    State.UNCHANGED: "unchanged",
    State.OTHER: "unchanged",
}


def draw(book: Book, frame: Frame) -> str:
    """The SVG of a project's pipeline; empty if there is none.

    Args:
        book: The project.
        frame: The page that it is drawn for.
    """
    if not book.stages:
        return ""
    whole = len(book.stages) + len(book.files) <= MOST
    boxes = [*_stages(book, frame), *(_files(book, frame) if whole else ())]
    return graph_picture.draw(boxes, _links(book) if whole else _between(book), "pipeline")


def _stages(book: Book, frame: Frame) -> Iterator[Box]:
    for one in book.stages:
        page = places.notebook(one.name) if one.node.notebook else ""
        kind = f"stage {_KINDS.get(one.state, 'waiting')}"
        lines = (cut(plain(one.name), _LETTERS), one.failed or _state(one))
        title = f"{plain(one.title)}: {one.word}"
        yield Box(("stage", one.name), frame.link(page), kind, title, lines, stage=True)


def _state(stage: Stage) -> str:
    seconds = ((stage.record or {}).get("volatile") or {}).get("seconds")
    if stage.state is State.EXECUTED and isinstance(seconds, (int, float)):
        return f"executed, {seconds:.1f} s"
    return stage.state.value


def _files(book: Book, frame: Frame) -> Iterator[Box]:
    for one in book.files:
        kind = "file" if one.maker else "file raw"
        below = f"{one.rows} rows" if one.rows else _kind(one.path)
        lines = (cut(plain(PurePosixPath(one.path).name), _LETTERS), below)
        address = frame.link(places.data(one.path))
        yield Box(("file", one.path), address, kind, plain(one.path), lines)


def _kind(path: str) -> str:
    return PurePosixPath(path).suffix.lstrip(".") or "folder"


def _links(book: Book) -> Iterator[Link]:
    for one in book.files:
        if one.maker:
            yield ("stage", one.maker), ("file", one.path)
        yield from ((("file", one.path), ("stage", reader)) for reader in one.readers)


def _between(book: Book) -> Iterator[Link]:
    for one in book.files:
        for reader in one.readers:
            yield ("stage", one.maker), ("stage", reader)
