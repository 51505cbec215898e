"""Carries what a notebook logged to MLflow by itself over into its stage's run.

In the kernel, plain MLflow writes to a store of the execution's own, so that no tracker can
make a cell fail or wait. Here the runs of that store are projected onto the real one.
"""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from mlflow import MlflowClient
from mlflow.entities import LoggedModelOutput, Metric, Param, Run, RunTag
from mlflow.entities.logged_model_status import LoggedModelStatus
from mlflow.utils.name_utils import _GENERATOR_NOUNS, _GENERATOR_PREDICATES

from stagebook.record.spool import FILES, STORE

LOCAL_TAG = "stagebook.local_run"
_PARENT_TAG = "mlflow.parentRunId"
_BATCH = 100  # MLflow takes so many in one request


def key(name: str) -> str:
    """A name as MLflow takes it for parameters, metrics and tags."""
    return re.sub(r"[^/\w.\- :]", "_", name)


def log_all(
    target: MlflowClient,
    run: str,
    params: Sequence[Param],
    tags: Sequence[RunTag],
    metrics: Sequence[Metric],
) -> None:
    """Logs any number of parameters, tags and metrics to a run, in requests that MLflow takes."""
    for start in range(0, max(len(params), len(tags), len(metrics)), _BATCH):
        part = slice(start, start + _BATCH)
        target.log_batch(run, metrics=metrics[part], params=params[part], tags=tags[part])


def project(
    folder: Path,
    target: MlflowClient,
    stage_run: str,
    experiment: str,
    declared: Mapping[str, str],
) -> None:
    """Projects every run in an execution's own store.

    A run that the notebook gave no name, because ``mlflow.log_metric`` or autologging started
    it, is the stage's run. A run with a name, with parameters that contradict or with metrics
    that are there already becomes a child of the stage's run; children stay children.

    Args:
        folder: The execution's folder in the outbox.
        target: The real tracker.
        stage_run: Id of the stage's run there.
        experiment: Id of its experiment there.
        declared: The stage's own parameters, as they stand in its run.
    """
    local = MlflowClient(tracking_uri=f"sqlite:///{folder / STORE}")
    experiments = [one.experiment_id for one in local.search_experiments()]
    runs = local.search_runs(experiments, order_by=["attributes.start_time ASC"])
    ids: dict[str, str] = {}
    taken = dict(declared)
    measured: set[str] = set()
    for run in runs:
        parent = run.data.tags.get(_PARENT_TAG)
        agrees = _agree(taken, run.data.params) and measured.isdisjoint(run.data.metrics)
        own = parent is None and _is_unnamed(run) and agrees
        if own:
            taken.update(run.data.params)
            measured.update(run.data.metrics)
            ids[run.info.run_id] = stage_run
        else:
            above = ids.get(parent or "", stage_run)
            ids[run.info.run_id] = _child(target, run, above, experiment)
        _copy_run(local, target, run, ids[run.info.run_id], folder, rename=not own)
    for model in _models(local, experiments):
        _copy_model(target, model, ids, experiment, folder)


def _is_unnamed(run: Run) -> bool:
    words = (run.info.run_name or "").split("-")
    return (
        len(words) == 3
        and words[0] in _GENERATOR_PREDICATES
        and words[1] in _GENERATOR_NOUNS
        and words[2].isdigit()
    )


def _agree(one: dict[str, str], other: dict[str, str]) -> bool:
    return all(one.get(name, value) == value for name, value in other.items())


def _child(target: MlflowClient, run: Run, parent: str, experiment: str) -> str:
    found = target.search_runs(
        [experiment], filter_string=f"tags.`{LOCAL_TAG}` = '{run.info.run_id}'", max_results=1
    )
    if found:
        return str(found[0].info.run_id)
    tags = {_PARENT_TAG: parent, LOCAL_TAG: run.info.run_id}
    created = target.create_run(
        experiment, start_time=run.info.start_time, run_name=run.info.run_name, tags=tags
    )
    return str(created.info.run_id)


def _copy_run(
    local: MlflowClient, target: MlflowClient, run: Run, to: str, folder: Path, *, rename: bool
) -> None:
    params = [Param(name, value) for name, value in run.data.params.items()]
    tags = [
        RunTag(name, value)
        for name, value in run.data.tags.items()
        if not name.startswith(("mlflow.source.", "mlflow.user", "mlflow.runName", _PARENT_TAG))
        and not (name == "mlflow.note.content" and not rename)
    ]
    metrics = [
        one for name in run.data.metrics for one in local.get_metric_history(run.info.run_id, name)
    ]
    log_all(target, to, params, tags, metrics)
    if run.inputs and run.inputs.dataset_inputs:
        target.log_inputs(to, run.inputs.dataset_inputs)
    files = _moved(run.info.artifact_uri, folder)
    if files and files.is_dir() and any(files.iterdir()):
        target.log_artifacts(to, str(files))
    if rename:
        target.set_terminated(to, run.info.status, run.info.end_time)


def _moved(uri: str | None, folder: Path) -> Path | None:
    """Where files are now that a kernel's MLflow put into ``mlruns`` beside the notebook."""
    _, found, rest = (uri or "").rpartition(f"/{FILES}/")
    return folder / FILES / rest if found else None


def _models(local: MlflowClient, experiments: list[str]) -> list[Any]:
    return list(local.search_logged_models(experiments))


def _copy_model(
    target: MlflowClient, model: Any, ids: dict[str, str], experiment: str, folder: Path
) -> None:
    if target.search_logged_models(
        [experiment], filter_string=f"tags.`{LOCAL_TAG}` = '{model.model_id}'", max_results=1
    ):
        return
    run = ids.get(model.source_run_id)
    created = target.create_logged_model(
        experiment,
        name=model.name,
        source_run_id=run,
        tags={
            LOCAL_TAG: model.model_id,
            **{name: value for name, value in model.tags.items() if not name.startswith("mlflow.")},
        },
        params=model.params,
        model_type=model.model_type,
    )
    files = _moved(model.artifact_location, folder)
    if files and files.is_dir():
        target.log_model_artifacts(created.model_id, str(files))
    target.finalize_logged_model(created.model_id, LoggedModelStatus.READY)
    if run:
        target.log_outputs(run, [LoggedModelOutput(created.model_id, step=0)])
