"""Copies what a notebook itself logged to MLflow into its stage's run.

In the kernel, plain MLflow writes to a store of the execution's own, so that no tracker can
make a cell fail or wait. This module copies the runs of that store to the real tracker.
"""

import hashlib
import posixpath
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from mlflow import MlflowClient
from mlflow.entities import Metric, Param, Run, RunTag
from mlflow.utils.name_utils import _GENERATOR_NOUNS, _GENERATOR_PREDICATES

from stagebook.project.project import sqlite_uri
from stagebook.record.spool import FILES, STORE
from stagebook.tracking import models
from stagebook.tracking.confirmation import confirm
from stagebook.tracking.tracker import LOCAL_TAG, PARENT_TAG, Tracker
from stagebook.tracking.upload import Upload

_NOTE = "mlflow.note.content"
_BATCH = 100  # MLflow takes so many parameters or tags in one request
_METRICS = 800  # and so many metrics besides
_KEY = 250


def key(name: str) -> str:
    """A name as MLflow takes it for parameters, metrics and tags."""
    clean = re.sub(r"[^/\w.\- :]", "_", name)
    if posixpath.normpath(clean) != clean or clean.startswith(("/", "..")) or clean == ".":
        clean = clean.replace("/", "_").strip(".") or "_"  # MLflow takes it for a path
    if len(clean) <= _KEY:
        return clean
    return f"{clean[: _KEY - 9]}-{hashlib.sha256(name.encode()).hexdigest()[:8]}"


def keys(names: Iterable[str]) -> dict[str, str]:
    """Each of some names as MLflow takes it, so that no two become one.

    MLflow allows fewer characters than names have, and some of its stores take ``AUC`` and ``auc``
    for the same. Of names that would become one, the first that needs no change keeps its name;
    each other gets a digest at its end.
    """
    cleaned: dict[str, str] = {}
    taken: set[str] = set()
    for name in sorted(set(names), key=lambda item: (key(item) != item, item)):
        clean = key(name)
        if clean.casefold() in taken:
            digest = hashlib.sha256(name.encode(errors="surrogatepass")).hexdigest()[:8]
            clean = f"{clean[: _KEY - 9]}-{digest}"
        taken.add(clean.casefold())
        cleaned[name] = clean
    return cleaned


