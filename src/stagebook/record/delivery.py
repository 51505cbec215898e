"""Delivers the outbox to MLflow: one run per execution, as often as it takes, never twice."""

import contextlib
import datetime
import json
import logging
import os
import shutil
import sys
from importlib import metadata
from pathlib import Path
from typing import Any

import mlflow
from mlflow import MlflowClient
from mlflow.entities import Dataset, DatasetInput, Experiment, InputTag, Metric, Param, RunTag

from stagebook.execution.sandbox import empty_store
from stagebook.project import Project, without_credentials
from stagebook.record import projection
from stagebook.record.spool import EXECUTED, PROFILES, RECORD, STORE, Spool

# MLflow tells of each new table with a time stamp, which is of no use to anybody here.
logging.getLogger("mlflow").setLevel(logging.WARNING)

RECORD_TAG = "stagebook.record"
_STATUS = {"done": "FINISHED", "interrupted": "KILLED", "terminated": "KILLED", "killed": "KILLED"}


def deliver(project: Project) -> list[str]:
    """Delivers every record in the outbox.

    Returns:
        Ids of the executions that were delivered by this call.

    Raises:
        Exception: Whatever MLflow raises; what was not delivered stays in the outbox.
    """
    spool = Spool(project.state)
    if not spool.pending():
        return []
    os.chdir(project.root)  # a new SQLite store puts its artifacts into ./mlruns
    delivered = []
    refused: list[Exception] = []
    uri = without_credentials(project.tracking_uri)
    # MLflow prints addresses of runs, which would stand between the lines of our own output.
    with spool.delivering(), contextlib.redirect_stdout(sys.stderr):
        client = MlflowClient(tracking_uri=project.tracking_uri)
        for folder in spool.pending():
            try:
                run_id = _deliver_one(client, project, folder)
            except Exception as error:  # one record must not keep the others back
                refused.append(error)
                continue
            spool.mark_delivered(folder.name, {"tracking_uri": uri, "run_id": run_id})
            shutil.rmtree(folder)
            delivered.append(folder.name)
    if refused:
        raise refused[0]
    return delivered


def prepare_store(project: Project) -> None:
    """Keeps an empty MLflow store at hand, since making one takes seconds."""
    target = empty_store(project.state, metadata.version("mlflow"))
    if not target.exists():
        target.parent.mkdir(parents=True, exist_ok=True)
        near = target.with_name(f".{target.name}.{os.getpid()}")
        MlflowClient(tracking_uri=f"sqlite:///{near}").search_experiments()
        near.replace(target)


def _deliver_one(client: MlflowClient, project: Project, folder: Path) -> str:
    record = json.loads((folder / RECORD).read_text(encoding="utf-8"))
    experiment = _experiment(client, project.settings.name)
    run_id = _run(client, experiment, record)
    _log(client, run_id, record)
    for path in (*sorted(folder.glob(f"{EXECUTED}.*")), folder / RECORD):
        client.log_artifact(run_id, str(path))
    if (folder / PROFILES).exists():
        client.log_artifacts(run_id, str(folder / PROFILES), PROFILES)
    if verdicts := [one for one in record["tables"] if one["contract"]]:
        client.log_dict(run_id, {"tables": verdicts}, "contracts.json")
    if (folder / STORE).exists():
        declared = {
            projection.key(one["name"]): _text(one["value"]) for one in record["parameters"]
        }
        projection.project(folder, client, run_id, experiment.experiment_id, declared)
    volatile = record["volatile"]
    end = _milliseconds(volatile["started"]) + round(volatile["seconds"] * 1000)
    client.set_terminated(run_id, _STATUS.get(record["outcome"], "FAILED"), end)
    return run_id


def _experiment(client: MlflowClient, name: str) -> Experiment:
    found = client.get_experiment_by_name(name)
    if found is not None:
        if found.lifecycle_stage == "deleted":
            client.restore_experiment(found.experiment_id)
        return found
    try:
        return client.get_experiment(client.create_experiment(name))
    except mlflow.MlflowException:  # somebody else's courier may have been faster
        found = client.get_experiment_by_name(name)
        if found is None:
            raise
        return found


