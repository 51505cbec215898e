"""What is in MLflow after a run, and what happens when MLflow is not there."""

import json
import os
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from checkout import BIN, Checkout
from mlflow import MlflowClient
from mlflow.entities import Run

pytestmark = pytest.mark.slow

OUT = 'result: Out = "data/result.txt"'
DONE = 'open(result, "w").write("done")'


def runs(project: Checkout, experiment: str, uri: str = "") -> list[Run]:
    """The runs, oldest first; a loaded machine may have left some for later."""
    project.ok("stagebook", "deliver")
    client = MlflowClient(uri or store(project))
    found = client.get_experiment_by_name(experiment)
    assert found is not None
    return list(client.search_runs([found.experiment_id], order_by=["attributes.start_time ASC"]))


def store(project: Checkout) -> str:
    return f"sqlite:///{project.root / 'mlflow.db'}"


def test_each_execution_of_a_build_is_one_run(chain: Checkout) -> None:
    # the copy's artifacts lie where the original was built; its runs are in the same file
    found = {run.info.run_name: run for run in runs(chain, "chain")}
    assert sorted(found) == ["double", "make", "other", "report"]
    assert {run.info.status for run in found.values()} == {"FINISHED"}
    double, report = found["double"], found["report"]
    assert double.data.params == {"factor": "2.5"}
    assert report.data.metrics["total"] == 137.5
    assert report.data.metrics["by.largest"] == 62.5
    assert report.data.tags["metric.note"] == "fine"


def test_a_run_names_its_data_by_the_hashes_in_dvc_lock(chain: Checkout) -> None:
    found = {run.info.run_name: run for run in runs(chain, "chain")}
    lock = chain.read("dvc.lock")
    double = found["double"]
    (dataset,) = double.inputs.dataset_inputs
    assert dataset.dataset.name == "data/numbers.csv"
    assert f"md5: {dataset.dataset.digest}" in lock
    assert f"md5: {double.data.tags['output.data/doubled.csv']}" in lock


def test_a_run_names_the_commit_and_whether_the_tree_was_dirty(project: Checkout) -> None:
    project.notebook("clean", OUT, DONE)
    project.ok("stagebook", "sync")
    project.write(".gitignore", project.read(".gitignore") + "/data/\n")
    project.ok("git", "config", "user.email", "someone@example.org")
    project.ok("git", "config", "user.name", "Someone")
    project.ok("git", "remote", "add", "origin", "https://someone:s3cret@example.org/it.git")
    project.commit()
    commit = project.ok("git", "rev-parse", "HEAD").output.strip()
    project.build()
    project.notebook("clean", OUT, DONE, "2 + 2")
    project.build()
    clean, dirty = runs(project, "little")
    assert clean.data.tags["mlflow.source.git.commit"] == commit
    assert clean.data.tags["mlflow.source.git.repoURL"] == "https://example.org/it.git"
    assert [clean.data.tags["git.dirty"], dirty.data.tags["git.dirty"]] == ["false", "true"]


def test_executed_notebook_and_page_are_artifacts(project: Checkout) -> None:
    project.notebook("one", OUT, DONE)
    project.ok("stagebook", "run", "one")
    (run,) = runs(project, "little")
    client = MlflowClient(store(project))
    names = {one.path for one in client.list_artifacts(run.info.run_id)}
    assert names == {"executed.ipynb", "executed.html", "record.json"}
    folder = Path(run.info.artifact_uri.removeprefix("file://"))
    assert folder.is_relative_to(project.root / "mlruns")


def test_a_failed_run_is_logged_as_failed_with_its_partial_notebook(project: Checkout) -> None:
    project.notebook("fails", f"{OUT}\nrate: float = 0.5", "1 / 0", DONE)
    assert project.run("stagebook", "run", "fails").code == 1
    (run,) = runs(project, "little")
    assert run.info.status == "FAILED"
    assert run.data.params == {"rate": "0.5"}
    assert "ZeroDivisionError" in run.data.tags["mlflow.note.content"]
    names = {one.path for one in MlflowClient(store(project)).list_artifacts(run.info.run_id)}
    assert {"executed.ipynb", "executed.html"} <= names


