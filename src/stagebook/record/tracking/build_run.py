"""The parent run in MLflow of all that one ``dvc repro`` executed."""

import contextlib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from mlflow.entities import Metric, RunTag

from stagebook.errors import StagebookError
from stagebook.pipeline import dvc_file, lock
from stagebook.project import Project
from stagebook.record import build, graph
from stagebook.record.build import Build
from stagebook.record.history import History
from stagebook.record.spool import Spool
from stagebook.record.tracking import run
from stagebook.record.tracking.tracker import BUILD_TAG, Tracker

NAME = "build"
FILE = "build.json"
_STOPPED = {"interrupted", "terminated", "killed"}


def note(project: Project, spool: Spool, records: Iterable[Mapping[str, Any]]) -> dict[str, Build]:
    """What is known of the builds that these records were part of, each by its name.

    It is kept in a file as long as it is fresh: what dvc.lock says on a later day, when the
    tracker is back, is no longer what it said when the build ended.
    """
    found: dict[str, Build] = {}
    for one in records:
        repro, name = one["volatile"].get("repro"), one["volatile"]["id"]
        if repro is None:
            continue
        known = found.get(repro) or build.read(_place(spool, repro))
        if known is None or name not in {each.record for each in known.executed}:
            known = _look(project, repro)
            with contextlib.suppress(OSError):  # on a full disk it is looked at again
                build.write(known, _place(spool, repro))
        found[repro] = known
    return found


def _place(spool: Spool, repro: str) -> Path:
    return spool.state / "builds" / f"{repro}.json"


def _look(project: Project, repro: str) -> Build:
    try:
        nodes, locked = graph.parse(dvc_file.read(project.root)), lock.read(project.root)
    except StagebookError:  # a merge left its marks; what was executed is known all the same
        nodes, locked = (), lock.Lock({})
    with History.open(project.state) as history:
        looked = Build.of(repro, history.of_repro(repro), nodes, locked)
        return looked.made_by(history.makers)


def begin(tracker: Tracker, one: Build) -> str:
    """The id of a build's run, which is made if need be."""
    return tracker.run(BUILD_TAG, one.repro, NAME, run.milliseconds(one.started), {})


def update(
    tracker: Tracker, run_id: str, one: Build, record: Mapping[str, Any], spool: Spool
) -> None:
    """Lets a build's run say all that is known of it; the same again changes nothing.

    Args:
        tracker: The tracker.
        run_id: The build's run.
        one: The build.
        record: Any record of it, which says which code it was.
        spool: Where the runs of executions are told.
    """
    one = one.with_runs(spool.run_of)
    named = {
        "mlflow.source.name": dvc_file.FILE,
        "mlflow.source.type": "LOCAL",
        "mlflow.note.content": "\n\n".join(_paragraphs(one)),
        "stagebook.outcome": _outcome(one),
        **run.git(record),
    }
    # a build that goes on counts more stages each time, and MLflow shows the last step
    step, end = len(one.executed), run.milliseconds(one.ended)
    tracker.client.log_batch(
        run_id,
        metrics=[Metric(name, value, end, step) for name, value in _totals(one).items()],
        tags=[RunTag(name, value) for name, value in named.items() if value],
    )
    tracker.client.log_dict(run_id, one.as_json(), FILE)
    tracker.client.set_terminated(run_id, status(one), end)


def status(one: Build) -> str:
    """MLflow's word for how a build ended, as far as it got."""
    outcomes = {failed.outcome for failed in one.failed}
    if not outcomes:
        return "FINISHED"
    return "KILLED" if outcomes <= _STOPPED else "FAILED"


def _outcome(one: Build) -> str:
    return next((failed.outcome for failed in one.failed), "done")


def _totals(one: Build) -> dict[str, float]:
    return {
        "stages.executed": float(len(one.executed)),
        "stages.unchanged": float(len(one.unchanged)),
        "stages.failed": float(len(one.failed)),
        "seconds": round((one.ended - one.started).total_seconds(), 3),
    }


def _paragraphs(one: Build) -> Iterator[str]:
    done = [each.stage for each in one.executed if each.outcome == "done"]
    if done:
        yield f"**Executed:** {', '.join(done)}"
    for each in one.failed:
        yield f"**{each.outcome.capitalize()}:** {each.stage}"
    if one.unchanged:
        yield f"**Unchanged:** {', '.join(each.stage for each in one.unchanged)}"
    if one.not_reached:
        yield f"**Not reached:** {', '.join(one.not_reached)}"
    if one.stale:
        yield f"**Stale:** {', '.join(one.stale)}"
