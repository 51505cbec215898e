"""Kernels for a person: one that stops before a failed cell, and the end of all kept ones."""

from collections.abc import Callable, Mapping

from stagebook.execution import execution, kept, papermill_engine
from stagebook.execution.kept import KeptKernel
from stagebook.execution.outcome import Ending
from stagebook.execution.progress import Progress
from stagebook.execution.start import KernelProcess
from stagebook.history.history import History
from stagebook.pipeline import dvc, notebooks
from stagebook.project.errors import Problem, StagebookError, Where
from stagebook.project.project import Project
from stagebook.record.record import Record
from stagebook.workflow import building
from stagebook.workflow.executing import StartedJob, write_materials


def debug(
    project: Project,
    stage: str,
    overrides: Mapping[str, str],
    cell: int | None,
    idle: float,
    progress: Progress,
    show: Callable[[Ending, KeptKernel], None],
) -> Ending:
    """Runs a stage up to a cell, and holds its kernel for a person; nothing is recorded.

    Args:
        project: The project.
        stage: The stage's name, or its notebook's.
        overrides: Values given with ``-P``, as text.
        cell: Position of the cell to stop before; None for the one that failed last.
        idle: Seconds without a message after which the kernel ends.
        progress: Is called as the run proceeds.
        show: Is called once the kernel can be attached to, with how the earlier cells ended.

    Returns:
        How the cells before ended.

    Raises:
        StagebookError: No cell failed and none is named, or the stage cannot start.
    """
    name = notebooks.stage_named(project, stage)
    position = cell or _failed_cell(project, name)
    with building.starting(project, name, overrides, progress) as started:
        try:
            ending = _run_before(started, position)
            _hold(started, ending, position, idle, show)
        finally:
            started.end_kernel()
            started.sandbox.clear()
    return ending


def stop(project: Project) -> tuple[str, ...]:
    """Ends the kept kernels of a project; returns their stages."""
    return kept.stop_all(project.state)


def _run_before(started: StartedJob, position: int) -> Ending:
    """Runs the cells before a position; the kernel stays, if it lives."""
    project, job, sandbox = started.project, started.job, started.sandbox
    if isinstance(started.kernel, Exception):
        raise started.kernel
    papermill_engine.load()
    if job.packages:
        inputs = dvc.hash_paths(project.root, map(job.files.input, job.signature.inputs))
        write_materials(project, job, inputs, sandbox)
    ready = execution.unstarted(job)
    return execution.execute(
        ready,
        project,
        sandbox,
        started.kernel,
        started.progress,
        started.stop,
        keeps=lambda _: True,
        before=position,
    ).ending


def _hold(
    started: StartedJob,
    ending: Ending,
    position: int,
    idle: float,
    show: Callable[[Ending, KeptKernel], None],
) -> None:
    kernel, sandbox = started.kernel, started.sandbox
    assert isinstance(kernel, KernelProcess)
    if kernel.process.poll() is not None or started.stop.requested:
        return
    cell = ending.cell or position
    with kept.offered(kernel, sandbox.folder, started.job.stage, cell, idle) as own:
        show(ending, own)
        kept.hold(kernel, idle, started.stop)


def _failed_cell(project: Project, stage: str) -> int:
    """The cell in which the newest execution of a stage failed.

    Raises:
        StagebookError: It did not fail in a cell, or there is none.
    """
    with History.open(project.state) as history:
        newest = history.last(stage, 1)
    cell = _cell(newest[0]) if newest else None
    if cell is None:
        happened = f"The last execution of {stage} did not fail in a cell."
        message = happened if newest else f"The stage {stage} has no execution yet."
        hint = (
            f"Name the cell to stop before: stagebook debug {stage} --cell N. Or keep the kernel "
            f"when a cell fails: stagebook run {stage} --keep-kernel"
        )
        where = Where(newest[0].notebook) if newest else None
        raise StagebookError(Problem("no-failed-cell", message, hint, where))
    return cell


def _cell(record: Record) -> int | None:
    """The cell in which an execution ended without success."""
    if record.done:
        return None
    failed = (run.position for run in record.volatile.cells if run.status == "failed")
    named = (problem.where.cell for problem in record.problems if problem.where)
    return next((cell for cell in (*failed, *named) if cell), None)