PLAIN = """
import mlflow
for step in range(3):
    mlflow.log_metric("loss", 1 / (step + 1), step=step)
mlflow.log_param("kind", "plain")
mlflow.log_dict({"a": 1}, "notes.json")
"""


def test_a_run_id_in_the_shell_does_not_reach_the_kernel(project: Checkout) -> None:
    project.env["MLFLOW_RUN_ID"] = "0" * 32
    project.notebook("plain", OUT, PLAIN, DONE)
    project.ok("stagebook", "run", "plain")


def test_plain_mlflow_in_a_cell_lands_in_the_stages_run(project: Checkout) -> None:
    project.notebook("plain", OUT, PLAIN, DONE)
    project.ok("stagebook", "run", "plain")
    (run,) = runs(project, "little")
    client = MlflowClient(store(project))
    history = client.get_metric_history(run.info.run_id, "loss")
    assert [(one.step, one.value) for one in history] == [(0, 1.0), (1, 0.5), (2, 1 / 3)]
    assert run.data.params == {"kind": "plain"}
    assert "notes.json" in {one.path for one in client.list_artifacts(run.info.run_id)}


AUTOLOG = """
import mlflow
from sklearn.linear_model import LogisticRegression
mlflow.sklearn.autolog(silent=True)
model = LogisticRegression(C=0.5).fit([[0.0], [1.0], [2.0], [3.0]], [0, 0, 1, 1])
mlflow.log_metric("after", 7)
"""


def test_autolog_in_a_cell_lands_in_the_stages_run(project: Checkout) -> None:
    project.notebook("auto", OUT, AUTOLOG, DONE)
    project.ok("stagebook", "run", "auto")
    (run,) = runs(project, "little")
    assert run.data.params["C"] == "0.5"
    assert run.data.metrics["after"] == 7
    assert any(name.startswith("training_") for name in run.data.metrics)
    client = MlflowClient(store(project))
    (model,) = client.search_logged_models([run.info.experiment_id])
    assert model.source_run_id == run.info.run_id
    assert (Path(model.artifact_location.removeprefix("file://")) / "MLmodel").is_file()


CLASH = """
import mlflow
mlflow.log_param("rate", 9)
mlflow.log_metric("seen", 1)
"""


def test_a_parameter_logged_with_another_value_keeps_nothing_back(project: Checkout) -> None:
    project.notebook("clash", f"{OUT}\nrate: float | None = None", CLASH, DONE)
    project.ok("stagebook", "run", "clash")
    project.ok("stagebook", "deliver")
    found = runs(project, "little")
    own = next(run for run in found if run.info.run_name == "clash")
    child = next(run for run in found if run is not own)
    assert own.data.params == {"rate": "None"}
    assert child.data.params == {"rate": "9"}
    assert child.data.tags["mlflow.parentRunId"] == own.info.run_id


NESTED = """
import mlflow
mlflow.log_metric("outer", 1)
for name in ("a", "b"):
    with mlflow.start_run(run_name=name, nested=True):
        mlflow.log_metric("inner", 2)
"""
NAMED = """
import mlflow
for name in ("a", "b"):
    with mlflow.start_run(run_name=name):
        mlflow.log_metric("inner", 2)
"""


@pytest.mark.parametrize("cell", [NESTED, NAMED], ids=["nested", "one after the other"])
def test_named_runs_in_a_cell_become_children_and_overwrite_nothing(
    project: Checkout, cell: str
) -> None:
    project.notebook("family", OUT, cell, DONE)
    project.ok("stagebook", "run", "family")
    found = {run.info.run_name: run for run in runs(project, "little")}
    assert sorted(found) == ["a", "b", "family"]
    for name in ("a", "b"):
        assert found[name].data.metrics == {"inner": 2}
        assert found[name].data.tags["mlflow.parentRunId"] == found["family"].info.run_id


