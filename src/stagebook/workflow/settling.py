"""The end of a run: outputs, pages and record into place, and no error that is lost."""

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
from stagebook.report import plain_page
from stagebook.report.page import Pages


def settle(
    project: Project, box: Sandbox, draft: Record, done: Execution
) -> tuple[Record, Execution, tuple[Path, ...]]:
    """Outputs into place, pages into ``runs/``, the record into the spool; each whole or not."""
    done, values = _measured(project, box, done)
    done, hashes = _land(project, box, done)
    done = _attested(project, box, done, drafting.complete(draft, done, hashes, values))
    done, written = _paged(project, box, done, drafting.complete(draft, done, hashes, values))
    record = drafting.complete(draft, done, hashes, values)
    _keep(project, box, done, record, written)
    return record, done, written


def crashed(project: Project, done: Execution, error: Exception) -> Execution:
    """The end of an execution by an error that nobody foresaw; it keeps an earlier failure."""
    if isinstance(error, StagebookError):
        ending = Ending(Outcome.FAILED, error.problems)
    elif isinstance(error, OSError) and error.errno in (*FULL_DISK, *NO_RIGHT):
        ending = of_full_disk(error, done.job.where)
    else:
        ending = Ending(Outcome.FAILED, (_report(project, done, error),))
    return done.ended(ending) if done.ending.done else done.noted(*ending.problems)


def _measured(
    project: Project, box: Sandbox, done: Execution
) -> tuple[Execution, Mapping[str, Any]]:
    """The execution with the values in its metrics files."""
    try:
        paths = done.job.signature.paths(Role.METRICS)
        ending, values = metrics.check(done.ending, box.files, paths)
        return done.ended(ending), values
    except Exception as error:
        return crashed(project, done, error), {}


def _paged(
    project: Project, box: Sandbox, done: Execution, record: Record
) -> tuple[Execution, tuple[Path, ...]]:
    """The executed notebook and its page; one that cannot be made changes no outcome."""
    pages = Pages.of(project.root / project.settings.runs, done.job.page, done.ending)
    report = project.settings.report
    interactive = report is not None and report.interactive
    try:
        written = pages.write(
            box.executed,
            record,
            done.tables,
            project=project.settings.name,
            interactive=interactive,
        )
        return done, written
    except OSError as error:
        box.clear_files()  # makes room, so that at least the record can be kept
        return done.ended(of_full_disk(error, done.job.where)), pages.keep(box.executed)
    except Exception as error:  # whatever a notebook holds that the page cannot show
        problem = plain_page.no_page(done.job.notebook.path, error)
        try:
            return done.noted(problem), plain_page.write(pages, box.executed, record, problem)
        except Exception:
            return done.noted(problem), ()


def _keep(
    project: Project, box: Sandbox, done: Execution, record: Record, pages: tuple[Path, ...]
) -> None:
    """The record into the spool; where no room is left for what belongs to it, the record alone.

    Raises:
        StagebookError: Not even the record could be kept.
    """
    try:
        evidence.gather(box, record, pages, done.tables, done.job.masks)
        Spool(project.state).put(box.evidence)
    except OSError as error:
        evidence.save(box, record)  # the next run takes it in
        ending = of_full_disk(error, done.job.where)
        problems = (*done.ending.problems, *ending.problems)
        raise StagebookError(*problems, exit_code=ending.outcome.exit_code) from None
    except Exception as error:  # the record goes alone, with what went wrong
        noted = _noted(project, done, error)
        evidence.save(box, dataclasses.replace(record, problems=noted.ending.problems))
        Spool(project.state).put(box.evidence)


def _attested(project: Project, box: Sandbox, done: Execution, record: Record) -> Execution:
    """Says beside each package who built it, when, from which commit."""
    if not done.job.packages:
        return done
    from stagebook.model import attestation

    try:
        attestation.attest(project.root, record, box.kernel)
    except OSError as error:
        return done.noted(*of_full_disk(error, done.job.where).problems)
    except Exception as error:
        return _noted(project, done, error)
    return done


def _noted(project: Project, done: Execution, error: Exception) -> Execution:
    """The execution, with an error that nobody foresaw and that came after its outputs."""
    return done.noted(_report(project, done, error))


def _report(project: Project, done: Execution, error: Exception) -> Problem:
    return crashes.report(error, project.state, done.job.id, done.job.where)


def _land(
    project: Project, box: Sandbox, done: Execution
) -> tuple[Execution, tuple[HashedPath, ...]]:
    """Moves the outputs of an execution that is done into place, and hashes them there."""
    if not done.ending.done:
        return done, ()
    try:
        box.move_out()
    except OSError as error:
        return done.ended(of_full_disk(error, done.job.where)), ()
    except Exception as error:
        return crashed(project, done, error), ()
    try:
        paths = map(box.declared.output, done.job.signature.outputs)
        return done, dvc.hash_paths(project.root, paths)
    except Exception as error:
        return _noted(project, done, error), ()
