"""The run that stands above all that one `dvc repro` executed."""

import json
import os
import signal
from pathlib import Path
from typing import Any

import pytest
from checkout import Checkout
from mlflow import MlflowClient
from mlflow.artifacts import load_dict
from mlflow.entities import Run
from trackers import all_runs, store

pytestmark = pytest.mark.slow

OUT = 'result: Out = "data/{}.txt"'
DONE = 'open(result, "w").write("done")'
PARENT = "mlflow.parentRunId"


def builds(project: Checkout, experiment: str) -> list[Run]:
    """The runs of builds, oldest first."""
    found = all_runs(project, experiment)
    return [run for run in found if "stagebook.repro" in run.data.tags]


def told(run: Run) -> dict[str, Any]:
    values: dict[str, Any] = load_dict(f"{run.info.artifact_uri}/build.json")
    return values


def line(project: Checkout) -> Checkout:
    """Three stages, one after the other, and one apart."""
    project.notebook("a", f"{OUT.format('a')}\nfail: bool = False", "assert not fail", DONE)
    reads = 'before: In = "data/{}.txt"\n'
    project.notebook("b", reads.format("a") + OUT.format("b"), DONE)
    project.notebook("c", reads.format("b") + OUT.format("c"), DONE)
    project.notebook("apart", OUT.format("apart"), DONE)
    project.ok("stagebook", "sync")
    return project


def test_the_stages_of_a_build_are_children_of_one_run(chain: Checkout) -> None:
    found = all_runs(chain, "chain")
    (build,) = builds(chain, "chain")
    others = [run for run in found if run.info.run_id != build.info.run_id]
    assert {run.data.tags[PARENT] for run in others} == {build.info.run_id}
    assert (build.info.run_name, build.info.status) == ("build", "FINISHED")
    assert build.info.start_time <= min(run.info.start_time for run in others)
    assert build.info.end_time == max(run.info.end_time for run in others)
    totals = {name: build.data.metrics[f"stages.{name}"] for name in ("executed", "unchanged")}
    assert totals == {"executed": 4, "unchanged": 0}
    assert build.data.metrics["stages.failed"] == 0
    assert build.data.metrics["seconds"] > 0
    (report,) = (run for run in others if run.info.run_name == "report")
    assert build.data.metrics["total"] == report.data.metrics["total"]
    assert [one.dataset.name for one in build.inputs.dataset_inputs] == ["data/doubled.csv"]
    runs = {run.info.run_name: run.info.run_id for run in others}
    assert {one["stage"]: one["run_id"] for one in told(build)["executed"]} == runs


def test_a_build_names_the_record_and_run_that_made_what_it_left_unchanged(
    chain: Checkout,
) -> None:
    before = {run.info.run_name: run.info.run_id for run in all_runs(chain, "chain")}
    records = {one["stage"]: one for one in chain.records()}
    chain.write("params/double.yaml", "factor: 3.5\n")
    assert chain.build() == {"sources", "double", "report"}
    *_, build = builds(chain, "chain")
    content = told(build)
    assert [one["stage"] for one in content["executed"]] == ["double", "report"]
    unchanged = {one["stage"]: one["outputs"] for one in content["unchanged"]}
    assert unchanged.keys() == {"make", "other"}
    assert (content["not_reached"], content["stale"]) == ([], [])
    (numbers,) = unchanged["make"]
    assert numbers == {
        "path": "data/numbers.csv",
        "md5": records["make"]["outputs"][0]["md5"],
        "record": records["make"]["volatile"]["id"],
        "run_id": before["make"],
    }
    assert build.data.metrics["stages.unchanged"] == 2
    assert "**Unchanged:**" in build.data.tags["mlflow.note.content"]


def test_a_build_where_nothing_ran_and_a_run_by_hand_make_no_such_run(chain: Checkout) -> None:
    assert len(builds(chain, "chain")) == 1
    quiet = chain.ok("dvc", "repro")
    assert quiet.stages == {"sources"}
    assert "MLflow" not in quiet.output
    chain.ok("stagebook", "run", "make")
    by_hand = all_runs(chain, "chain")[-1]
    assert by_hand.info.run_name == "make"
    assert PARENT not in by_hand.data.tags
    assert len(builds(chain, "chain")) == 1