def _run(client: MlflowClient, experiment: Experiment, record: dict[str, Any]) -> str:
    """The run of a record: the one that an earlier delivery began, or a new one."""
    name = record["volatile"]["id"]
    found = client.search_runs(
        [experiment.experiment_id], filter_string=f"tags.`{RECORD_TAG}` = '{name}'", max_results=1
    )
    if found:
        return str(found[0].info.run_id)
    run = client.create_run(
        experiment.experiment_id,
        start_time=_milliseconds(record["volatile"]["started"]),
        run_name=record["stage"],
        tags={RECORD_TAG: name},
    )
    return str(run.info.run_id)


def _log(client: MlflowClient, run_id: str, record: dict[str, Any]) -> None:
    params = [
        Param(projection.key(one["name"]), _text(one["value"])) for one in record["parameters"]
    ]
    tags = [RunTag(projection.key(name), value) for name, value in _tags(record).items()]
    time = _milliseconds(record["volatile"]["started"])
    metrics = [
        Metric(projection.key(name), float(value), time, 0)
        for name, value in record["metrics"].items()
        if isinstance(value, (bool, int, float))
    ]
    projection.log_all(client, run_id, params, tags, metrics)
    rows = {path: one["rows"] for one in record["tables"] for path in one["paths"][:1]}
    inputs = [
        DatasetInput(
            _dataset(one["path"], one["md5"], rows.get(one["path"])),
            [InputTag("mlflow.data.context", "input")],
        )
        for one in record["inputs"]
    ]
    if inputs:
        client.log_inputs(run_id, inputs)


def _dataset(path: str, md5: str, rows: int | None) -> Dataset:
    source = json.dumps({"path": path, "md5": md5})
    profile = None if rows is None else json.dumps({"num_rows": rows})
    return Dataset(path, md5, "dvc", source, profile=profile)


def _tags(record: dict[str, Any]) -> dict[str, str]:
    """The run's tags; those that start with ``mlflow.`` show up in MLflow's own pages."""
    git = record["git"] or {}
    texts = {name: value for name, value in record["metrics"].items() if isinstance(value, str)}
    tags = {
        "mlflow.source.name": record["notebook"],
        "mlflow.source.type": "NOTEBOOK",
        "stagebook.stage": record["stage"],
        "stagebook.outcome": record["outcome"],
        "stagebook.build": str(record["build"]).lower(),
        "stagebook.source": record["source"],
        "stagebook.python": record["environment"]["python"],
        **{f"input.{one['path']}": one["md5"] for one in record["inputs"]},
        **{f"output.{one['path']}": one["md5"] for one in record["outputs"]},
        **{
            f"contract.{path}": "holds" if one["holds"] else "refused"
            for one in record["tables"]
            if one["contract"]
            for path in one["paths"]
        },
        **{f"metric.{name}": value for name, value in texts.items()},
    }
    if git:
        tags["mlflow.source.git.commit"] = git["commit"]
        tags["mlflow.source.git.branch"] = git["branch"] or ""
        tags["mlflow.source.git.repoURL"] = git["remote"] or ""
        tags["git.dirty"] = str(git["dirty"]).lower()
    if record["problems"]:
        tags["mlflow.note.content"] = "\n\n".join(one["message"] for one in record["problems"])
    return {name: value for name, value in tags.items() if value}


def _text(value: Any) -> str:
    # As MLflow itself writes None and True: autologging may log the same parameter.
    return json.dumps(value, ensure_ascii=False) if isinstance(value, list | dict) else str(value)


def _milliseconds(iso: str) -> int:
    when = datetime.datetime.fromisoformat(iso) if iso else datetime.datetime.now(datetime.UTC)
    return round(when.timestamp() * 1000)
