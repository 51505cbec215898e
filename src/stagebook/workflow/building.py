"""The build: `dvc.yaml` updated from the notebooks, and the start of one stage's run."""

from __future__ import annotations

import contextlib
from dataclasses import replace
from typing import TYPE_CHECKING

from stagebook.execution import leftovers, locks, signals, start
from stagebook.execution.job import Job, prepare
from stagebook.execution.sandbox import EXECUTIONS, Sandbox
from stagebook.pipeline import dvc, notebooks
from stagebook.project.errors import StagebookError
from stagebook.record import unstarted

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from stagebook.execution.declared_files import DeclaredFiles
    from stagebook.execution.progress import Progress
    from stagebook.execution.start import KernelProcess
    from stagebook.pipeline.change import FileChange
    from stagebook.pipeline.layout import Layout
    from stagebook.project.project import Project
    from stagebook.workflow.executing import Keeping, Run, StartedJob


def sync(project: Project, *, fix: bool = False) -> Layout:
    """The stages of the notebooks, and the changes that the files need; nothing is written.

    Args:
        project: The project.
        fix: Whether to declare in the notebooks what is reported as undeclared.
    """
    from stagebook.pipeline import resolved
    from stagebook.pipeline.layout import Layout
    from stagebook.workflow import git_repository

    dvc.require_repository(project.root)
    edits: tuple[FileChange, ...] = ()
    if fix:
        from stagebook.workflow import declaring

        edits = declaring.fixes(project)
    layout = Layout.read(project, edits)
    layout = layout.with_outputs(project, resolved.outputs(project.root, layout.text(project)))
    warning = git_repository.unconfigured(project.root)
    return replace(layout, warnings=(*layout.warnings, warning)) if warning else layout


def run(
    project: Project,
    stage: str,
    overrides: Mapping[str, str],
    progress: Progress,
    files: DeclaredFiles | None = None,
    keep: Keeping | None = None,
) -> Run:
    """Runs one stage and records it; how it ended is in the result.

    Args:
        project: The project.
        stage: The stage's name, or its notebook's.
        overrides: Values given with ``-P``, as text.
        progress: Is called as the run proceeds.
        files: The files of the trial that this run continues; None if it continues no trial.
        keep: What to do with the kernel of a failed run; None if it does not stay.

    Raises:
        StagebookError: It cannot start: the notebook, its values or the project is invalid.
    """
    with starting(project, stage, overrides, progress, files, keep) as started:
        from stagebook.workflow.executing import finish

        return finish(started)


@contextlib.contextmanager
def starting(
    project: Project,
    stage: str,
    overrides: Mapping[str, str],
    progress: Progress,
    files: DeclaredFiles | None = None,
    keep: Keeping | None = None,
) -> Iterator[StartedJob]:
    """Prepares a stage's job and starts its kernel, which ends with the block.

    The arguments are those of ``run``.

    Raises:
        StagebookError: It cannot start: the notebook, its values or the project is invalid.
    """
    dvc.require_repository(project.root)
    stage = notebooks.stage_named(project, stage)
    with unstarted.noted(project.state, stage):
        job = prepare(project, stage, overrides, files)
        _sweep(project, job)
        folder = start.folder(project, job)
        sandbox = Sandbox.of(job.files, folder, job.signature.inputs, job.signature.outputs)
        with (
            signals.listen() as stop,
            locks.occupy(folder),
            _kernel(project, job, sandbox, progress) as kernel,
        ):
            # while the kernel starts: these imports take longer than its start
            from stagebook.workflow.executing import StartedJob

            yield StartedJob(project, job, sandbox, kernel, progress, stop, keep)


def _sweep(project: Project, job: Job) -> None:
    """Cleans up after killed runs."""
    runs, state = project.root / project.settings.runs, project.state
    leftovers.sweep_sockets()
    leftovers.sweep_partial(runs, state, *(path for path in state.glob("*") if path.is_dir()))
    outputs = map(job.files.output, job.signature.outputs)
    leftovers.sweep_outputs(project.root, state / EXECUTIONS, outputs)


@contextlib.contextmanager
def _kernel(
    project: Project, job: Job, sandbox: Sandbox, progress: Progress
) -> Iterator[KernelProcess | Exception]:
    """Lays the sandbox and starts the kernel in it; an error is for the record of the run.

    The kernel runs no cell before the inputs are inspected.

    Raises:
        StagebookError: The kernel that the notebook names is not available.
    """
    with contextlib.ExitStack() as stack:
        kernel: KernelProcess | Exception
        try:
            sandbox.lay_code(job.snapshot.files, job.snapshot.folders)
            sandbox.lay()
            kernel = stack.enter_context(start.started(project, job, sandbox, progress.note))
        except StagebookError:
            sandbox.clear()
            raise
        except Exception as error:
            kernel = error
        yield kernel
