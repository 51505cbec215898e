"""A run from the start of its kernel on: inspected, executed, recorded.

What is imported here is imported while the kernel starts.
"""

import contextlib
import dataclasses
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from stagebook.execution import contacts, declarations, execution, kept, papermill_engine, tables
from stagebook.execution.declared_files import DeclaredFiles
from stagebook.execution.execution import Execution
from stagebook.execution.job import Job
from stagebook.execution.kept import KeptKernel
from stagebook.execution.outcome import Ending, Outcome, of_killed_runner, of_stop
from stagebook.execution.progress import Progress
from stagebook.execution.sandbox import Sandbox
from stagebook.execution.signals import Stop, StoppedError
from stagebook.execution.start import KernelProcess
from stagebook.execution.tables import Tables
from stagebook.pipeline import dvc, dvc_file, git, notebooks
from stagebook.pipeline.dvc import HashedPath
from stagebook.pipeline.git_command import GitFailure, GitReason
from stagebook.project import ancestry
from stagebook.project.errors import Problem, StagebookError
from stagebook.project.files import write_whole
from stagebook.project.project import Project, without_credentials
from stagebook.record import drafting
from stagebook.record.record import Record
from stagebook.record.spool import Leftovers, Spool, write_record
from stagebook.tracking import courier, late_delivery
from stagebook.tracking.courier import Courier, Delivery
from stagebook.workflow import settling
from stagebook.workflow.meanwhile import Meanwhile


@dataclass(frozen=True, slots=True)
class Run:
    """The result of ``stagebook run``.

    Attributes:
        record: The record of the execution.
        ending: How it ended.
        pages: The executed notebook and its page; empty if papermill wrote no notebook.
        delivery: The result of the delivery to MLflow.
        leftovers: What earlier killed runs left behind.
        files: Where its declared files are.
        git_failure: Why the record has no commit, if no earlier stage of this build reported it.
        warnings: What a person should know about the run.
    """

    record: Record
    ending: Ending
    pages: tuple[Path, ...]
    delivery: Delivery
    leftovers: Leftovers
    files: DeclaredFiles
    git_failure: GitFailure | None = None
    warnings: tuple[Problem, ...] = ()


@dataclass(frozen=True, slots=True)
class Keeping:
    """A kernel that stays after a failed cell.

    Attributes:
        idle: Seconds without a message after which it ends.
        show: Is called with the run, once the kernel can be attached to.
    """

    idle: float
    show: Callable[[Run, KeptKernel], None]


@dataclass(frozen=True, slots=True)
class StartedJob:
    """A job whose kernel starts.

    Attributes:
        project: The project.
        job: The job.
        sandbox: Its sandbox, which is laid.
        kernel: Its kernel, or the error that prevented its start.
        progress: Is called as the run proceeds.
        stop: Whether a stop is requested.
        keep: What to do with the kernel of a failed run; None if it does not stay.
    """

    project: Project
    job: Job
    sandbox: Sandbox
    kernel: KernelProcess | Exception
    progress: Progress
    stop: Stop
    keep: Keeping | None = None

    def end_kernel(self) -> None:
        """Ends the kernel, if it started."""
        if isinstance(self.kernel, KernelProcess):
            self.kernel.end()


def finish(started: StartedJob) -> Run:
    """Inspects the inputs, executes, inspects the outputs, and moves the results into place.

    Raises:
        StagebookError: It cannot start, so there is nothing to record.
    """
    papermill_engine.load()
    project, job = started.project, started.job
    delivers = courier.is_wanted(project)
    build = _going_on(project, job) if delivers else None
    meanwhile = Meanwhile(project, job, started.progress, waits=delivers and build is None)
    try:
        swept = Spool(project.state).take_in_leftovers()
        record, ending, pages = _carry_out(started, meanwhile)
        failure = _git_failure(record, meanwhile.before)
        sent = _sent(project, meanwhile, record, build) if delivers else courier.later(project)
    finally:
        if meanwhile.courier:
            meanwhile.courier.dismiss()
    run = Run(record, ending, pages, sent, swept, job.files, failure, job.warnings)
    if record.volatile.kept:
        _keep(started, run)
    return run


def _keep(started: StartedJob, run: Run) -> None:
    """Holds the kernel of a failed run until nobody needs it any more."""
    kernel, sandbox, keep = started.kernel, started.sandbox, started.keep
    assert isinstance(kernel, KernelProcess)
    assert keep is not None
    with kept.offered(kernel, sandbox.folder, started.job.stage, run.ending.cell, keep.idle) as own:
        keep.show(run, own)
        kept.hold(kernel, keep.idle, started.stop)
    sandbox.clear()


