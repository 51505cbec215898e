"""Creates the record of an execution: a draft at its start, the full record at its end."""

import dataclasses
import platform
from collections.abc import Mapping
from typing import Any

from stagebook.data.inspection import Inspection
from stagebook.execution.execution import Execution
from stagebook.execution.job import Job
from stagebook.execution.outcome import Ending
from stagebook.pipeline import dvc
from stagebook.pipeline.dvc import HashedPath
from stagebook.pipeline.git import Git
from stagebook.pipeline.git_command import GitFailure
from stagebook.project.masks import Masks
from stagebook.record.record import (
    CodeDigests,
    Record,
    RecordedEnvironment,
    RecordedParameter,
    RecordedTable,
    Volatile,
)


def begin(
    job: Job,
    inputs: tuple[HashedPath, ...],
    git: Git | GitFailure,
    ending: Ending,
) -> Record:
    """The record of a job before its end, without secrets.

    Args:
        job: The job.
        inputs: Its inputs with hashes.
        git: The state of git, or why it is unknown.
        ending: How it ended, if no later record replaces this one.
    """
    record = Record(
        stage=job.stage,
        notebook=job.notebook.path,
        title=job.notebook.title,
        outcome=ending.outcome.value,
        trial=job.files.trial,
        problems=ending.problems,
        source=job.source.digest,
        code=CodeDigests(job.source.cell_digests, dict(job.source.modules)),
        parameters=tuple(
            RecordedParameter(
                parameter.name, parameter.value, parameter.origin.value, parameter.default
            )
            for parameter in job.parameters
        ),
        inputs=inputs,
        outputs=(),
        tables=(),
        metrics={},
        environment=RecordedEnvironment(
            python=platform.python_version(),
            platform=platform.platform(),
            machine=platform.machine(),
            threads=job.settings.threads,
            distributions=job.source.identities,
        ),
        git=git if isinstance(git, Git) else None,
        git_failure=git if isinstance(git, GitFailure) else None,
        volatile=Volatile(job.id, host=platform.node(), repro=dvc.running()),
    )
    return _hidden(record, job.masks)


def with_remote(draft: Record, *, remote: bool) -> Record:
    """The draft with whether DVC has a remote to pull from."""
    return dataclasses.replace(draft, volatile=dataclasses.replace(draft.volatile, remote=remote))


def complete(
    draft: Record,
    execution: Execution,
    outputs: tuple[HashedPath, ...],
    metrics: Mapping[str, Any],
) -> Record:
    """The draft with the results of the execution, without secrets."""
    record = dataclasses.replace(
        draft,
        outcome=execution.ending.outcome.value,
        problems=execution.ending.problems,
        outputs=outputs,
        tables=tuple(map(_table, execution.tables)),
        metrics=metrics,
        volatile=dataclasses.replace(
            draft.volatile,
            started=execution.started.isoformat(timespec="milliseconds"),
            seconds=round(execution.seconds, 3),
            cells=execution.cells,
            warm=execution.is_warm,
            contacts=execution.contacts,
            kept=execution.is_kept,
        ),
    )
    return _hidden(record, execution.job.masks)


def _hidden(record: Record, masks: Masks) -> Record:
    """A record without secrets in values from cells, people and git.

    Names of stages and paths do not change, since they identify things. Tables already come
    without secrets.
    """
    parameters = [
        dataclasses.replace(
            parameter,
            value=masks.hide_all(parameter.value),
            default=masks.hide_all(parameter.default),
        )
        for parameter in record.parameters
    ]
    return dataclasses.replace(
        record,
        title=masks.hide_all(record.title),
        problems=masks.hide_all(record.problems),
        parameters=tuple(parameters),
        metrics=masks.hide_all(record.metrics),
        git=masks.hide_all(record.git),
        git_failure=masks.hide_all(record.git_failure),
        volatile=dataclasses.replace(
            record.volatile, contacts=masks.hide_all(record.volatile.contacts)
        ),
    )


def _table(inspection: Inspection) -> RecordedTable:
    """A recorded table from an inspection, without the profile itself."""
    subject, profile, verdict = inspection.subject, inspection.profile, inspection.verdict
    return RecordedTable(
        name=subject.name,
        role="input" if subject.reads else "output",
        paths=subject.paths,
        rows=profile.rows if profile else None,
        columns=len(profile.columns) if profile else None,
        profile=profile.digest if profile else None,
        contract=subject.contract,
        holds=not inspection.refusals if subject.contract else None,
        failures=verdict.failures if verdict else (),
        problems=inspection.problems,
    )
