"""The build: `dvc.yaml` made to fit, one stage run and remembered."""

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
    """What ``stagebook run`` has to tell.

    Attributes:
        record: The record of the execution.
        ending: How it ended.
        pages: The executed notebook and its page; empty if papermill wrote none.
        delivery: What came of the delivery to MLflow.
        leftovers: What runs that had been killed left.
        files: Where the files that it declares are.
        git_failure: Why the record has no commit, if no stage of this build has said so.
        warnings: What a person should know about what was run.
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
    """The stages of the notebooks, and the changes that the files need to fit; none is made."""
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
    """Runs one stage and remembers it; how it ended is in the result.

    Args:
        project: The project.
        stage: The stage's name, or its notebook's.
        overrides: Values given with ``-P``, as text.
        progress: Sees the run go on.
        files: Those of the trial that it goes on with; None if it goes on with none.

    Raises:
        StagebookError: It cannot run at all: the notebook, its values or the project is wrong.
    """
    dvc.require_repository(project.root)
    stage = notebooks.stage_named(project, stage)
    courier = Courier.start(project)
    try:
        with unstarted.noted(project.state, stage):
            job = prepare(project, stage, overrides, files)
            left = _sweep(project, job)
            with History.open(project.state) as history:
                before = next(iter(history.last(None, 1)), None)
            record, ending, pages = _carry_out(project, job, progress)
        failure, sent = _git_failure(record, before), courier.send(record.id)
        return Run(record, ending, pages, sent, left, job.files, failure, job.warnings)
    finally:
        courier.dismiss()


def _sweep(project: Project, job: Job) -> Leftovers:
    """Clears up after runs that were killed, and takes in their records."""
    runs, state = project.root / project.settings.runs, project.state
    leftovers.sweep_sockets()
    leftovers.sweep_partial(runs, state, *(path for path in state.glob("*") if path.is_dir()))
    outputs = map(job.files.output, job.signature.outputs)
    leftovers.sweep_outputs(project.root, state / EXECUTIONS, outputs)
    return Spool(state).take_in_leftovers()


def _carry_out(
    project: Project, job: Job, progress: Progress
) -> tuple[Record, Ending, tuple[Path, ...]]:
    """Inspects what it reads, executes, inspects what it wrote, and takes out what is to stay."""
    folder = execution.folder(project, job)
    with signals.listen() as stop, locks.occupy(folder), tables.of(project, job, stop) as looked:
        draft = _draft(project, job)
        write_record(draft, folder / "evidence")
        sandbox = Sandbox.of(job.files, folder, job.signature.inputs, job.signature.outputs)
        done = _executed(project, job, draft.inputs, sandbox, looked, progress, stop)
        done = _checked(project, done, sandbox, draft, looked, stop)
        record, done, pages = settling.settle(project, sandbox, draft, done)
        with contextlib.suppress(Exception):  # what is not remembered is inspected again
            looked.remember(done, record.outputs)
        sandbox.clear()
        return record, done.ending, pages


def _git_failure(record: Record, before: Record | None) -> GitFailure | None:
    """Why a record has no commit; None if the record before, of the same build, says the same."""
    failure = record.git_failure
    if failure is None or failure.reason == GitReason.NO_COMMIT.value:
        return None
    repro = record.volatile.repro
    if repro is not None and before is not None and before.volatile.repro == repro:
        return None
    return failure


def _checked(
    project: Project, done: Execution, box: Sandbox, draft: Record, looked: Tables, stop: Stop
) -> Execution:
    """The execution, with what can be said against what it did; a signal ends that."""
    try:
        with stop.at_once():
            done = done.ended(declarations.check(done.ending, box, done.job, draft.inputs))
            return looked.outputs(done, box.files)
    except StoppedError:
        if not done.ending.done:
            return done
        return done.ended(of_stop(stop.reason, None, done.job.notebook.path, None))
    except Exception as error:
        return settling.crashed(project, done, error)


def _executed(
    project: Project,
    job: Job,
    inputs: tuple[HashedPath, ...],
    box: Sandbox,
    looked: Tables,
    progress: Progress,
    stop: Stop,
) -> Execution:
    """Inspects the inputs, lays the sandbox and runs the notebook in it.

    Raises:
        StagebookError: It cannot start, so there is nothing to remember.
    """
    ready = execution.unstarted(job)
    try:
        box.lay_code(job.taken.files, job.taken.folders)
        ready = looked.inputs(ready, inputs)
        if not ready.ending.done:
            return ready
        looked.prepare()
        laid = _lay(project, job, inputs, box)
        return execution.execute(ready, project, laid, progress, stop)
    except StagebookError:
        box.clear()
        raise
    except Exception as error:
        return settling.crashed(project, ready, error)


def _lay(project: Project, job: Job, inputs: tuple[HashedPath, ...], box: Sandbox) -> Sandbox:
    """Lays the sandbox, with what the model is made of where the stage packages one."""
    laid = box.lay()
    if job.packages:
        from stagebook.model import materials, origin

        write_whole(box.materials, materials.render(origin.gather(project, job, inputs)))
    return laid


def _draft(project: Project, job: Job) -> Record:
    """The record that stands if this process is killed before it can write a better one."""
    inputs = dvc.hash_paths(project.root, map(job.files.input, job.signature.inputs))
    code = git.read(project.root, notebooks.products(project))
    remote = dvc.has_remote(project.root)
    return drafting.begin(job, inputs, code, of_killed_runner(job.where), remote=remote)