def test_a_failed_build_names_what_was_not_reached(project: Checkout) -> None:
    line(project).build()
    project.write("params/a.yaml", "fail: true\n")
    project.ok("stagebook", "sync")
    assert project.run("dvc", "repro").code != 0
    first, second = builds(project, "little")
    assert (first.info.status, second.info.status) == ("FINISHED", "FAILED")
    assert second.data.tags["stagebook.outcome"] == "failed"
    assert second.data.metrics["stages.failed"] == 1
    content = told(second)
    assert [(one["stage"], one["outcome"]) for one in content["executed"]] == [("a", "failed")]
    assert sorted(content["not_reached"]) == ["b", "c"]
    assert [one["stage"] for one in content["unchanged"]] == ["apart"]


def test_what_was_not_asked_for_is_stale(project: Checkout) -> None:
    line(project).ok("dvc", "repro", "b")
    (build,) = builds(project, "little")
    content = told(build)
    assert [one["stage"] for one in content["executed"]] == ["a", "b"]
    assert sorted(content["stale"]) == ["apart", "c"]


def test_an_interrupted_build_was_killed(project: Checkout) -> None:
    mark = project.root.parent / "mark"
    os.mkfifo(mark)
    hang = f'{OUT.format("hang")}\nmark: str = "{mark}"'
    project.notebook("hang", hang, 'open(mark, "w").close()\nimport time\ntime.sleep(600)')
    project.ok("stagebook", "sync")
    process = project.start("dvc", "repro", own_session=True)
    mark.read_text()
    os.killpg(process.pid, signal.SIGINT)
    process.communicate()
    (build,) = builds(project, "little")
    assert build.info.status == "KILLED"
    assert build.data.tags["stagebook.outcome"] == "interrupted"


def test_a_build_that_is_delivered_late_is_told_as_it_was(project: Checkout) -> None:
    line(project)
    project.env["MLFLOW_TRACKING_URI"] = "http://127.0.0.1:9"
    project.build()
    project.notebook("apart", OUT.format("apart"), DONE, "1 + 1")
    project.build()
    project.notebook("a", OUT.format("a"), 'open(result, "w").write("else")')
    project.build()
    del project.env["MLFLOW_TRACKING_URI"]
    first, second, third = map(told, builds(project, "little"))
    assert len(first["executed"]) == 4
    assert [one["stage"] for one in second["executed"]] == ["apart"]
    unchanged = {one["stage"]: one["outputs"][0] for one in second["unchanged"]}
    made = {one["stage"]: one["record"] for one in first["executed"]}
    assert {stage: one["record"] for stage, one in unchanged.items()} == {
        stage: made[stage] for stage in ("a", "b", "c")
    }
    assert "a" in {one["stage"] for one in third["executed"]}


def test_a_build_that_was_delivered_twice_is_the_same_run(project: Checkout) -> None:
    import shutil

    line(project)
    project.env["MLFLOW_TRACKING_URI"] = "http://127.0.0.1:9"
    project.build()
    del project.env["MLFLOW_TRACKING_URI"]
    outbox = project.root / ".stagebook" / "outbox"
    shutil.copytree(outbox, project.root / "kept")
    (once,) = builds(project, "little")
    content = told(once)
    for folder in (project.root / "kept").glob("*/"):
        shutil.copytree(folder, outbox / folder.name)
    (again,) = builds(project, "little")
    assert again.info.run_id == once.info.run_id
    assert told(again) == content
    client = MlflowClient(store(project))
    for name in again.data.metrics:
        assert len(client.get_metric_history(again.info.run_id, name)) == 1


def test_dvc_files_that_cannot_be_read_keep_no_build_back(project: Checkout) -> None:
    line(project)
    project.env["MLFLOW_TRACKING_URI"] = "http://127.0.0.1:9"
    project.build()
    del project.env["MLFLOW_TRACKING_URI"]
    for kept in (project.root / ".stagebook" / "builds").iterdir():
        kept.unlink()
    project.write("dvc.lock", "<<<<<<< HEAD\n")
    (build,) = builds(project, "little")
    assert len(told(build)["executed"]) == 4


def test_the_build_is_kept_beside_the_records(chain: Checkout) -> None:
    (file,) = (chain.root / ".stagebook" / "builds").glob("*.json")
    assert json.loads(file.read_text())["repro"] == Path(file).stem