def log_all(
    target: MlflowClient,
    run: str,
    params: Sequence[Param],
    tags: Sequence[RunTag],
    metrics: Sequence[Metric],
) -> None:
    """Logs any number of parameters, tags and metrics to a run, in requests that MLflow takes."""
    several = (range(0, len(params), _BATCH), range(0, len(tags), _BATCH))
    for step in range(max(*map(len, several), -(-len(metrics) // _METRICS))):
        part = slice(step * _BATCH, (step + 1) * _BATCH)
        numbers = metrics[step * _METRICS : (step + 1) * _METRICS]
        target.log_batch(run, metrics=numbers, params=params[part], tags=tags[part])


@dataclass(frozen=True, slots=True)
class StageRun:
    """The run of a stage, which also gets what its notebook logged.

    Attributes:
        id: Its id in the tracker.
        status: How the stage ended, in MLflow's words.
        note: Its description.
        params: Its parameters.
    """

    id: str
    status: str
    note: str
    params: dict[str, str] = field(default_factory=dict)


def project(folder: Path, target: Tracker, experiment: str, stage: StageRun) -> None:
    """Copies every run in an execution's own store to the tracker.

    A run without a name of its own, started by ``mlflow.log_metric`` or autologging, becomes the
    stage's run. A run with a name, in an experiment of its own, with parameters that contradict,
    or with metrics that the stage's run already has, becomes a child of the stage's run;
    children stay children.

    Args:
        folder: The execution's folder in the outbox.
        target: The real tracker.
        experiment: Name of the project's experiment.
        stage: The stage's run there.
    """
    local = MlflowClient(tracking_uri=sqlite_uri(folder / STORE))
    names = {item.experiment_id: item.name for item in local.search_experiments()}
    oldest = ["attributes.start_time ASC"]
    runs = list(_pages(partial(local.search_runs, list(names), order_by=oldest)))
    places = {name: target.in_experiment(name) for name in _elsewhere(runs, names, experiment)}
    ids: dict[str, tuple[str, Tracker]] = {}
    taken = dict(stage.params)
    measured: set[str] = set()
    for run in runs:
        name = names[run.info.experiment_id]
        parent = run.data.tags.get(PARENT_TAG)
        agrees = _agree(taken, run.data.params) and measured.isdisjoint(run.data.metrics)
        own = parent is None and _is_unnamed(run) and agrees and name == experiment
        if own:
            taken.update(run.data.params)
            measured.update(run.data.metrics)
            ids[run.info.run_id] = stage.id, target
        else:
            parent_id, _ = ids.get(parent or "", (stage.id, target))
            place = places.get(name, target)
            ids[run.info.run_id] = _child(place, run, parent_id), place
        _copy_run(local, target.client, run, ids[run.info.run_id][0], folder, stage, own=own)
    for model in _pages(partial(local.search_logged_models, list(names))):
        target_run, place = ids.get(model.source_run_id, (stage.id, target))
        files = _moved(model.artifact_location, folder)
        models.carry(target.client, model, target_run, place.experiment, files)


def _pages(search: Callable[..., Any]) -> Iterator[Any]:
    """All that a search finds, page after page."""
    page = search()
    yield from page
    while page.token:
        page = search(page_token=page.token)
        yield from page


def _elsewhere(runs: Sequence[Run], names: dict[str, str], experiment: str) -> set[str]:
    """Experiments other than the project's that the notebook made runs in."""
    return {names[run.info.experiment_id] for run in runs} - {experiment}


def _is_unnamed(run: Run) -> bool:
    words = (run.info.run_name or "").split("-")
    return (
        len(words) == 3
        and words[0] in _GENERATOR_PREDICATES
        and words[1] in _GENERATOR_NOUNS
        and words[2].isdigit()
    )


def _agree(item: dict[str, str], other: dict[str, str]) -> bool:
    return all(item.get(name, value) == value for name, value in other.items())


def _child(target: Tracker, run: Run, parent: str) -> str:
    name, start = run.info.run_name or "", run.info.start_time
    return target.run(LOCAL_TAG, run.info.run_id, name, start, {PARENT_TAG: parent})


def _copy_run(
    local: MlflowClient,
    target: MlflowClient,
    run: Run,
    target_run: str,
    folder: Path,
    stage: StageRun,
    *,
    own: bool,
) -> None:
    params = [Param(name, value) for name, value in run.data.params.items()]
    tags = [
        RunTag(name, f"{value}\n\n{stage.note}" if own and name == _NOTE else value)
        for name, value in run.data.tags.items()
        if not name.startswith(("mlflow.source.", "mlflow.user", "mlflow.runName", PARENT_TAG))
    ]
    metrics = [
        item
        for name in run.data.metrics
        for item in local.get_metric_history(run.info.run_id, name)
    ]
    log_all(target, target_run, params, tags, metrics)
    if run.inputs and run.inputs.dataset_inputs:
        target.log_inputs(target_run, run.inputs.dataset_inputs)
    files = _moved(run.info.artifact_uri, folder)
    if files and files.is_dir() and any(files.iterdir()):
        upload = Upload.to_run(target, target_run)
        upload.add(files)
        upload.send()
    ended = None
    if not own:
        # a run that no cell ended gets the status of its stage
        ended = stage.status if run.info.status == "RUNNING" else run.info.status
        target.set_terminated(target_run, ended, run.info.end_time)
    confirm(target, target_run, params=params, tags=tags, metrics=metrics, status=ended)


def _moved(uri: str | None, folder: Path) -> Path | None:
    """The present place of files that a kernel's MLflow put into ``mlruns`` at the notebook."""
    _, separator, rest = (uri or "").rpartition(f"/{FILES}/")
    return folder / FILES / rest if separator else None
