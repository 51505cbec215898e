"""Pages whose making takes long, made by processes of their own beside the others."""

import os
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import TYPE_CHECKING

from stagebook.errors import StagebookError
from stagebook.project import Project
from stagebook.report import frame as frames
from stagebook.report.figures import plain
from stagebook.report.frame import Frame
from stagebook.report.site import places
from stagebook.report.site.book import Book
from stagebook.report.site.line import Line

if TYPE_CHECKING:
    from stagebook.contracts.drift.drift import Drift
    from stagebook.model.gate import Passage

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
class Task:
    """A part in the making.

    Attributes:
        work: Makes it.
        future: The same in another process.
    """

    work: Callable[[], Part]
    future: "Future[Part]"

    def part(self) -> Part:
        """The part, once it is made; here, if the other process was killed."""
        try:
            return self.future.result()
        except BrokenProcessPool:  # for want of memory, or the main program cannot be imported
            return self.work()


@dataclass(frozen=True, slots=True)
class Parts:
    """The parts of a site in the making.

    Attributes:
        models: Of each packaged model.
        drifts: Of each table that has a reference.
    """

    models: tuple[Task, ...] = ()
    drifts: tuple[Task, ...] = ()

    def done(self) -> tuple[tuple[Part, ...], tuple[Part, ...]]:
        """The parts, once all are made: models, and drifts."""
        return tuple(one.part() for one in self.models), tuple(one.part() for one in self.drifts)


@contextmanager
def started(project: Project, book: Book, asked: Frames) -> Iterator[Parts]:
    """Begins with the parts of a site, for as long as the block lasts."""
    models = [partial(model, project, path, book, frame) for path, frame in asked.models]
    drifts = [partial(drift, project.root, *pair, frame) for pair, frame in asked.drifts]
    workers = min(_MOST, len(models) + len(drifts), os.cpu_count() or 1)
    if not workers:
        yield Parts()
        return
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        sides = [[Task(work, pool.submit(work)) for work in side] for side in (models, drifts)]
        yield Parts(*map(tuple, sides))


def model(project: Project, path: str, book: Book, frame: Frame) -> Part:
    """The page of a packaged model; one that cannot be read says why."""
    from stagebook.record.lineage import tracing
    from stagebook.report.site import model_page

    try:
        passage = _passage(project.root, path)
    except StagebookError as error:
        return _failed(path, frame, error)
    try:
        trace = tracing.trace(project, path, project.root, at=None, down=False)
    except StagebookError:  # a package that was copied here
        trace = None
    return Part(of_model(passage, frame.page), model_page.render(passage, trace, book, frame))


def model_line(root: Path, path: str) -> Line:
    """What is to say of a packaged model, without its page."""
    try:
        return of_model(_passage(root, path), places.model(path))
    except StagebookError as error:
        return _trouble(path, places.model(path), error)


def _passage(root: Path, path: str) -> "Passage":
    from stagebook.model import gate

    return gate.pass_through(root / path, gate.Policy())


def of_model(passage: "Passage", page: str) -> Line:
    """The line of a package that passed the gate, or not: as bad as its worst check."""
    from stagebook.report.site import model_page

    worst = model_page.state(passage)
    told = (one for check in passage.checks if check.state is worst for one in check.problems)
    words = tuple(plain(one.message, 200) for one in told)
    state, mark = model_page.STATES[worst], model_page.MARKS[worst]
    return Line(plain(passage.manifest.name), page, state, mark, words)


def drift(root: Path, path: str, reference: str, frame: Frame) -> Part:
    """The page of a table held against its reference; one that cannot be says why."""
    from stagebook.report import drift_page

    try:
        found = _compared(root, path, reference)
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
    return Part(_of_drift(found, path, reference, frame.page), text)


def drift_line(root: Path, path: str, reference: str) -> Line:
    """What is to say of a table held against its reference, without its page."""
    try:
        return _of_drift(_compared(root, path, reference), path, reference, places.drift(path))
    except StagebookError as error:
        return _trouble(path, places.drift(path), error)


def _compared(root: Path, path: str, reference: str) -> "Drift":
    from stagebook.contracts.drift.drift import drift as compared
    from stagebook.contracts.drift.reference import open_batch, open_reference

    held = open_reference(root, reference)
    return compared(held, open_batch(root, path, held))


def _of_drift(found: "Drift", path: str, reference: str, page: str) -> Line:
    from stagebook.report import drift_words

    names = tuple(plain(one.name) for one in found.drifted)
    mark = "bad" if found.drifted or found.missing else "good"
    words = (", ".join(names),) if names else ()
    state = f"{drift_words.verdict(found)}, against {plain(reference)}"
    return Line(plain(path), page, state, mark, words)


def _failed(path: str, frame: Frame, error: StagebookError) -> Part:
    line = _trouble(path, frame.page, error)
    text = frames.render("site/trouble.html", frame, line.name, words=line.words)
    return Part(line, text)


def _trouble(path: str, page: str, error: StagebookError) -> Line:
    words = tuple(plain(f"{one.message} {one.hint}", 400) for one in error.problems)
    return Line(plain(path), page, "cannot be shown", "bad", words)
