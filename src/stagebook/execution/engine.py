"""Runs a notebook, watches it, and ends it when it must not go on."""

import signal
import threading
import time
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Any

from stagebook.execution import exits, masked_notebook, orphans, outcome, papermill_engine
from stagebook.execution.markers import POSITION
from stagebook.execution.outcome import CellError, Ending, Outcome
from stagebook.execution.papermill_engine import (
    NotebookTask,
    Watch,
)
from stagebook.execution.progress import Progress
from stagebook.execution.signals import Stop
from stagebook.execution.start import KernelProcess
from stagebook.notebook.lean import lean_import
from stagebook.pipeline.dvc import Caller
from stagebook.project.errors import Where
from stagebook.project.text import without_colours

_ATTEMPTS = 50  # a tenth of a second each


def execute(
    task: NotebookTask,
    kernel: KernelProcess,
    progress: Progress,
    stop: Stop,
    spared: Callable[[], Collection[int]],
) -> Ending:
    """Runs a notebook from its first cell to its last, or to the first that fails.

    papermill runs in a thread of its own; this one waits, shows progress, and stops the kernel
    on SIGINT, SIGTERM or SIGHUP, at the time limit, or when the DVC that started it is gone.
    In any case, the task's target holds the notebook as far as it got, and none of its processes
    is left, unless the task keeps the kernel.

    Args:
        task: The notebook.
        kernel: Its kernel, which has been started.
        progress: Shows each cell that starts.
        stop: Whether a stop is requested.
        spared: Returns the processes that were started meanwhile and go on.
    """
    watch = Watch()
    others = set(orphans.children())
    is_kept = False
    try:
        ending = _execute(task, kernel, progress, stop, watch)
        is_kept = bool(task.keeps and task.keeps(ending) and not stop.requested)
        return ending
    finally:
        if task.keeps and not is_kept:
            kernel.end()
        if watch.finished.is_set():
            # the guard ends by itself, once its journal is complete
            orphans.end_all_but(others | {kernel.guard} | set(spared()))


def _execute(
    task: NotebookTask, kernel: KernelProcess, progress: Progress, stop: Stop, watch: Watch
) -> Ending:
    before = outcome.oom_kills()
    thread = threading.Thread(
        target=papermill_engine.run,
        args=(task, kernel, watch, progress),
        daemon=True,
    )
    thread.start()
    if _ended_early(watch, kernel, task.time_limit, progress, stop):
        return outcome.of_stop(stop.reason, task.time_limit, task.notebook, watch.cell)
    if isinstance(watch.error, OSError) and watch.error.errno in outcome.FULL_DISK:
        task.make_room()
        text = lean_import("nbformat").writes(watch.node)
        masked_notebook.MaskedWriter(task.masks).write(text, str(task.target))
        return outcome.of_full_disk(watch.error, Where(task.notebook, watch.cell))
    if watch.error is None and (cell := _not_completed(watch.node)):
        return outcome.of_exit(task.notebook, cell)
    return _classify(watch, kernel.ending, outcome.oom_kills() > before, task.notebook)


def _ended_early(
    watch: Watch, kernel: KernelProcess, limit: float | None, progress: Progress, stop: Stop
) -> bool:
    """Waits for the end of a run; ends it at the time limit, or if a stop is requested."""
    deadline = time.monotonic() + limit if limit else None
    caller, late, attempts = Caller.of_this_process(), False, 0
    while not watch.finished.wait(0.1):
        progress.tick()
        late = late or bool(deadline and time.monotonic() > deadline)
        if caller.is_gone:
            stop.reason = signal.SIGHUP
        if late or stop.requested:
            attempts += 1
            orphans.end(kernel.guard, firmly=attempts > _ATTEMPTS)
    return late or stop.requested


def _not_completed(node: Any) -> int | None:
    """The first cell that did not complete without an error: it called ``exit``."""
    for cell in node.cells:
        status = cell.metadata.get("papermill", {}).get("status", "completed")
        if cell.cell_type == "code" and cell.source.strip() and status != "completed":
            return int(cell.metadata.get(POSITION, 1))
    return None


def _classify(watch: Watch, ending: Path, oom_killed: bool, notebook: str) -> Ending:
    from nbclient.exceptions import DeadKernelError
    from papermill.exceptions import PapermillExecutionError

    match watch.error:
        case None:
            return Ending(Outcome.DONE)
        case PapermillExecutionError() as error:
            failure = _shown_error(watch.node, error.traceback) or watch.failure
            assert failure is not None
            return outcome.of_cell_error(failure, notebook)
        case RecursionError():
            return outcome.of_deep_output(notebook, watch.cell)
        case DeadKernelError() | RuntimeError():
            code, _ = exits.read(ending)
            return outcome.of_dead_kernel(code, oom_killed, notebook, watch.cell)
    raise watch.error


def _shown_error(node: Any, traceback: list[str]) -> CellError | None:
    """The error that a cell shows, in the cell that shows it.

    This may not be the last cell: papermill continues after a cell that may raise.
    """
    for cell in node.cells:
        for output in cell.get("outputs", ()):
            if output.output_type == "error" and output.traceback == traceback:
                text = without_colours("\n".join(traceback))
                position = int(cell.metadata.get(POSITION, 1))
                return CellError(output.ename, output.evalue, text, position)
    return None
