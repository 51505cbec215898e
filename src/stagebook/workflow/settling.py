"""The end of a run: moves outputs, pages and record into place, and loses no error."""

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from stagebook.execution.execution import Execution
from stagebook.execution.outcome import FULL_DISK, NO_RIGHT, Ending, Outcome, of_full_disk
from stagebook.execution.sandbox import Sandbox
from stagebook.notebook.signature import Role
from stagebook.pipeline import dvc
from stagebook.pipeline.dvc import HashedPath
from stagebook.project import crashes
from stagebook.project.errors import Problem, StagebookError
from stagebook.project.project import Project
from stagebook.record import drafting, evidence, metrics
from stagebook.record.record import Record
from stagebook.record.spool import Spool


def settle(
    project: Project, sandbox: Sandbox, draft: Record, execution: Execution
) -> tuple[Record, Execution, tuple[Path, ...]]:
    """Moves outputs into place, pages into ``runs/``, the record into the spool; each whole."""
    execution, values = _measured(project, sandbox, execution)
    execution, hashes = _land(project, sandbox, execution)
    execution = _attested(
        project, sandbox, execution, drafting.complete(draft, execution, hashes, values)
    )
    execution, written = _paged(
        project, sandbox, execution, drafting.complete(draft, execution, hashes, values)
    )
    record = drafting.complete(draft, execution, hashes, values)
    _keep(project, sandbox, execution, record, written)
    return record, execution, written


def crashed(project: Project, execution: Execution, error: Exception) -> Execution:
    """The execution, ended by an unexpected error; an earlier failure remains."""
    if isinstance(error, StagebookError):
        ending = Ending(Outcome.FAILED, error.problems)
    elif isinstance(error, OSError) and error.errno in (*FULL_DISK, *NO_RIGHT):
        ending = of_full_disk(error, execution.job.where)
    else:
        ending = Ending(Outcome.FAILED, (_report(project, execution, error),))
    return execution.ended(ending) if execution.ending.done else execution.noted(*ending.problems)


def _measured(
    project: Project, sandbox: Sandbox, execution: Execution
) -> tuple[Execution, Mapping[str, Any]]:
    """The execution with the values in its metrics files."""
    try:
        paths = execution.job.signature.paths(Role.METRICS)
        ending, values = metrics.check(execution.ending, sandbox.files, paths)
        return execution.ended(ending), values
    except Exception as error:
        return crashed(project, execution, error), {}


def _paged(
    project: Project, sandbox: Sandbox, execution: Execution, record: Record
) -> tuple[Execution, tuple[Path, ...]]:
    """Writes the executed notebook and its page; a page that fails does not change the outcome."""
    from stagebook.report import plain_page
    from stagebook.report.page import Pages

    pages = Pages.of(project.root / project.settings.runs, execution.job.page, execution.ending)
    report = project.settings.report
    interactive = report is not None and report.interactive
    try:
        written = pages.write(
            sandbox.executed,
            record,
            execution.tables,
            project=project.settings.name,
            interactive=interactive,
            whole=sandbox.whole_outputs,
        )
        return execution, written
    except OSError as error:
        sandbox.clear_files()  # makes room, so that at least the record can be kept
        return execution.ended(of_full_disk(error, execution.job.where)), pages.keep(
            sandbox.executed
        )
    except Exception as error:  # the page cannot show something in the notebook
        problem = plain_page.no_page(execution.job.notebook.path, error)
        try:
            return execution.noted(problem), plain_page.write(
                pages, sandbox.executed, record, problem
            )
        except Exception:
            return execution.noted(problem), ()


def _keep(
    project: Project,
    sandbox: Sandbox,
    execution: Execution,
    record: Record,
    pages: tuple[Path, ...],
) -> None:
    """Puts the record and its evidence into the spool; on a full disk, only the record.

    Raises:
        StagebookError: The record could not be kept.
    """
    try:
        evidence.gather(sandbox, record, pages, execution.tables, execution.job.masks)
        Spool(project.state).put(sandbox.evidence)
    except OSError as error:
        evidence.save(sandbox, record)  # the next run takes it in
        ending = of_full_disk(error, execution.job.where)
        problems = (*execution.ending.problems, *ending.problems)
        raise StagebookError(*problems, exit_code=ending.outcome.exit_code) from None
    except Exception as error:  # the record goes alone, with what went wrong
        noted = _noted(project, execution, error)
        evidence.save(sandbox, dataclasses.replace(record, problems=noted.ending.problems))
        Spool(project.state).put(sandbox.evidence)


def _attested(
    project: Project, sandbox: Sandbox, execution: Execution, record: Record
) -> Execution:
    """Writes next to each package who built it, when, and from which commit."""
    if not execution.job.packages:
        return execution
    from stagebook.model import attestation

    try:
        attestation.attest(project.root, record, sandbox.kernel)
    except OSError as error:
        return execution.noted(*of_full_disk(error, execution.job.where).problems)
    except Exception as error:
        return _noted(project, execution, error)
    return execution


def _noted(project: Project, execution: Execution, error: Exception) -> Execution:
    """The execution, with an unexpected error that occurred after its outputs were moved."""
    return execution.noted(_report(project, execution, error))


def _report(project: Project, execution: Execution, error: Exception) -> Problem:
    return crashes.report(error, project.state, execution.job.id, execution.job.where)


def _land(
    project: Project, sandbox: Sandbox, execution: Execution
) -> tuple[Execution, tuple[HashedPath, ...]]:
    """Moves the outputs of a successful execution into place, and hashes them there."""
    if not execution.ending.done:
        return execution, ()
    try:
        sandbox.move_out()
    except OSError as error:
        return execution.ended(of_full_disk(error, execution.job.where)), ()
    except Exception as error:
        return crashed(project, execution, error), ()
    try:
        paths = map(sandbox.declared.output, execution.job.signature.outputs)
        return execution, dvc.hash_paths(project.root, paths)
    except Exception as error:
        return _noted(project, execution, error), ()