def _carry_out(
    started: StartedJob, meanwhile: Meanwhile
) -> tuple[Record, Ending, tuple[Path, ...]]:
    project, job, sandbox, stop = started.project, started.job, started.sandbox, started.stop
    with tables.of(project, job, stop) as stage_tables:
        try:
            draft = _draft(project, job)
            write_record(draft, sandbox.evidence)
            executed = _executed(started, draft.inputs, stage_tables, meanwhile)
        except StagebookError:
            started.end_kernel()
            sandbox.clear()
            raise
        meanwhile.finish()
        draft = drafting.with_remote(draft, remote=meanwhile.remote)
        executed = _checked(project, executed, sandbox, draft, stage_tables, stop)
        record, executed, pages = settling.settle(project, sandbox, draft, executed)
        with contextlib.suppress(Exception):  # a table that is not remembered is inspected again
            stage_tables.remember(executed, record.outputs)
        if not executed.is_kept:
            sandbox.clear()
        return record, executed.ending, pages


def _sent(project: Project, meanwhile: Meanwhile, record: Record, build: int | None) -> Delivery:
    """Delivers the record, or leaves it to a later stage of the build."""
    if build is not None and record.done:
        with contextlib.suppress(OSError):
            spool = Spool(project.state)
            late_delivery.start(str(project.root), str(spool.outbox), record.id, build)
        return courier.later(project)
    if meanwhile.courier is None:
        try:
            meanwhile.courier = Courier.start(project)
        except OSError:
            uri = without_credentials(project.tracking_uri)
            return Delivery(None, uri, "the delivery process could not start")
    return meanwhile.courier.send(record.id)


def _going_on(project: Project, job: Job) -> int | None:
    """The process of a build that goes on with a stage that reads an output of this one.

    None if there is none, or in a job of continuous integration, which may end all its processes
    when DVC ends.
    """
    if dvc.stage() is None or not job.is_build or "CI" in os.environ:
        return None
    is_read = dvc_file.depends_on(dvc_file.read(project.root), job.signature.outputs)
    return ancestry.build() if is_read and hasattr(os, "pidfd_open") else None


def _git_failure(record: Record, before: Record | None) -> GitFailure | None:
    """Why a record has no commit; None if the previous record of the same build says it."""
    failure = record.git_failure
    if failure is None or failure.reason == GitReason.NO_COMMIT.value:
        return None
    repro = record.volatile.repro
    if repro is not None and before is not None and before.volatile.repro == repro:
        return None
    return failure


def _checked(
    project: Project,
    executed: Execution,
    sandbox: Sandbox,
    draft: Record,
    stage_tables: Tables,
    stop: Stop,
) -> Execution:
    """The execution, with the problems of its files and outputs; a signal stops the check."""
    try:
        with stop.at_once():
            touched = contacts.read(sandbox, executed.job, executed.ending)
            executed = dataclasses.replace(executed, contacts=touched)
            executed = executed.ended(
                declarations.check(executed.ending, sandbox, executed.job, draft.inputs, touched)
            )
            return stage_tables.outputs(executed, sandbox.files)
    except StoppedError:
        if not executed.ending.done:
            return executed
        return executed.ended(of_stop(stop.reason, None, executed.job.notebook.path, None))
    except Exception as error:
        return settling.crashed(project, executed, error)


def _executed(
    started: StartedJob,
    inputs: tuple[HashedPath, ...],
    stage_tables: Tables,
    meanwhile: Meanwhile,
) -> Execution:
    """Inspects the inputs and runs the notebook, whose kernel has started in the meantime.

    Raises:
        StagebookError: It cannot start, so there is nothing to record.
    """
    project, job = started.project, started.job
    ready = execution.unstarted(job)
    try:
        if isinstance(started.kernel, Exception):
            raise started.kernel
        ready = stage_tables.inputs(ready, inputs)
        if not ready.ending.done:
            started.end_kernel()  # no cell has run
            return ready
        stage_tables.prepare()
        write_materials(project, job, inputs, started.sandbox)
        executed = execution.execute(
            ready,
            project,
            started.sandbox,
            started.kernel,
            meanwhile,
            started.stop,
            meanwhile.processes,
            _keeps if started.keep else None,
        )
        stays = started.keep is not None and started.kernel.process.poll() is None
        return dataclasses.replace(executed, is_kept=stays)
    except StagebookError:
        raise
    except Exception as error:
        started.end_kernel()
        return settling.crashed(project, ready, error)


def _keeps(ending: Ending) -> bool:
    """Whether the kernel of an ending can go on: a cell failed, and nothing stopped the run."""
    return ending.cell is not None and ending.outcome in (Outcome.FAILED, Outcome.OUT_OF_MEMORY)


def write_materials(
    project: Project, job: Job, inputs: tuple[HashedPath, ...], sandbox: Sandbox
) -> None:
    """Writes what a model is made of, if the stage packages one.

    Args:
        project: The project.
        job: The job.
        inputs: Its inputs with DVC's hashes.
        sandbox: Its sandbox.
    """
    if job.packages:
        from stagebook.model import materials, origin

        write_whole(sandbox.materials, materials.render(origin.gather(project, job, inputs)))


def _draft(project: Project, job: Job) -> Record:
    """The record that remains if this process is killed before it writes a better one."""
    inputs = dvc.hash_paths(project.root, map(job.files.input, job.signature.inputs))
    code = git.read(project.root, notebooks.products(project))
    return drafting.begin(job, inputs, code, of_killed_runner(job.where))
