"""The verbs about what has been: records delivered, summed up, traced and listed."""

from pathlib import Path
from typing import TYPE_CHECKING

from stagebook.pipeline import notebooks
from stagebook.project import Project
from stagebook.record.history import History
from stagebook.record.spool import Spool
from stagebook.record.summary import Summary
from stagebook.record.tracking.courier import limit_patience, no_tracker

if TYPE_CHECKING:
    from stagebook.record.lineage.graph import Trace
    from stagebook.record.log import Log


def deliver(project: Project) -> tuple[str, ...]:
    """Gives MLflow every record that it does not have yet; returns the executions' names."""
    spool = Spool(project.state)
    spool.take_in_leftovers()
    if not spool.pending():
        return ()
    limit_patience()
    from stagebook.record.tracking import delivery

    try:
        return tuple(delivery.deliver(project))
    except Exception as error:  # MLflow's clients raise whatever their transport raises
        raise no_tracker(project.tracking_uri, error) from error


def summary(project: Project) -> Summary:
    """What the last build of each stage was, the headline metrics, and where to look."""
    found = notebooks.read_all(project)
    graph = notebooks.pipeline(project, found)
    stages = tuple(stage.name for stage in graph.stages)
    return Summary.of(project, stages, Spool(project.state).last_builds(stages))


def trace(project: Project, what: str, folder: Path, *, at: str | None, down: bool) -> "Trace":
    """All that a file, an execution or a model came from, or all that was made from it.

    Args:
        project: The project.
        what: A path, a hash, the id of an execution or of a run, a registered model.
        folder: Where the person is, for paths.
        at: The commit whose ``dvc.lock`` counts; None for the one in the tree.
        down: Whether to go to what was made from it.
    """
    from stagebook.record.lineage import tracing

    return tracing.trace(project, what, folder, at=at, down=down)


def log(project: Project, stage: str | None, limit: int) -> "Log":
    """The last executions, newest first, each with what changed since the one before.

    Args:
        project: The project.
        stage: Of this stage; None for those of all stages.
        limit: At most so many.
    """
    from stagebook.record.log import Log

    with History.open(project.state) as history:
        return Log.of(history, project.settings.headline, stage, limit)
