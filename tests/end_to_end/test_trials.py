"""A trial with all that follows from it, in a folder of its own."""

import json
from collections.abc import Iterator

import pytest
from checkout import Checkout
from trackers import all_runs

pytestmark = pytest.mark.slow

FOLDER = "runs/double@factor=10.0"


@pytest.fixture(scope="module")
def tried(built: Checkout, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Checkout]:
    """The chain project after a build and three trials of ``double`` with what follows."""
    project = built.copy(tmp_path_factory.mktemp("tried"))
    for factor in (10, 3, 0.5):
        project.ok("stagebook", "run", "double", "-P", f"factor={factor}", "--downstream")
    yield project
    project.assert_no_kernels()


def test_what_follows_reads_and_writes_in_the_trials_folder(tried: Checkout) -> None:
    assert json.loads(tried.read(f"{FOLDER}/metrics/report.json"))["total"] == 550  # 55 * 10
    assert json.loads(tried.read("metrics/report.json"))["total"] == 137.5
    assert (tried.root / f"{FOLDER}/report.html").exists()
    assert tried.build() == {"sources"}


def test_the_record_names_the_trial_and_the_files_that_it_read(tried: Checkout) -> None:
    records = [one for one in tried.records() if one["trial"] and one["trial"]["folder"] == FOLDER]
    assert [(one["stage"], one["build"]) for one in records] == [
        ("double", False),
        ("report", False),
    ]
    first, second = records
    assert second["trial"] == {"stage": "double", "overrides": {"factor": 10.0}, "folder": FOLDER}
    assert second["inputs"] == first["outputs"]
    assert second["inputs"][0]["path"] == f"{FOLDER}/data/doubled.csv"


def test_a_sweep_is_sorted_by_what_follows(tried: Checkout) -> None:
    found = json.loads(tried.ok("stagebook", "compare", "--sweep", "double", "--json").output)
    totals = [(one["parameters"]["factor"], one["metrics"]["total"]) for one in found["executions"]]
    assert found["sorted_by"] == "total"
    assert totals == [(10.0, 550), (3.0, 165), (2.5, 137.5), (0.5, 27.5)]


def test_runs_in_mlflow_are_named_after_the_trial(tried: Checkout) -> None:
    tried.ok("stagebook", "deliver")
    names = {run.info.run_name for run in all_runs(tried, "chain")}
    assert {"double factor=10.0", "report after double factor=10.0"} <= names


def test_a_failure_ends_the_trial_and_says_how_to_run_it_again(tried: Checkout) -> None:
    before = len(tried.records())
    done = tried.run("stagebook", "run", "make", "-P", "count=-1", "--downstream")
    assert done.code == 1
    records = tried.records()[before:]
    assert [(one["stage"], one["outcome"]) for one in records] == [
        ("make", "done"),
        ("double", "done"),
        ("report", "failed"),
    ]
    assert "stagebook run make -P count=-1 --downstream" in done.output


def test_what_a_trial_cannot_run_is_said_before_anything_runs(tried: Checkout) -> None:
    done = tried.run("stagebook", "run", "report", "-P", "x=1", "--downstream", "--json")
    assert [one["code"] for one in json.loads(done.output)["problems"]] == ["no-downstream"]
    assert tried.run("stagebook", "run", "double", "--downstream").code == 2
