"""The build: `dvc.yaml` made to fit, sources written, one stage run and remembered."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from stagebook.errors import Problem, StagebookError
from stagebook.execution import declarations, execution, locks, signals, tables
from stagebook.execution.engine import Progress
from stagebook.execution.execution import Execution
from stagebook.execution.job import Job, prepare
from stagebook.execution.outcome import Ending, of_full_disk, of_killed_runner
from stagebook.execution.sandbox import Sandbox
from stagebook.execution.signals import Stop
from stagebook.files import write_whole
from stagebook.notebook import source
from stagebook.notebook.signature import Role
from stagebook.pipeline import dvc, dvc_file, notebooks
from stagebook.pipeline.change import Change
from stagebook.pipeline.dvc import Hashed
from stagebook.pipeline.notebooks import Layout
from stagebook.pipeline.stage import SOURCES, source_path
from stagebook.project import Project
from stagebook.record import evidence, git, metrics, unstarted
from stagebook.record.record import Record
from stagebook.record.spool import Spool, write_record
from stagebook.record.tracking.courier import Courier, Delivery
from stagebook.report.page import Pages


@dataclass(frozen=True, slots=True)
class Run:
    """What ``stagebook run`` has to tell.

    Attributes:
        record: The record of the execution.
        ending: How it ended.
        pages: The executed notebook and its page; empty if papermill wrote none.
        delivery: What came of the delivery to MLflow.
        leftovers: Executions whose runner had been killed and whose records were found.
    """

    record: Record
    ending: Ending
    pages: tuple[Path, ...]
    delivery: Delivery
    leftovers: tuple[str, ...]


def sync(project: Project) -> tuple[Change, ...]:
    """The changes that dvc.yaml and the ignore files need to fit the notebooks; none is made."""
    dvc.require_repository(project.root)
    return Layout.read(project).changes


def sources(project: Project) -> tuple[Problem, ...]:
    """Writes what each notebook is made of; returns what could not be told without running it.

    Raises:
        StagebookError: dvc.yaml no longer fits the notebooks, so DVC would build something else.
    """
    with unstarted.noted(project.state, SOURCES):
        layout = Layout.read(project)
        dvc_file.require_in_sync(layout.changes)
    for made_of in layout.sources:
        write_whole(project.root / source_path(made_of.stage), source.render(made_of))
    pairs = zip(layout.notebooks, layout.sources, strict=True)
    return tuple(
        one
        for notebook, made_of in pairs
        for one in source.warnings(made_of, notebook.notebook.path)
    )


def run(project: Project, stage: str, overrides: Mapping[str, str], progress: Progress) -> Run:
    """Runs one stage and remembers it; how it ended is in the result.

    Raises:
        StagebookError: It cannot run at all: the notebook, its values or the project is wrong.
    """
    dvc.require_repository(project.root)
    courier = Courier.start(project)
    try:
        with unstarted.noted(project.state, stage):
            job = prepare(project, stage, overrides)
            leftovers = Spool(project.state).take_in_leftovers()
            record, ending, pages = _carry_out(project, job, progress)
        return Run(record, ending, pages, courier.send(record.id), leftovers)
    finally:
        courier.dismiss()


def _carry_out(
    project: Project, job: Job, progress: Progress
) -> tuple[Record, Ending, tuple[Path, ...]]:
    """Inspects what it reads, executes, inspects what it wrote, and takes out what is to stay."""
    folder = execution.folder(project, job)
    with locks.occupy(folder), signals.listen() as stop, tables.of(project, job, stop) as looked:
        draft = _draft(project, job)
        write_record(draft, folder / "evidence")
        box = Sandbox.of(project.root, folder, job.signature.inputs, job.signature.outputs)
        done = looked.inputs(execution.unstarted(job), draft.inputs)
        if done.ending.done:
            looked.prepare()
            done = _execute(project, done, draft.inputs, box, progress, stop)
        done = done.ended(declarations.check(done.ending, box, job.signature))
        done = looked.outputs(done, box.files)
        record, done, pages = _settle(project, box, draft, done)
        looked.remember(done, record.outputs, _place(project, job))
        box.clear()
        return record, done.ending, pages


def _execute(
    project: Project,
    ready: Execution,
    inputs: tuple[Hashed, ...],
    box: Sandbox,
    progress: Progress,
    stop: Stop,
) -> Execution:
    """Lays the sandbox and runs the notebook in it."""
    try:
        laid = _lay(project, ready.job, inputs, box)
        return execution.execute(ready, project, laid, progress, stop)
    except StagebookError:  # it could not start, so there is nothing to remember
        box.clear()
        raise


def _lay(project: Project, job: Job, inputs: tuple[Hashed, ...], box: Sandbox) -> Sandbox:
    """Lays the sandbox, with what the model is made of where the stage packages one."""
    laid = box.lay()
    if job.packages:
        from stagebook.model import materials, origin

        write_whole(box.materials, materials.render(origin.gather(project, job, inputs)))
    return laid


def _draft(project: Project, job: Job) -> Record:
    """The record that stands if this process is killed before it can write a better one."""
    inputs = dvc.hash_paths(project.root, job.signature.inputs)
    code = git.read(project.root, notebooks.products(project))
    remote = dvc.has_remote(project.root)
    return Record.of_job(job, inputs, code, of_killed_runner(job.where), remote=remote)


def _settle(
    project: Project, box: Sandbox, draft: Record, done: Execution
) -> tuple[Record, Execution, tuple[Path, ...]]:
    """Outputs into place, pages into ``runs/``, the record into the spool; each whole or not."""
    job = done.job
    ending, values = metrics.check(done.ending, box.files, job.signature.paths(Role.METRICS))
    done, hashes = _land(project, box, done.ended(ending))
    record = draft.ended(done, hashes, values)
    _attest(project, job, record)
    pages = Pages.of(project.root / project.settings.runs, job.name, done.ending)
    try:
        report = project.settings.report
        interactive = report is not None and report.interactive
        written = pages.write(box.executed, record, done.tables, interactive=interactive)
    except OSError as error:
        box.clear_files()  # makes room, so that at least the record can be kept
        done, written = done.ended(of_full_disk(error, job.where)), pages.keep(box.executed)
        record = draft.ended(done, hashes, values)
    evidence.gather(box, record, written, done.tables, job.masks)
    Spool(project.state).put(box.evidence)
    return record, done, written


def _attest(project: Project, job: Job, record: Record) -> None:
    """Says beside each package who built it, when, from which commit."""
    if job.packages:
        from stagebook.model import witness

        witness.attest(project.root, record)


def _land(project: Project, box: Sandbox, done: Execution) -> tuple[Execution, tuple[Hashed, ...]]:
    """Moves the outputs of an execution that is done into place, and hashes them there."""
    if not done.ending.done:
        return done, ()
    place = _place(project, done.job)
    try:
        box.move_out(project.root / place)
    except OSError as error:
        return done.ended(of_full_disk(error, done.job.where)), ()
    paths = [f"{place}{path}" for path in done.job.signature.outputs]
    return done, dvc.hash_paths(project.root, paths)


def _place(project: Project, job: Job) -> str:
    """What the paths of a job's outputs start with: nothing, or a folder of its own for ``-P``."""
    return "" if job.is_build else f"{project.settings.runs}/{job.name}/"
