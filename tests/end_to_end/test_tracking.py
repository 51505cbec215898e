"""What is in MLflow after a run, and what happens when MLflow is not there."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from checkout import Checkout
from mlflow import MlflowClient
from mlflow.artifacts import load_dict
from trackers import artifacts, runs, serving, store

pytestmark = pytest.mark.slow

OUT = 'result: Out = "data/result.txt"'
DONE = 'open(result, "w").write("done")'


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
    assert "Cell 2: ZeroDivisionError" in run.data.tags["mlflow.note.content"]
    names = {one.path for one in MlflowClient(store(project)).list_artifacts(run.info.run_id)}
    assert {"executed.ipynb", "executed.html"} <= names


def test_a_run_is_described_by_the_notebooks_heading_and_its_tables_by_their_columns(
    chain: Checkout,
) -> None:
    found = {run.info.run_name: run for run in runs(chain, "chain")}
    assert found["double"].data.tags["mlflow.note.content"].startswith("### Double them\n\n")
    (dataset,) = found["double"].inputs.dataset_inputs
    assert json.loads(dataset.dataset.profile) == {"num_rows": 6}
    (column,) = json.loads(dataset.dataset.schema)["mlflow_colspec"]
    assert column == {"type": "long", "name": "x", "required": True}


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
    assert [one.model_id for one in run.outputs.model_outputs] == [model.model_id]
    assert {one.key for one in model.metrics} <= run.data.metrics.keys()
    described = Path(model.artifact_location.removeprefix("file://")) / "MLmodel"
    assert f"run_id: {run.info.run_id}" in described.read_text()
    assert f"model_id: {model.model_id}" in described.read_text()


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
    with serving(tmp_path / "server") as running:
        yield running.uri


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


def test_delivering_the_same_record_again_doubles_nothing(project: Checkout) -> None:
    project.env["MLFLOW_TRACKING_URI"] = "http://127.0.0.1:9"
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


FILES = """
import matplotlib
matplotlib.use("agg")
import matplotlib.pyplot as plt
import mlflow
figure, axes = plt.subplots()
axes.plot([1, 2])
mlflow.log_figure(figure, "figures/line.png")
mlflow.log_text("some words", "words.txt")
mlflow.log_table({"question": ["a", "b"], "answer": [1, 2]}, "answers.json")
mlflow.log_dict({"a": 1}, "deep/er/notes.json")
mlflow.set_tag("team", "blue")
mlflow.set_tag("mlflow.note.content", "Mine.")
"""


def test_files_and_tags_that_a_cell_logs_are_the_runs(project: Checkout) -> None:
    project.notebook("files", OUT, FILES, DONE)
    project.ok("stagebook", "run", "files")
    (run,) = runs(project, "little")
    client = MlflowClient(store(project))
    logged = {"figures/line.png", "words.txt", "answers.json", "deep/er/notes.json"}
    pages = {"executed.ipynb", "executed.html", "record.json"}
    assert artifacts(client, run) == logged | pages
    figure = Path(client.download_artifacts(run.info.run_id, "figures/line.png"))
    assert figure.read_bytes().startswith(b"\x89PNG")
    assert load_dict(f"{run.info.artifact_uri}/answers.json")["data"] == [["a", 1], ["b", 2]]
    assert "answers.json" in run.data.tags["mlflow.loggedArtifacts"]
    assert run.data.tags["team"] == "blue"
    note = run.data.tags["mlflow.note.content"]
    assert note.startswith("Mine.\n\n")
    assert "Stage `files`" in note


ACTIVE = """
import mlflow
mlflow.start_run()
mlflow.log_metric("outer", 1)
with mlflow.start_run(nested=True):
    mlflow.log_metric("inner", 2)
    with mlflow.start_run(run_name="deepest", nested=True):
        mlflow.log_metric("inmost", 3)
mlflow.start_run(run_name="left open", nested=True)
mlflow.log_metric("late", 4)
"""


def test_runs_that_no_cell_ended_end_with_their_stage(project: Checkout) -> None:
    project.notebook("active", OUT, ACTIVE, DONE)
    project.ok("stagebook", "run", "active")
    found = {next(iter(run.data.metrics)): run for run in runs(project, "little")}
    assert {run.info.status for run in found.values()} == {"FINISHED"}
    assert found["outer"].info.run_name == "active"
    assert found["outer"].data.metrics == {"outer": 1}

    def above(name: str) -> str:
        return str(found[name].data.tags["mlflow.parentRunId"])

    own = found["outer"].info.run_id
    assert [above("inner"), above("late")] == [own, own]
    assert above("inmost") == found["inner"].info.run_id


DATASET = """
import mlflow, pandas
frame = pandas.DataFrame({"a": [1, 2, 3], "b": ["x", "y", "z"]})
mlflow.log_input(mlflow.data.from_pandas(frame, name="three"), context="validation")
"""


def test_a_dataset_that_a_cell_logs_stands_beside_the_inputs(project: Checkout) -> None:
    project.write("data/raw.csv", "a\n1\n")
    project.notebook("sees", f'raw: In = "data/raw.csv"\n{OUT}', DATASET, DONE)
    project.ok("stagebook", "run", "sees")
    (run,) = runs(project, "little")
    found = {one.dataset.name: one for one in run.inputs.dataset_inputs}
    assert found.keys() == {"data/raw.csv", "three"}
    three = found["three"]
    assert [(tag.key, tag.value) for tag in three.tags] == [("mlflow.data.context", "validation")]
    assert json.loads(three.dataset.profile)["num_rows"] == 3
    assert [one["name"] for one in json.loads(three.dataset.schema)["mlflow_colspec"]] == ["a", "b"]


ELSEWHERE = """
import mlflow
mlflow.log_metric("here", 1)
mlflow.end_run()
mlflow.set_experiment("elsewhere")
mlflow.log_metric("there", 2)
"""


def test_an_experiment_that_a_cell_sets_gets_the_runs_made_in_it(project: Checkout) -> None:
    project.notebook("two", OUT, ELSEWHERE, DONE)
    project.ok("stagebook", "run", "two")
    (own,) = runs(project, "little")
    (other,) = runs(project, "elsewhere")
    assert own.data.metrics == {"here": 1}
    assert other.data.metrics == {"there": 2}
    assert other.data.tags["mlflow.parentRunId"] == own.info.run_id


MANY = """
import mlflow
from mlflow.entities import Metric
client = mlflow.MlflowClient()
run = mlflow.start_run().info.run_id
client.log_batch(run, metrics=[Metric("loss", n / 7, 1_000 + n, n) for n in range(900)])
client.log_batch(run, metrics=[Metric("loss", n / 7, 1_000 + n, n) for n in range(900, 1800)])
"""


def test_a_long_history_arrives_whole(project: Checkout) -> None:
    project.notebook("long", OUT, MANY, DONE)
    project.ok("stagebook", "run", "long")
    (run,) = runs(project, "little")
    history = MlflowClient(store(project)).get_metric_history(run.info.run_id, "loss")
    assert sorted((one.step, one.value, one.timestamp) for one in history) == [
        (n, n / 7, 1_000 + n) for n in range(1800)
    ]
