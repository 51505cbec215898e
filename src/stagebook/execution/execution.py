"""One run of one stage: executes a job, and holds the result."""

import dataclasses
import datetime
import json
import sys
import time
from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from stagebook.data.inspection import Inspection
from stagebook.execution import engine, exits, kernel
from stagebook.execution.contacts import Contact
from stagebook.execution.job import Job
from stagebook.execution.markers import MEMORY, POSITION
from stagebook.execution.outcome import CellRun, Ending, Outcome
from stagebook.execution.papermill_engine import NotebookTask
from stagebook.execution.progress import Progress
from stagebook.execution.sandbox import Sandbox, empty_store
from stagebook.execution.signals import Stop
from stagebook.execution.start import KernelProcess
from stagebook.notebook.cells import Notebook
from stagebook.notebook.document import parse_node
from stagebook.notebook.lean import lean_import
from stagebook.notebook.source import SKIPPED
from stagebook.project import ancestry
from stagebook.project.errors import Problem
from stagebook.project.project import Project


@dataclass(frozen=True, slots=True)
class Execution:
    """The result of one job.

    Attributes:
        job: The job.
        ending: How it ended.
        started: When, in UTC.
        seconds: How long it took.
        cells: Its code cells.
        tables: The inspections of its tables.
        is_warm: Whether the runner or the kernel is a fork of a warm process.
        contacts: What it touched outside its project.
        is_kept: Whether its kernel stays, so that a person can go on there.
    """

    job: Job
    ending: Ending
    started: datetime.datetime
    seconds: float
    cells: tuple[CellRun, ...] = ()
    tables: tuple[Inspection, ...] = ()
    is_warm: bool = False
    contacts: tuple[Contact, ...] = ()
    is_kept: bool = False

    def ended(self, ending: Ending, tables: tuple[Inspection, ...] = ()) -> "Execution":
        """This execution with another ending, and with inspections of more tables."""
        return dataclasses.replace(self, ending=ending, tables=(*self.tables, *tables))

    def noted(self, *problems: Problem) -> "Execution":
        """This execution with problems that do not change how it ended."""
        ending = dataclasses.replace(self.ending, problems=(*self.ending.problems, *problems))
        return dataclasses.replace(self, ending=ending)


def unstarted(job: Job) -> Execution:
    """The execution of a job before its start, without problems."""
    return Execution(job, Ending(Outcome.DONE), datetime.datetime.now(datetime.UTC), 0.0)


def execute(
    ready: Execution,
    project: Project,
    sandbox: Sandbox,
    process: KernelProcess,
    progress: Progress,
    stop: Stop,
    spared: Callable[[], Collection[int]] = tuple,
    keeps: Callable[[Ending], bool] | None = None,
    before: int | None = None,
) -> Execution:
    """Runs a job in its sandbox; how it ended is a value, not an exception.

    Args:
        ready: The job, whose inputs may be read.
        project: The project.
        sandbox: The sandbox of the kernel.
        process: The kernel.
        progress: Is called as the run proceeds.
        stop: Whether a stop is requested.
        spared: Returns the processes that were started meanwhile and go on after the run.
        keeps: Whether the kernel stays after an ending; None if it never stays.
        before: Position of the cell before which the run stops; None for the whole notebook.
    """
    job, clock = ready.job, time.monotonic()
    started = datetime.datetime.now(datetime.UTC)
    if version := dict(job.source.distributions).get("mlflow-skinny"):
        sandbox.give_store(empty_store(project.state, version))
    task = NotebookTask(
        _with_positions(job.notebook, sandbox.folder / "input.ipynb", before),
        sandbox.executed,
        sandbox.whole_outputs,
        job.values,
        job.notebook.path,
        job.settings.time_limit,
        sandbox.clear_files,
        job.masks,
        keeps,
    )
    ending = job.masks.hide_all(engine.execute(task, process, progress, stop, spared))
    seconds = time.monotonic() - clock
    cells_run = _cell_runs(sandbox.executed, ending, process.ending)
    is_warm = ancestry.is_fork() or process.is_warm
    return Execution(job, ending, started, seconds, cells_run, ready.tables, is_warm)


def _with_positions(notebook: Notebook, target: Path, before: int | None) -> Path:
    """Writes the notebook for papermill, each cell with its position in the original.

    Args:
        notebook: The notebook.
        target: Where it goes.
        before: Position of the first cell that is left out, with those after it; None for none.
    """
    nbformat = lean_import("nbformat")
    node = parse_node(notebook.text, notebook.path)
    node.cells = node.cells[: before - 1 if before else None]
    for position, cell in enumerate(node.cells, start=1):
        cell.metadata[POSITION] = position
        cell.metadata.pop(MEMORY, None)  # of an earlier execution, or whatever a person put there
        cell.setdefault("id", f"cell-{position}")  # all cells have one, or none has
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    node.metadata.setdefault("kernelspec", {"name": kernel.NATIVE, "display_name": "Python 3"})
    node.metadata.setdefault("language_info", {"name": "python"})
    node.nbformat_minor = max(node.nbformat_minor, 5)
    target.write_text(nbformat.writes(node), encoding="utf-8")
    return target


def _cell_runs(executed: Path, ending: Ending, kernels_end: Path) -> tuple[CellRun, ...]:
    """The result of each code cell, from papermill's metadata, with their gaps filled.

    Args:
        executed: What papermill wrote.
        ending: How the execution ended.
        kernels_end: What the kernel's guard wrote.
    """
    try:
        document = json.loads(executed.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return ()  # papermill had written nothing yet, or was killed while it wrote
    cell_metadata = (cell["metadata"] for cell in document["cells"] if cell["cell_type"] == "code")
    runs = [_cell_run(item) for item in cell_metadata if item.get("papermill", {}).get("status")]
    if ending.cell is None:
        return tuple(runs)
    return tuple(_last(run, kernels_end) if run.position == ending.cell else run for run in runs)


def _cell_run(metadata: dict[str, Any]) -> CellRun:
    report = metadata["papermill"]
    seconds, status = report.get("duration"), report["status"]
    if SKIPPED in metadata.get("tags", ()):
        return CellRun(metadata.get(POSITION), None, "skipped")
    if seconds is None:  # papermill calls cells that it did not reach completed
        status = "pending"
    return CellRun(metadata.get(POSITION), seconds, status, metadata.get(MEMORY))


def _last(run: CellRun, kernels_end: Path) -> CellRun:
    """The cell that an execution ended in; if its kernel is dead, the guard knows its memory."""
    memory = run.memory
    if memory is None and sys.platform == "linux":
        _, memory = exits.read(kernels_end)
    return dataclasses.replace(run, status="failed", memory=memory)
