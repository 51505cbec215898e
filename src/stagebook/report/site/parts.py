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
from stagebook.report.site import monitor_part, places
from stagebook.report.site.line import MARKS, ListLine
from stagebook.report.site.monitor_part import Monitor
from stagebook.report.site.part import Part, failed, trouble

if TYPE_CHECKING:
    from stagebook.data.drift.drift import Drift
    from stagebook.model.verification import VerificationReport

_MOST = 2


@dataclass(frozen=True, slots=True)
class Frames:
    """The frames of the parts of a site.

    Attributes:
        models: Path and frame of each packaged model.
        drifts: Table, reference and frame of each comparison.
        monitors: What gives the status of a deployed model, and its frame.
    """

    models: tuple[tuple[str, Frame], ...]
    drifts: tuple[tuple[tuple[str, str], Frame], ...]
    monitors: tuple[tuple[Monitor, Frame], ...] = ()


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
class MadeParts:
    """The parts of a site.

    Attributes:
        models: Of each packaged model.
        drifts: Of each table that has a reference.
        monitors: Of the deployed model.
    """

    models: tuple[Part, ...] = ()
    drifts: tuple[Part, ...] = ()
    monitors: tuple[Part, ...] = ()

    @property
    def all(self) -> tuple[Part, ...]:
        """Each of them."""
        return (*self.models, *self.drifts, *self.monitors)


@dataclass(frozen=True, slots=True)
class Parts:
    """The parts of a site in the making.

    Attributes:
        tasks: The sides of ``MadeParts``, in their order.
    """

    tasks: tuple[tuple[PartTask, ...], ...] = ()

    def results(self) -> MadeParts:
        """The parts, once all are made."""
        return MadeParts(*(tuple(task.part() for task in side) for side in self.tasks))


@contextmanager
def started(project: Project, status: ProjectStatus, page_frames: Frames) -> Iterator[Parts]:
    """Begins with the parts of a site, for as long as the block lasts."""
    works: tuple[list[Callable[[], Part]], ...] = (
        [partial(model, project, path, status, frame) for path, frame in page_frames.models],
        [partial(drift, project.root, *pair, frame) for pair, frame in page_frames.drifts],
        [
            partial(monitor_part.render, project, status, frame, monitor)
            for monitor, frame in page_frames.monitors
        ],
    )
    workers = min(_MOST, sum(map(len, works)), os.cpu_count() or 1)
    if not workers:
        yield Parts()
        return
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        yield Parts(
            tuple(tuple(PartTask(work, pool.submit(work)) for work in side) for side in works)
        )


def model(project: Project, path: str, status: ProjectStatus, frame: Frame) -> Part:
    """The page of a packaged model; if it cannot be read, the page says why."""
    from stagebook.history.lineage import tracing
    from stagebook.report.site import model_page

    try:
        report = _verification(project.root, path)
    except StagebookError as error:
        return failed(path, frame, error)
    try:
        trace = tracing.trace(project, path, project.root, at=None, down=False)
    except StagebookError:  # a package that was copied here
        trace = None
    return Part(
        of_model(report, frame.page),
        model_page.render(report, trace, status, frame, monitor_part.is_of(project, path)),
    )


def model_line(root: Path, path: str) -> ListLine:
    """The line of a packaged model, without its page."""
    try:
        return of_model(_verification(root, path), places.model(path))
    except StagebookError as error:
        return trouble(path, places.model(path), error)


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
        return failed(path, frame, error)
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
        return trouble(path, places.drift(path), error)


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
