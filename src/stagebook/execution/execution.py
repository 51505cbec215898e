"""One run of one stage: executes a job, and holds the result."""

import dataclasses
import datetime
import json
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from stagebook.data.inspection import Inspection
from stagebook.execution import engine, exits, kernel, leftovers, warm_kernel
from stagebook.execution.job import Job
from stagebook.execution.outcome import CellRun, Ending, Outcome
from stagebook.execution.papermill_engine import MEMORY, POSITION, Launch, NotebookTask, Progress
from stagebook.execution.sandbox import EXECUTIONS, Sandbox, empty_store
from stagebook.execution.signals import Stop
from stagebook.execution.warm_kernel import WarmKernel
from stagebook.notebook.cells import Notebook
from stagebook.notebook.distributions import Installed
from stagebook.notebook.document import parse_node
from stagebook.notebook.lean import lean_import
from stagebook.notebook.source import SKIPPED
from stagebook.project import ancestry
from stagebook.project.errors import Problem
from stagebook.project.project import Project

_MATPLOTLIB = "matplotlibrc"


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
    """

    job: Job
    ending: Ending
    started: datetime.datetime
    seconds: float
    cells: tuple[CellRun, ...] = ()
    tables: tuple[Inspection, ...] = ()
    is_warm: bool = False

    def ended(self, ending: Ending, tables: tuple[Inspection, ...] = ()) -> "Execution":
        """This execution with another ending, and with inspections of more tables."""
        return dataclasses.replace(self, ending=ending, tables=(*self.tables, *tables))

    def noted(self, *problems: Problem) -> "Execution":
        """This execution with problems that do not change how it ended."""
        ending = dataclasses.replace(self.ending, problems=(*self.ending.problems, *problems))
        return dataclasses.replace(self, ending=ending)


def folder(project: Project, job: Job) -> Path:
    """The folder that an execution works in."""
    return project.state / EXECUTIONS / job.id


def code_folders(project: Project, job: Job) -> tuple[Path, ...]:
    """Folders that an execution imports local modules from: those of its sandbox, in order."""
    files = Sandbox.of(job.files, folder(project, job), (), ()).files
    return tuple(files / name for name in job.snapshot.folders)


def unstarted(job: Job) -> Execution:
    """The execution of a job before its start, without problems."""
    return Execution(job, Ending(Outcome.DONE), datetime.datetime.now(datetime.UTC), 0.0)


def execute(
    ready: Execution, project: Project, sandbox: Sandbox, progress: Progress, stop: Stop
) -> Execution:
    """Runs a job in its sandbox; how it ended is a value, not an exception.

    Raises:
        StagebookError: The kernel that the notebook names is not available.
    """
    job, clock = ready.job, time.monotonic()
    started = datetime.datetime.now(datetime.UTC)
    spec, note = kernel.choose(job.notebook, job.settings, job.signature.where)
    if note:
        progress.note(note)
    own_folders = tuple(project.root / folder for folder in job.snapshot.folders)
    # the project's own folders come last: a module found only there is refused by name
    code = (*code_folders(project, job), *own_folders)
    if version := dict(job.source.distributions).get("mlflow-skinny"):
        sandbox.give_store(empty_store(project.state, version))
    source = _with_positions(job.notebook, sandbox.folder / "input.ipynb")
    task = NotebookTask(
        source,
        sandbox.executed,
        job.values,
        job.notebook.path,
        job.settings.time_limit,
        sandbox.clear_files,
        job.masks,
    )
    modules = tuple(job.snapshot.modules)
    with leftovers.sockets() as short:
        home = Path(job.notebook.path).parent.as_posix()
        limits = kernel.build_policy(
            sandbox, short, modules, own_folders, home, job.settings.memory_limit
        )
        policy_file = sandbox.folder / "policy.json"
        limits.write(policy_file)
        environment = kernel.environment(
            sandbox, job.id, job.settings.threads, code, project.settings.name
        )
        warm = _start_warm(project, job, environment)
        launch = Launch(
            kernel.manager(spec, policy_file, short, warm),
            environment,
            sandbox.files,
            Path(limits.ending),
        )
        ending = job.masks.hide_all(engine.execute(task, launch, progress, stop))
        if launch.not_warm:
            progress.note(f"The kernel was started without a warm process: {launch.not_warm}.")
    seconds = time.monotonic() - clock
    cells_run = _cell_runs(sandbox.executed, ending, Path(limits.ending))
    is_warm = ancestry.is_fork() or (warm is not None and not launch.not_warm)
    return Execution(job, ending, started, seconds, cells_run, ready.tables, is_warm)


def _start_warm(project: Project, job: Job, environment: Mapping[str, str]) -> WarmKernel | None:
    """Starts the zygote of a job's kernel, and that of the stage after it; None for a cold one.

    To be called before this process adopts orphans, which zygotes become.
    """
    if _MATPLOTLIB in job.signature.inputs:  # which matplotlib reads when it is imported
        return None
    warm = WarmKernel.of(project, job.snapshot, Installed.remembered(project.state))
    if warm:
        warm.start(environment)
        if following := warm_kernel.after(project.state, job.stage):
            following.start(kernel.lasting_environment(following.threads))
    return warm


def _with_positions(notebook: Notebook, target: Path) -> Path:
    """Writes the notebook for papermill, each cell with its position in the original."""
    nbformat = lean_import("nbformat")
    node = parse_node(notebook.text, notebook.path)
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
