"""Files that MLflow holds of an execution, asked for with an end to the patience."""

import os
import tempfile
import threading
from dataclasses import dataclass
from pathlib import Path

from stagebook.project import Project

PATIENCE = 20.0
"""Seconds that a tracker has to give a file, MLflow's import among them."""

_SQLITE = "sqlite:///"


@dataclass(frozen=True, slots=True)
class Artifact:
    """A file, or why there is none.

    Attributes:
        content: What is in it; None if it could not be had.
        reason: Why not, in a sentence.
        answers: Whether the tracker answered at all.
    """

    content: bytes | None
    reason: str = ""
    answers: bool = True


def fetch(project: Project, run: str, name: str, largest: int) -> Artifact:
    """A file of a run, unless it takes too long; a thread that hangs keeps no process alive.

    Args:
        project: The project.
        run: Id of the run.
        name: The file's name among the run's artifacts.
        largest: Bytes that it may have.
    """
    store = project.tracking_uri.removeprefix(_SQLITE)
    if store != project.tracking_uri and not Path(store).exists():  # MLflow would make one
        return Artifact(None, "MLflow's store is not here.", answers=False)
    said: list[Artifact] = []
    asked = threading.Thread(
        target=lambda: said.append(_downloaded(project, run, name, largest)), daemon=True
    )
    asked.start()
    asked.join(PATIENCE)
    return said[0] if said else Artifact(None, "MLflow did not answer in time.", answers=False)


def _downloaded(project: Project, run: str, name: str, largest: int) -> Artifact:
    from stagebook.record.tracking.courier import limit_patience
    from stagebook.record.tracking.refusal import root_cause

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
                return Artifact(None, "What MLflow has is too large to be shown.")
            return Artifact(file.read_bytes())
    except Exception as error:  # MLflow's clients raise whatever their transport raises
        return Artifact(None, f"MLflow cannot give it: {root_cause(error)}.", answers)
