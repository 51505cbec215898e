"""Runs of plain MLflow in a person's kernel, and their end; with a real store."""

from collections.abc import Callable
from pathlib import Path

import pytest
from lab_kernels import SIGNATURE, Kernel, Little
from mlflow import MlflowClient
from mlflow.entities import Run

from stagebook.project.project import Project
from stagebook.record import interactive
from stagebook.record.interactive import KernelSession

Start = Callable[..., Kernel]


def test_a_kernel_that_lives_has_not_ended(
    little: Little, start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = Project.find(little.root)
    kernel = start(little.root / "notebooks")
    kernel.run(SIGNATURE, cellId="signature", tags=["parameters"])
    name = kernel.run("import os; os.environ['STAGEBOOK_SESSION']").plain.strip("'")
    monkeypatch.setenv("STAGEBOOK_SESSION", name)
    session = KernelSession.current()
    assert session is not None
    assert session.stage == "train"
    session.note_tracker("http://me:secret@tracker")
    assert interactive.ended(project) == ()
    kernel.manager.shutdown_kernel(now=True)
    assert interactive.ended(project) == (session,)
    assert session.trackers == ("http://tracker",)


def test_a_kernel_that_began_no_run_is_forgotten(little: Little, start: Start) -> None:
    kernel = start(little.root / "notebooks")
    kernel.run(SIGNATURE, cellId="signature", tags=["parameters"])
    [folder] = (one for one in (little.root / ".stagebook/interactive").iterdir())
    kernel.manager.shutdown_kernel(now=True)
    assert interactive.ended(Project.find(little.root)) == ()
    assert not folder.exists()


def runs(root: Path) -> list[Run]:
    client = MlflowClient(tracking_uri=f"sqlite:///{root / 'mlflow.db'}")
    everywhere = [one.experiment_id for one in client.search_experiments()]
    return list(client.search_runs(everywhere, order_by=["attributes.start_time"]))


@pytest.mark.slow
def test_runs_have_a_name_and_an_end_however_their_kernel_ends(
    little: Little, start: Start
) -> None:
    file = little.root / "notebooks/train.ipynb"
    first = start(file.parent, JPY_SESSION_NAME=str(file))
    first.run(SIGNATURE, cellId="signature", tags=["parameters"])
    first.run("import mlflow; mlflow.log_metric('a', 1)", cellId="2")
    first.run("mlflow.start_run(nested=True, run_name='inner'); mlflow.log_metric('b', 2)")
    first.manager.shutdown_kernel()
    ended = runs(little.root)
    assert [run.info.status for run in ended] == ["FINISHED", "FINISHED"]
    assert ended[0].info.run_name.startswith("train interactive 20")
    assert ended[1].info.run_name == "inner"
    assert {run.data.tags["stagebook.interactive"] for run in ended} == {"train"}
    client = MlflowClient(tracking_uri=f"sqlite:///{little.root / 'mlflow.db'}")
    assert client.get_experiment(ended[0].info.experiment_id).name == "tiny"

    killed = start(file.parent, JPY_SESSION_NAME=str(file))
    killed.run("import mlflow; mlflow.log_metric('c', 3)")
    killed.manager.shutdown_kernel(now=True)
    assert runs(little.root)[2].info.status == "RUNNING"

    after = start(file.parent, JPY_SESSION_NAME=str(file))
    after.run("import subprocess; [one.wait() for one in subprocess._active]")
    assert [run.info.status for run in runs(little.root)] == ["FINISHED", "FINISHED", "KILLED"]
    [alive] = (one for one in (little.root / ".stagebook/interactive").iterdir())
    assert after.run("import os; os.environ['STAGEBOOK_SESSION']").plain == repr(str(alive))
