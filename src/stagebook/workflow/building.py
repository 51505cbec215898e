"""The build: `dvc.yaml` updated from the notebooks, and one stage run and recorded."""

import contextlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from stagebook.execution import declarations, execution, leftovers, locks, signals, tables
from stagebook.execution.declared_files import DeclaredFiles
from stagebook.execution.execution import Execution
from stagebook.execution.job import Job, prepare
from stagebook.execution.outcome import Ending, of_killed_runner, of_stop
from stagebook.execution.papermill_engine import Progress
from stagebook.execution.sandbox import EXECUTIONS, Sandbox
from stagebook.execution.signals import Stop, StoppedError
from stagebook.execution.tables import Tables
from stagebook.history.history import History
from stagebook.pipeline import dvc, git, notebooks, resolved
from stagebook.pipeline.dvc import HashedPath
from stagebook.pipeline.git_command import GitFailure, GitReason
from stagebook.pipeline.layout import Layout
from stagebook.project.errors import Problem, StagebookError
from stagebook.project.files import write_whole
from stagebook.project.project import Project
from stagebook.record import drafting, unstarted
from stagebook.record.record import Record
from stagebook.record.spool import Leftovers, Spool, write_record
from stagebook.tracking.courier import Courier, Delivery
from stagebook.workflow import settling


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


def sync(project: Project) -> Layout:
    """The stages of the notebooks, and the changes that the files need; nothing is written."""
    dvc.require_repository(project.root)
    layout = Layout.read(project)
    return layout.with_outputs(project, resolved.outputs(project.root, layout.text(project)))


def run(
    project: Project,
    stage: str,
    overrides: Mapping[str, str],
    progress: Progress,
    files: DeclaredFiles | None = None,
) -> Run:
    """Runs one stage and records it; how it ended is in the result.

    Args:
        project: The project.
        stage: The stage's name, or its notebook's.
        overrides: Values given with ``-P``, as text.
        progress: Is called as the run proceeds.
        files: The files of the trial that this run continues; None if it continues no trial.

    Raises:
        StagebookError: It cannot start: the notebook, its values or the project is invalid.
    """
    dvc.require_repository(project.root)
    stage = notebooks.stage_named(project, stage)
    courier = Courier.start(project)
    try:
        with unstarted.noted(project.state, stage):
            job = prepare(project, stage, overrides, files)
            swept = _sweep(project, job)
            with History.open(project.state) as history:
                before = next(iter(history.last(None, 1)), None)
            record, ending, pages = _carry_out(project, job, progress)
        failure, sent = _git_failure(record, before), courier.send(record.id)
        return Run(record, ending, pages, sent, swept, job.files, failure, job.warnings)
    finally:
        courier.dismiss()


def _sweep(project: Project, job: Job) -> Leftovers:
    """Cleans up after killed runs, and takes in their records."""
    runs, state = project.root / project.settings.runs, project.state
    leftovers.sweep_sockets()
    leftovers.sweep_partial(runs, state, *(path for path in state.glob("*") if path.is_dir()))
    outputs = map(job.files.output, job.signature.outputs)
    leftovers.sweep_outputs(project.root, state / EXECUTIONS, outputs)
    return Spool(state).take_in_leftovers()


def _carry_out(
    project: Project, job: Job, progress: Progress
) -> tuple[Record, Ending, tuple[Path, ...]]:
    """Inspects the inputs, executes, inspects the outputs, and moves the results into place."""
    folder = execution.folder(project, job)
    with (
        signals.listen() as stop,
        locks.occupy(folder),
        tables.of(project, job, stop) as stage_tables,
    ):
        draft = _draft(project, job)
        write_record(draft, folder / "evidence")
        sandbox = Sandbox.of(job.files, folder, job.signature.inputs, job.signature.outputs)
        executed = _executed(project, job, draft.inputs, sandbox, stage_tables, progress, stop)
        executed = _checked(project, executed, sandbox, draft, stage_tables, stop)
        record, executed, pages = settling.settle(project, sandbox, draft, executed)
        with contextlib.suppress(Exception):  # a table that is not remembered is inspected again
            stage_tables.remember(executed, record.outputs)
        sandbox.clear()
        return record, executed.ending, pages


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
            executed = executed.ended(
                declarations.check(executed.ending, sandbox, executed.job, draft.inputs)
            )
            return stage_tables.outputs(executed, sandbox.files)
    except StoppedError:
        if not executed.ending.done:
            return executed
        return executed.ended(of_stop(stop.reason, None, executed.job.notebook.path, None))
    except Exception as error:
        return settling.crashed(project, executed, error)


def _executed(
    project: Project,
    job: Job,
    inputs: tuple[HashedPath, ...],
    sandbox: Sandbox,
    stage_tables: Tables,
    progress: Progress,
    stop: Stop,
) -> Execution:
    """Inspects the inputs, lays the sandbox and runs the notebook in it.

    Raises:
        StagebookError: It cannot start, so there is nothing to record.
    """
    ready = execution.unstarted(job)
    try:
        sandbox.lay_code(job.snapshot.files, job.snapshot.folders)
        ready = stage_tables.inputs(ready, inputs)
        if not ready.ending.done:
            return ready
        stage_tables.prepare()
        laid = _lay(project, job, inputs, sandbox)
        return execution.execute(ready, project, laid, progress, stop)
    except StagebookError:
        sandbox.clear()
        raise
    except Exception as error:
        return settling.crashed(project, ready, error)


def _lay(project: Project, job: Job, inputs: tuple[HashedPath, ...], sandbox: Sandbox) -> Sandbox:
    """Lays the sandbox; if the stage packages a model, with what the model is made of."""
    laid = sandbox.lay()
    if job.packages:
        from stagebook.model import materials, origin

        write_whole(sandbox.materials, materials.render(origin.gather(project, job, inputs)))
    return laid


def _draft(project: Project, job: Job) -> Record:
    """The record that remains if this process is killed before it writes a better one."""
    inputs = dvc.hash_paths(project.root, map(job.files.input, job.signature.inputs))
    code = git.read(project.root, notebooks.products(project))
    remote = dvc.has_remote(project.root)
    return drafting.begin(job, inputs, code, of_killed_runner(job.where), remote=remote)
