"""The parent run in MLflow of all that one ``dvc repro`` executed."""

import contextlib
from collections.abc import Iterable, Iterator
from pathlib import Path

from mlflow.entities import Metric, RunTag

from stagebook.history import build as builds
from stagebook.history.build import Build
from stagebook.history.history import History
from stagebook.pipeline import dvc_file, lock
from stagebook.pipeline import nodes as graph
from stagebook.project.errors import StagebookError
from stagebook.project.project import Project
from stagebook.record.record import Record
from stagebook.record.spool import Spool
from stagebook.tracking import models, run
from stagebook.tracking.confirmation import confirm
from stagebook.tracking.headline import BuildHeadline
from stagebook.tracking.tracker import BUILD_TAG, Tracker
from stagebook.tracking.upload import send_json

NAME = "build"
FILE = "build.json"
_STOPPED = {"interrupted", "terminated", "killed"}


def note(project: Project, spool: Spool, records: Iterable[Record]) -> dict[str, Build]:
    """The builds that these records were part of, by name.

    Each is written to a file at once: on a later day, when the tracker answers again,
    ``dvc.lock`` may no longer be what it was when the build ended.
    """
    by_repro: dict[str, Build] = {}
    for record in records:
        repro = record.volatile.repro
        if repro is None:
            continue
        build = by_repro.get(repro) or builds.read(_place(spool, repro))
        if build is None or record.id not in {stage.record for stage in build.executed}:
            build = _read_build(project, repro)
            with contextlib.suppress(OSError):  # on a full disk it is computed again
                builds.write(build, _place(spool, repro))
        by_repro[repro] = build
    return by_repro


def _place(spool: Spool, repro: str) -> Path:
    return spool.state / "builds" / f"{repro}.json"


def _read_build(project: Project, repro: str) -> Build:
    try:
        nodes, locked = graph.read(project.root), lock.read(project.root)
    except StagebookError:  # a merge conflict; what was executed is still known
        nodes, locked = (), lock.Lock({})
    with History.open(project.state) as history:
        build = Build.of(repro, history.of_repro(repro), nodes, locked)
        return build.made_by(history.makers)


def begin(tracker: Tracker, build: Build) -> str:
    """The id of a build's run, which is created if it does not exist."""
    return tracker.run(BUILD_TAG, build.repro, NAME, run.milliseconds(build.started), {})


def update(
    tracker: Tracker,
    run_id: str,
    build: Build,
    record: Record,
    spool: Spool,
    headline: BuildHeadline,
) -> None:
    """Writes all that is known of a build to its run; a second time changes nothing.

    Args:
        tracker: The tracker.
        run_id: The build's run.
        build: The build.
        record: Any record of it, which says which code it ran.
        spool: Has the runs of executions.
        headline: What the project shows first of it.
    """
    build = build.with_runs(spool.run_of)
    named = {
        "mlflow.source.name": dvc_file.FILE,
        "mlflow.source.type": "LOCAL",
        "mlflow.note.content": "\n\n".join(_paragraphs(build)),
        "stagebook.outcome": _outcome(build),
        **run.git(record.git),
    }
    # a running build counts more stages each time, and MLflow shows the last step
    step, end = len(build.executed), run.milliseconds(build.ended)
    values = {**_totals(build), **headline.metrics}
    metrics = [Metric(name, value, end, step) for name, value in values.items()]
    tags = [RunTag(name, value) for name, value in named.items() if value]
    tracker.client.log_batch(run_id, metrics=metrics, tags=tags)
    if headline.datasets:
        tracker.client.log_inputs(run_id, list(headline.datasets))
    for model_id in models.of_runs(tracker.client, _runs(build)):
        models.link(tracker.client, run_id, model_id)
    send_json(tracker.client, run_id, FILE, build.as_json())
    tracker.client.set_terminated(run_id, status(build), end)
    confirm(tracker.client, run_id, tags=tags, metrics=metrics, status=status(build))


def status(build: Build) -> str:
    """MLflow's word for how a build ended so far."""
    outcomes = {failed.outcome for failed in build.failed}
    if not outcomes:
        return "FINISHED"
    return "KILLED" if outcomes <= _STOPPED else "FAILED"


def _runs(build: Build) -> Iterator[str | None]:
    """The runs whose outputs are there after a build."""
    yield from (stage.run_id for stage in build.executed)
    yield from (out.run_id for stage in build.unchanged for out in stage.outputs)


def _outcome(build: Build) -> str:
    return next((failed.outcome for failed in build.failed), "done")


def _totals(build: Build) -> dict[str, float]:
    return {
        "stages.executed": float(len(build.executed)),
        "stages.unchanged": float(len(build.unchanged)),
        "stages.failed": float(len(build.failed)),
        "seconds": round((build.ended - build.started).total_seconds(), 3),
    }


def _paragraphs(build: Build) -> Iterator[str]:
    executed = [stage.stage for stage in build.executed if stage.outcome == "done"]
    if executed:
        yield f"**Executed:** {', '.join(executed)}"
    for stage in build.failed:
        yield f"**{stage.outcome.capitalize()}:** {stage.stage}"
    if build.unchanged:
        yield f"**Unchanged:** {', '.join(stage.stage for stage in build.unchanged)}"
    if build.not_reached:
        yield f"**Not reached:** {', '.join(build.not_reached)}"
    if build.stale:
        yield f"**Stale:** {', '.join(build.stale)}"
