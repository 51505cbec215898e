"""Queries to MLflow: the record of a run or a registered model, and files of a run."""

import os
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stagebook.history.remote import LOGGED, MODEL, Artifact, RemoteRecord, delivered, is_run
from stagebook.project.project import Project, sqlite_path
from stagebook.record import reading
from stagebook.record.reading import DamagedRecordError
from stagebook.record.spool import RECORD, Spool

if TYPE_CHECKING:
    from mlflow import MlflowClient

_PARENTS = 10
PATIENCE = 20.0
"""Seconds that a tracker has to return a file, including MLflow's import."""


def ask(project: Project, what: str) -> RemoteRecord:
    """Asks MLflow for the record behind a run or a registered model.

    Args:
        project: The project.
        what: Id of a run, or a model as ``models:/name/3``, ``models:/name@alias``, ``name/3``.
    """
    from stagebook.tracking.courier import limit_patience
    from stagebook.tracking.refusal import root_cause

    limit_patience()
    os.environ.setdefault("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")
    import mlflow
    from mlflow import MlflowClient

    try:
        client = MlflowClient(tracking_uri=project.tracking_uri)
        run, record = (what, None) if is_run(what) else _of_model(client, what)
        if record and not run:
            return RemoteRecord(
                record
            )  # registered in a tracker that does not have the execution's run
        return _of_run(client, Spool(project.state), run)
    except mlflow.MlflowException as error:
        return RemoteRecord(reason=f"MLflow says: {root_cause(error)}")
    except Exception as error:  # MLflow's clients raise whatever their transport raises
        return RemoteRecord(reason=f"MLflow cannot be queried: {root_cause(error)}")


def _of_model(client: "MlflowClient", what: str) -> tuple[str, str | None]:
    """The run of a model, and the execution that a tag of a registered version names."""
    if logged := LOGGED.fullmatch(what):
        return str(client.get_logged_model(logged["id"]).source_run_id or ""), None
    model = MODEL.fullmatch(what)
    assert model is not None
    if model["alias"]:
        version = client.get_model_version_by_alias(model["name"], model["alias"])
    else:
        version = client.get_model_version(model["name"], model["version"])
    record = version.tags.get(_RECORD_TAG)
    if version.run_id:
        return str(version.run_id), record
    source = LOGGED.fullmatch(version.source or "")
    run = client.get_logged_model(source["id"]).source_run_id if source else None
    return str(run or ""), record


def _of_run(client: "MlflowClient", spool: Spool, run: str) -> RemoteRecord:
    """The record of a run, or of the nearest run above it that has one."""
    for ancestor in _lineage(client, run):
        name = delivered(spool, ancestor.info.run_id) or ancestor.data.tags.get(_RECORD_TAG)
        if name:
            return _remote_record(client, ancestor.info.run_id, name)
    return RemoteRecord(reason="MLflow has this run or model, but no stage made it.")


def _lineage(client: "MlflowClient", run: str) -> Iterator[Any]:
    for _ in range(_PARENTS):
        if not run:
            return
        mlflow_run = client.get_run(run)
        yield mlflow_run
        run = mlflow_run.data.tags.get("mlflow.parentRunId", "")


def _remote_record(client: "MlflowClient", run: str, name: str) -> RemoteRecord:
    """The record in the run's artifacts, for an execution on another machine."""
    with tempfile.TemporaryDirectory() as folder:
        try:
            text = Path(client.download_artifacts(run, RECORD, folder)).read_bytes()
        except Exception:  # whatever an artifact store raises
            return RemoteRecord(name)
    try:
        return RemoteRecord(name, reading.parse(text))
    except DamagedRecordError as error:
        return RemoteRecord(name, reason=f"The record in MLflow cannot be read: {error}.")


_RECORD_TAG = "stagebook.record"


def fetch_artifact(project: Project, run: str, name: str, largest: int) -> Artifact:
    """A file of a run, unless it takes too long; a thread that hangs keeps no process alive.

    Args:
        project: The project.
        run: Id of the run.
        name: The file's name among the run's artifacts.
        largest: The maximum size in bytes.
    """
    store = sqlite_path(project.tracking_uri)
    if store is not None and not store.exists():  # MLflow would create one
        return Artifact(None, "MLflow's store does not exist.", answers=False)
    artifacts: list[Artifact] = []
    thread = threading.Thread(
        target=lambda: artifacts.append(_downloaded(project, run, name, largest)), daemon=True
    )
    thread.start()
    thread.join(PATIENCE)
    return (
        artifacts[0]
        if artifacts
        else Artifact(None, "MLflow did not answer in time.", answers=False)
    )


def _downloaded(project: Project, run: str, name: str, largest: int) -> Artifact:
    from stagebook.tracking.courier import limit_patience
    from stagebook.tracking.refusal import root_cause

    limit_patience()
    os.environ.setdefault("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")
    answers = False
    try:
        from mlflow import MlflowClient

        client = MlflowClient(tracking_uri=project.tracking_uri)
        client.get_run(run)
        answers = True
        with tempfile.TemporaryDirectory() as folder:
            file = Path(client.download_artifacts(run, name, folder))
            if file.stat().st_size > largest:
                return Artifact(None, "The file in MLflow is too large to be shown.")
            return Artifact(file.read_bytes())
    except Exception as error:  # MLflow's clients raise whatever their transport raises
        return Artifact(None, f"MLflow cannot provide the file: {root_cause(error)}.", answers)