@pytest.fixture
def server(tmp_path: Path) -> Iterator[str]:
    """A real tracking server on loopback."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    folder = tmp_path / "server"
    folder.mkdir()
    log = (folder / "log").open("w")
    command = [BIN / "mlflow", "server", "--host", "127.0.0.1", "--port", str(port)]
    stores = ["--backend-store-uri", f"sqlite:///{folder / 'server.db'}"]
    artifacts = ["--artifacts-destination", str(folder / "artifacts")]
    process = subprocess.Popen(
        [*command, "--workers", "1", *stores, *artifacts],
        cwd=folder,
        stdout=log,
        stderr=log,
        env={**os.environ, "MLFLOW_DISABLE_TELEMETRY": "true"},
        start_new_session=True,
    )
    try:
        wait_until_it_listens(port, process)
        yield f"http://127.0.0.1:{port}"
    finally:
        os.killpg(process.pid, 15)
        process.wait()
        log.close()


def wait_until_it_listens(port: int, process: subprocess.Popen[Any]) -> None:
    """Asks until the server answers; each try is bounded by the connection's own time limit."""
    import time

    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        assert process.poll() is None, "the server ended"
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.1)
            continue
        return
    raise AssertionError("the server does not answer")


def test_a_tracking_server_named_by_the_environment_gets_the_runs(
    project: Checkout, server: str
) -> None:
    project.env["MLFLOW_TRACKING_URI"] = server
    project.notebook("one", OUT, PLAIN, DONE)
    project.ok("stagebook", "run", "one")
    (run,) = runs(project, "little", server)
    assert run.data.metrics["loss"] == 1 / 3
    names = {one.path for one in MlflowClient(server).list_artifacts(run.info.run_id)}
    assert names == {"executed.ipynb", "executed.html", "record.json", "notes.json"}
    assert not (project.root / "mlflow.db").exists()


def test_a_tracker_that_is_not_there_fails_no_stage_and_loses_nothing(project: Checkout) -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))  # bound and not listening: connections are refused
        project.env["MLFLOW_TRACKING_URI"] = f"http://127.0.0.1:{nobody.getsockname()[1]}"
        project.notebook("one", OUT, PLAIN, DONE)
        done = project.ok("stagebook", "run", "one")
        refused = project.run("stagebook", "deliver")
    assert "MLflow does not have this run yet" in done.output
    assert "stagebook deliver" in done.output
    assert refused.code == 4
    assert "does not take the records: ConnectionRefusedError" in refused.output
    del project.env["MLFLOW_TRACKING_URI"]
    assert json.loads(project.ok("stagebook", "deliver", "--json").output)["delivered"]
    assert project.ok("stagebook", "deliver").output.strip() == "Delivered 0 executions."
    (run,) = runs(project, "little")
    assert run.data.metrics["loss"] == 1 / 3


def test_delivering_the_same_record_again_doubles_nothing(project: Checkout) -> None:
    import shutil

    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        project.env["MLFLOW_TRACKING_URI"] = f"http://127.0.0.1:{nobody.getsockname()[1]}"
        project.notebook("one", OUT, AUTOLOG, "mlflow.end_run()", NAMED, DONE)
        project.ok("stagebook", "run", "one")
    del project.env["MLFLOW_TRACKING_URI"]
    outbox = project.root / ".stagebook" / "outbox"
    shutil.copytree(outbox, project.root / "kept")
    project.ok("stagebook", "deliver")
    once = [(run.info.run_name, run.data.metrics) for run in runs(project, "little")]
    for folder in (project.root / "kept").glob("*/"):
        shutil.copytree(folder, outbox / folder.name)
    project.ok("stagebook", "deliver")
    assert [(run.info.run_name, run.data.metrics) for run in runs(project, "little")] == once
    client = MlflowClient(store(project))
    (experiment,) = {run.info.experiment_id for run in runs(project, "little")}
    assert len(client.search_logged_models([experiment])) == 1
