"""The verbs for past executions: deliver, summarise, trace and list records."""

from pathlib import Path
from typing import TYPE_CHECKING

from stagebook.execution.signals import time_limit
from stagebook.history.history import History
from stagebook.pipeline import notebooks
from stagebook.project.project import Project, without_credentials
from stagebook.record.spool import Spool
from stagebook.tracking.courier import limit_patience, no_tracker

if TYPE_CHECKING:
    from stagebook.history.lineage.graph import Trace
    from stagebook.history.log import Log
    from stagebook.history.summary import Summary

_SECONDS = 120
_SECONDS_PER_RECORD = 30
"""A tracker that sends its answers byte by byte keeps each single time limit of a client."""


def deliver(project: Project) -> tuple[str, ...]:
    """Sends MLflow every record that it does not have yet; returns the executions' ids."""
    spool = Spool(project.state)
    spool.take_in_leftovers()
    if not spool.pending():
        return ()
    limit_patience()
    from stagebook.tracking import delivery

    try:
        with time_limit(_SECONDS + _SECONDS_PER_RECORD * len(spool.pending())):
            return tuple(delivery.deliver(project))
    except Exception as error:  # MLflow's clients raise whatever their transport raises
        raise no_tracker(project.tracking_uri, error) from error


def summary(project: Project) -> "Summary":
    """The last build, its verdict, its headline metrics, and where to look."""
    from stagebook.history import status_reading
    from stagebook.history.summary import Summary

    with History.open(project.state) as history:
        status = status_reading.read(project, history, "")
    status.require_readable()
    experiment = Spool(project.state).experiment(without_credentials(project.tracking_uri))
    return Summary.of(project, status, experiment)


def trace(project: Project, what: str, folder: Path, *, at: str | None, down: bool) -> "Trace":
    """Everything that a file, an execution or a model was made from, or that was made from it.

    Args:
        project: The project.
        what: A path, a hash, the id of an execution or of a run, a registered model.
        folder: The working folder, which paths are relative to.
        at: The commit whose ``dvc.lock`` is read; None for the file in the working tree.
        down: Whether to follow what was made from it.
    """
    from stagebook.history.lineage import tracing
    from stagebook.tracking import inquiry

    return tracing.trace(project, what, folder, at=at, down=down, ask=inquiry.ask)


def log(project: Project, stage: str | None, limit: int) -> "Log":
    """The last executions, newest first, each with what changed since the one before.

    Args:
        project: The project.
        stage: The stage; None for all stages.
        limit: Largest number of executions.
    """
    from stagebook.history.log import Log

    if stage is not None:
        stage = notebooks.stage_named(project, stage)
    with History.open(project.state) as history:
        return Log.of(history, project.settings.headline, stage, limit)
