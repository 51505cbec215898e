"""One run of one stage: a job carried out, and what came of it."""

import dataclasses
import datetime
import json
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from stagebook.contracts.inspection import Inspection
from stagebook.execution import engine, kernel
from stagebook.execution.engine import MEMORY, POSITION, Launch, Progress, Task
from stagebook.execution.job import Job
from stagebook.execution.outcome import Ending, Outcome
from stagebook.execution.sandbox import EXECUTIONS, Sandbox, empty_store
from stagebook.execution.signals import Stop
from stagebook.notebook import cells
from stagebook.notebook.cells import Notebook
from stagebook.notebook.lean import lean_import
from stagebook.notebook.source import code_folders
from stagebook.project import Project


@dataclass(frozen=True, slots=True)
class CellRun:
    """One code cell of an execution.

    Attributes:
        position: Its position in the notebook that a person edits; None for injected ones.
        seconds: How long it took; None if it was not reached.
        status: ``completed``, ``failed`` if the execution ended in it, ``pending`` if it was not
            reached.
        memory: Bytes of memory that the kernel had at the most while it ran; None where the
            system does not tell.
    """

    position: int | None
    seconds: float | None
    status: str
    memory: int | None = None


@dataclass(frozen=True, slots=True)
class Execution:
    """What came of one job.

    Attributes:
        job: The job.
        ending: How it ended.
        started: When, in UTC.
        seconds: How long it took.
        cells: Its code cells.
        tables: What was found out about its tables.
    """

    job: Job
    ending: Ending
    started: datetime.datetime
    seconds: float
    cells: tuple[CellRun, ...] = ()
    tables: tuple[Inspection, ...] = ()

    def ended(self, ending: Ending, tables: tuple[Inspection, ...] = ()) -> "Execution":
        """This execution with another ending, and with what was found out of more tables."""
        return dataclasses.replace(self, ending=ending, tables=(*self.tables, *tables))


def folder(project: Project, job: Job) -> Path:
    """The folder that an execution works in."""
    return project.state / EXECUTIONS / job.id


def unstarted(job: Job) -> Execution:
    """A job of which nothing has been run, and with which nothing is wrong so far."""
    return Execution(job, Ending(Outcome.DONE), datetime.datetime.now(datetime.UTC), 0.0)


def execute(
    ready: Execution, project: Project, sandbox: Sandbox, progress: Progress, stop: Stop
) -> Execution:
    """Runs a job in its sandbox; how it ended is a value, not an exception.

    Raises:
        StagebookError: The kernel that the notebook names is not to be had.
    """
    job, clock = ready.job, time.monotonic()
    started = datetime.datetime.now(datetime.UTC)
    spec = kernel.choose(job.notebook.kernel, job.settings, job.signature.where)
    code = code_folders(job.notebook.path, project)
    modules = tuple(path for path, _ in job.source.modules)
    if version := dict(job.source.distributions).get("mlflow"):
        sandbox.give_store(empty_store(project.state, version))
    source = _with_positions(job.notebook, project.root, sandbox.folder / "input.ipynb")
    task = Task(
        source,
        sandbox.executed,
        job.values,
        job.notebook.path,
        job.settings.time_limit,
        sandbox.clear_files,
        job.masks,
    )
    with kernel.sockets_folder() as sockets:
        short = Path(sockets)
        limits = kernel.build_walls(sandbox, short, modules, code, job.settings.memory_limit)
        walls = sandbox.folder / "walls.json"
        limits.write(walls)
        launch = Launch(
            kernel.manager(spec, walls, short),
            kernel.environment(sandbox, job.id, job.settings.threads, code, project.settings.name),
            sandbox.files,
            Path(limits.ending),
        )
        ending = job.masks.hide_all(engine.execute(task, launch, progress, stop))
    seconds = time.monotonic() - clock
    cells_run = _cell_runs(sandbox.executed, ending, Path(limits.ending))
    return Execution(job, ending, started, seconds, cells_run, ready.tables)


def _with_positions(notebook: Notebook, root: Path, target: Path) -> Path:
    """Writes the notebook for papermill, each cell with its position in the original."""
    nbformat = lean_import("nbformat")
    node = cells.parse_node((root / notebook.path).read_text(encoding="utf-8"), notebook.path)
    for position, cell in enumerate(node.cells, start=1):
        cell.metadata[POSITION] = position
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    node.metadata.setdefault("kernelspec", {"name": kernel.NATIVE, "display_name": "Python 3"})
    node.metadata.setdefault("language_info", {"name": "python"})
    node.nbformat_minor = max(node.nbformat_minor, 5)
    nbformat.validator.normalize(node)
    target.write_text(nbformat.writes(node), encoding="utf-8")
    return target


def _cell_runs(executed: Path, ending: Ending, kernels_end: Path) -> tuple[CellRun, ...]:
    """What became of each code cell, as papermill says, but for what it glosses over.

    Args:
        executed: What papermill wrote.
        ending: How the execution ended.
        kernels_end: What the kernel's guard wrote.
    """
    try:
        document = json.loads(executed.read_text(encoding="utf-8"))
    except (FileNotFoundError, json.JSONDecodeError):
        return ()  # it ended before papermill wrote anything, or while it wrote
    told = (cell["metadata"] for cell in document["cells"] if cell["cell_type"] == "code")
    runs = [_cell_run(one) for one in told if one.get("papermill", {}).get("status")]
    if ending.cell is None:
        return tuple(runs)
    return tuple(_last(one, kernels_end) if one.position == ending.cell else one for one in runs)


def _cell_run(metadata: dict[str, Any]) -> CellRun:
    told = metadata["papermill"]
    seconds, status = told.get("duration"), told["status"]
    if seconds is None:  # papermill says of what it did not reach that it is completed
        status = "pending"
    return CellRun(metadata.get(POSITION), seconds, status, metadata.get(MEMORY))


def _last(run: CellRun, kernels_end: Path) -> CellRun:
    """The cell that an execution ended in; if its kernel is dead, the guard knows its memory."""
    memory = run.memory
    if memory is None and sys.platform == "linux" and kernels_end.exists():
        memory = int(kernels_end.read_text(encoding="utf-8").split()[1])
    return dataclasses.replace(run, status="failed", memory=memory)
