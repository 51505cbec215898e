"""Pages whose making takes long, made by processes of their own beside the others."""

import os
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

from stagebook.errors import StagebookError
from stagebook.project import Project
from stagebook.report.figures import plain
from stagebook.report.site import frame as frames
from stagebook.report.site import places
from stagebook.report.site.book import Book
from stagebook.report.site.frame import Frame
from stagebook.report.site.front import Line

_MOST = 2


@dataclass(frozen=True, slots=True)
class Part:
    """A page with the line that the front page has for it.

    Attributes:
        line: The line.
        text: The page.
    """

    line: Line
    text: str


@contextmanager
def started(project: Project, book: Book, frames_of: "Frames") -> Iterator["Parts"]:
    """Begins with the parts of a site, for as long as the block lasts."""
    count = len(frames_of.models) + len(frames_of.drifts)
    workers = min(_MOST, count, os.cpu_count() or 1)
    if not workers:
        yield Parts((), ())
        return
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        yield Parts(
            tuple(
                pool.submit(model, project, path, book, frame) for path, frame in frames_of.models
            ),
            tuple(
                pool.submit(drift, project.root, path, reference, frame)
                for (path, reference), frame in frames_of.drifts
            ),
        )


@dataclass(frozen=True, slots=True)
class Frames:
    """The frames of the parts of a site.

    Attributes:
        models: Path and frame of each packaged model.
        drifts: Table, reference and frame of each comparison.
    """

    models: tuple[tuple[str, Frame], ...]
    drifts: tuple[tuple[tuple[str, str], Frame], ...]


@dataclass(frozen=True, slots=True)
class Parts:
    """The parts of a site in the making.

    Attributes:
        models: Of each packaged model.
        drifts: Of each table that has a reference.
    """

    models: "tuple[Future[Part], ...]"
    drifts: "tuple[Future[Part], ...]"

    def done(self) -> tuple[tuple[Part, ...], tuple[Part, ...]]:
        """The parts, once all are made: models, and drifts."""
        return _results(self.models), _results(self.drifts)


def _results(futures: "Iterable[Future[Part]]") -> tuple[Part, ...]:
    return tuple(one.result() for one in futures)


def model(project: Project, path: str, book: Book, frame: Frame) -> Part:
    """The page of a packaged model; one that cannot be read says why."""
    from stagebook.model import gate
    from stagebook.record.lineage import tracing
    from stagebook.report.site import model_page

    try:
        passage = gate.pass_through(project.root / path, gate.Policy())
    except StagebookError as error:
        return _failed(path, frame, error)
    try:
        trace = tracing.trace(project, path, project.root, at=None, down=False)
    except StagebookError:  # a package that was copied here
        trace = None
    text = model_page.render(passage, trace, book, frame)
    state, mark = ("refused", "bad") if passage.refusals else ("can be loaded", "good")
    words = tuple(plain(one.message, 200) for one in passage.refusals)
    return Part(Line(plain(passage.manifest.name), frame.page, state, mark, words), text)


def drift(root: Path, path: str, reference: str, frame: Frame) -> Part:
    """The page of a table held against its reference; one that cannot be says why."""
    from stagebook.contracts.drift.drift import drift as compared
    from stagebook.contracts.drift.reference import open_batch, open_reference
    from stagebook.report import drift_page, drift_words

    try:
        held = open_reference(root, reference)
        found = compared(held, open_batch(root, path, held))
    except StagebookError as error:
        return _failed(path, frame, error)
    text = frames.render(
        "site/drift.html",
        frame,
        f"Drift of {plain(path)}",
        style=drift_page.STYLE,
        path=path,
        data=places.data(path),
        **drift_page.shown(found, reference, path),
    )
    names = tuple(plain(one.name) for one in found.drifted)
    mark = "bad" if found.drifted or found.missing else "good"
    words = (", ".join(names),) if names else ()
    state = f"{drift_words.verdict(found)}, against {plain(reference)}"
    return Part(Line(plain(path), frame.page, state, mark, words), text)


def _failed(path: str, frame: Frame, error: StagebookError) -> Part:
    words = tuple(plain(f"{one.message} {one.hint}", 400) for one in error.problems)
    text = frames.render("site/trouble.html", frame, plain(path), words=words)
    return Part(Line(plain(path), frame.page, "cannot be shown", "bad", words), text)
