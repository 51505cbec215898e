"""The record of a run or a registered model in MLflow."""

import json
import os
import re
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stagebook.project import Project
from stagebook.record.history import Values
from stagebook.record.spool import RECORD, Spool

if TYPE_CHECKING:
    from mlflow import MlflowClient

_RUN = re.compile(r"[0-9a-f]{32}")
_MODEL = re.compile(r"(?:models:/)?(?P<name>[^/@]+)(?:/(?P<version>\d+)|@(?P<alias>[^/@]+))")
_LOGGED = re.compile(r"models:/(?P<id>m-[0-9a-f]{32})")
_PARENTS = 10


@dataclass(frozen=True, slots=True)
class Found:
    """What MLflow knows.

    Attributes:
        name: Id of the execution.
        record: Its record, as MLflow holds it; None if it was not asked.
        reason: Why there is none.
    """

    name: str | None = None
    record: Values | None = None
    reason: str = ""


def is_run(what: str) -> bool:
    """Whether a text may be the id of a run."""
    return bool(_RUN.fullmatch(what))


def is_model(what: str) -> bool:
    """Whether a text may name a version of a registered model."""
    return bool(_MODEL.fullmatch(what) or _LOGGED.fullmatch(what))


def delivered(spool: Spool, run: str) -> str | None:
    """Id of the execution that was delivered as this run; None if that is not known here."""
    wanted = run.encode()
    for file in spool.delivered.glob("*.json"):
        if wanted in (text := file.read_bytes()) and json.loads(text)["run_id"] == run:
            return file.stem
    return None


def ask(project: Project, what: str) -> Found:
    """Asks MLflow for the record behind a run or a registered model.

    Args:
        project: The project.
        what: Id of a run, or a model as ``models:/name/3``, ``models:/name@alias``, ``name/3``.
    """
    from stagebook.record.tracking.courier import limit_patience
    from stagebook.record.tracking.refusal import root_cause

    limit_patience()
    os.environ.setdefault("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")
    import mlflow
    from mlflow import MlflowClient

    try:
        client = MlflowClient(tracking_uri=project.tracking_uri)
        run, record = (what, None) if is_run(what) else _of_model(client, what)
        if record and not run:
            return Found(record)  # registered where the execution's run is not
        return _of_run(client, Spool(project.state), run)
    except mlflow.MlflowException as error:
        return Found(reason=f"MLflow says: {root_cause(error)}")
    except Exception as error:  # MLflow's clients raise whatever their transport raises
        return Found(reason=f"MLflow cannot be asked: {root_cause(error)}")


def _of_model(client: "MlflowClient", what: str) -> tuple[str, str | None]:
    """The run behind a model, and the execution that a registered version names by a tag."""
    if logged := _LOGGED.fullmatch(what):
        return str(client.get_logged_model(logged["id"]).source_run_id or ""), None
    model = _MODEL.fullmatch(what)
    assert model is not None
    if model["alias"]:
        version = client.get_model_version_by_alias(model["name"], model["alias"])
    else:
        version = client.get_model_version(model["name"], model["version"])
    record = version.tags.get(_RECORD_TAG)
    if version.run_id:
        return str(version.run_id), record
    source = _LOGGED.fullmatch(version.source or "")
    run = client.get_logged_model(source["id"]).source_run_id if source else None
    return str(run or ""), record


def _of_run(client: "MlflowClient", spool: Spool, run: str) -> Found:
    """The record of a run, or of the nearest run above it that has one."""
    for above in _lineage(client, run):
        name = delivered(spool, above.info.run_id) or above.data.tags.get(_RECORD_TAG)
        if name:
            return Found(name, _record(client, above.info.run_id))
    return Found(reason="MLflow has it, but not from a stage.")


def _lineage(client: "MlflowClient", run: str) -> Iterator[Any]:
    for _ in range(_PARENTS):
        if not run:
            return
        found = client.get_run(run)
        yield found
        run = found.data.tags.get("mlflow.parentRunId", "")


def _record(client: "MlflowClient", run: str) -> Values | None:
    """The record as the run's artifact, for an execution that was somewhere else."""
    with tempfile.TemporaryDirectory() as folder:
        try:
            text = Path(client.download_artifacts(run, RECORD, folder)).read_text(encoding="utf-8")
        except Exception:  # whatever an artifact store raises
            return None
    found: Values = json.loads(text)
    return found


_RECORD_TAG = "stagebook.record"
