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

from stagebook.history.project_status import ProjectStatus
from stagebook.history.verdict import Grade
from stagebook.project.errors import StagebookError
from stagebook.project.project import Project
from stagebook.project.text import plain
from stagebook.report import frame as frames
from stagebook.report.frame import Frame
from stagebook.report.site import places
from stagebook.report.site.line import MARKS, ListLine

if TYPE_CHECKING:
    from stagebook.data.drift.drift import Drift
    from stagebook.model.verification import VerificationReport

_MOST = 2


@dataclass(frozen=True, slots=True)
class Part:
    """A page with the line that the front page has for it.

    Attributes:
        line: The line.
        text: The page.
    """

    line: ListLine
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
class PartTask:
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

    models: tuple[PartTask, ...] = ()
    drifts: tuple[PartTask, ...] = ()

    def results(self) -> tuple[tuple[Part, ...], tuple[Part, ...]]:
        """The parts, once all are made: models, and drifts."""
        return tuple(task.part() for task in self.models), tuple(
            part_task.part() for part_task in self.drifts
        )


@contextmanager
def started(project: Project, status: ProjectStatus, page_frames: Frames) -> Iterator[Parts]:
    """Begins with the parts of a site, for as long as the block lasts."""
    models = [partial(model, project, path, status, frame) for path, frame in page_frames.models]
    drifts = [partial(drift, project.root, *pair, frame) for pair, frame in page_frames.drifts]
    workers = min(_MOST, len(models) + len(drifts), os.cpu_count() or 1)
    if not workers:
        yield Parts()
        return
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        sides = [[PartTask(work, pool.submit(work)) for work in side] for side in (models, drifts)]
        yield Parts(*map(tuple, sides))


def model(project: Project, path: str, status: ProjectStatus, frame: Frame) -> Part:
    """The page of a packaged model; if it cannot be read, the page says why."""
    from stagebook.history.lineage import tracing
    from stagebook.report.site import model_page

    try:
        report = _verification(project.root, path)
    except StagebookError as error:
        return _failed(path, frame, error)
    try:
        trace = tracing.trace(project, path, project.root, at=None, down=False)
    except StagebookError:  # a package that was copied here
        trace = None
    return Part(of_model(report, frame.page), model_page.render(report, trace, status, frame))


def model_line(root: Path, path: str) -> ListLine:
    """The line of a packaged model, without its page."""
    try:
        return of_model(_verification(root, path), places.model(path))
    except StagebookError as error:
        return _trouble(path, places.model(path), error)


def _verification(root: Path, path: str) -> "VerificationReport":
    from stagebook.model import load_gate
    from stagebook.model.policy import Policy

    return load_gate.as_recorded(root / path, Policy())


def of_model(report: "VerificationReport", page: str) -> ListLine:
    """The line of a package that passed the gate, or not: as bad as its worst check."""
    from stagebook.report.site import model_page

    worst = report.worst
    checks = (check for check in report.checks if check.state is worst)
    problems = (problem for check in checks for problem in check.problems)
    words = tuple(plain(model_page.reason(problem), 200) for problem in problems)
    state, mark = model_page.STATES[worst], MARKS[model_page.GRADES[worst]]
    return ListLine(plain(report.manifest.name), page, state, mark, words)


def drift(root: Path, path: str, reference: str, frame: Frame) -> Part:
    """The page of a table compared with its reference; if that fails, the page says why."""
    from stagebook.report import drift_page

    try:
        result = _compared(root, path, reference)
    except StagebookError as error:
        return _failed(path, frame, error)
    text = frames.render(
        "site/drift.html",
        frame,
        f"Drift of {plain(path)}",
        style=drift_page.STYLE,
        path=path,
        data=places.data(path),
        **drift_page.shown(result, reference, path),
    )
    return Part(_of_drift(result, path, reference, frame.page), text)


def drift_line(root: Path, path: str, reference: str) -> ListLine:
    """The line of a table compared with its reference, without its page."""
    try:
        return _of_drift(_compared(root, path, reference), path, reference, places.drift(path))
    except StagebookError as error:
        return _trouble(path, places.drift(path), error)


def _compared(root: Path, path: str, reference: str) -> "Drift":
    from stagebook.data.drift.drift import drift as compared
    from stagebook.data.drift.reference import open_batch, open_reference

    opened = open_reference(root, reference, batch=path)
    return compared(opened, open_batch(root, path, opened))


def _of_drift(result: "Drift", path: str, reference: str, page: str) -> ListLine:
    from stagebook.report import drift_words

    names = tuple(plain(column.name) for column in result.drifted)
    grade = Grade.WARNINGS if result.drifted or result.missing else Grade.GOOD
    words = (", ".join(names),) if names else ()
    state = f"{drift_words.verdict(result)}, against {plain(reference)}"
    return ListLine(plain(path), page, state, MARKS[grade], words)


def _failed(path: str, frame: Frame, error: StagebookError) -> Part:
    line = _trouble(path, frame.page, error)
    text = frames.render("site/trouble.html", frame, line.name, words=line.words)
    return Part(line, text)


def _trouble(path: str, page: str, error: StagebookError) -> ListLine:
    words = tuple(plain(f"{problem.message} {problem.hint}", 400) for problem in error.problems)
    return ListLine(plain(path), page, "cannot be shown", MARKS[Grade.FAILED], words)
