"""What the runs of a project are called in MLflow, and what a build's run has of its stages."""

from pathlib import Path
from typing import Any

import pytest
import spooled
from spooled import put, record, recorded
from statuses import book

from stagebook.history.build import Build, ExecutedStage, UnchangedOutput, UnchangedStage
from stagebook.history.summary import Summary
from stagebook.history.verdict import BuildVerdict, Grade
from stagebook.project.project import Project
from stagebook.record.spool import Spool
from stagebook.tracking import headline, run

MADE, MEASURED = "20260101T100000000000-make-aa", "20260101T110000000000-judge-bb"


@pytest.mark.parametrize(
    ("trial", "name"),
    [
        (None, "train"),
        ({"depth": 3}, "train depth=3"),
        ({"a": 0.5, "b": "x y"}, "train a=0.5 b=x y"),
        ({"a": "x" * 500}, f"train a={'x' * 111}…"),
    ],
)
def test_a_trial_is_named_after_what_differs(trial: dict[str, Any] | None, name: str) -> None:
    started = trial and {"stage": "train", "overrides": trial, "folder": "runs/train@"}
    assert run.name(recorded("r", "train", trial=started)) == name


@pytest.fixture
def measured(tmp_path: Path) -> Project:
    """A project whose second stage measures what the first has made."""
    stages = {"make": ([], ["a.csv"]), "judge": (["a.csv"], ["m.json"])}
    shown = 'headline = ["m.json:auc", "m.json:label", "n.json:auc"]\n'
    spooled.project(tmp_path, stages, more=shown)
    state = tmp_path / ".stagebook"
    put(state, record(MADE, "make", outputs={"a.csv": "0" * 32}))
    metrics = {"auc": 0.7, "label": "fine", "loss": 1.0}
    files = {"inputs": {"a.csv": "0" * 32}, "outputs": {"m.json": "1" * 32}}
    put(state, record(MEASURED, "judge", metrics=metrics, **files))
    return Project.find(tmp_path)


EXECUTED = ExecutedStage("judge", "done", MEASURED, "", 1.0)
UNCHANGED = UnchangedStage("judge", (UnchangedOutput("m.json", "1" * 32, MEASURED),))


@pytest.mark.parametrize(
    "build", [Build("r", (EXECUTED,)), Build("r", (), (UNCHANGED,))], ids=["executed", "unchanged"]
)
def test_a_build_has_the_headline_metrics_and_what_they_were_measured_on(
    measured: Project, build: Build
) -> None:
    found = headline.of(measured, Spool(measured.state), build)
    assert found.metrics == {"auc": 0.7}
    assert [(one.dataset.name, one.dataset.digest) for one in found.datasets] == [
        ("a.csv", "0" * 32)
    ]


def test_a_build_whose_records_are_gone_has_none(measured: Project) -> None:
    (measured.state / "records" / f"{MEASURED}.json").write_text("{")
    found = headline.of(measured, Spool(measured.state), Build("r", (EXECUTED,)))
    assert (found.metrics, found.datasets) == ({}, ())


@pytest.mark.parametrize(
    ("uri", "experiment", "address"),
    [
        ("sqlite:////a/mlflow.db", "3", "http://127.0.0.1:5000/#/experiments/3/runs"),
        ("https://mlflow.example.org/", "7", "https://mlflow.example.org/#/experiments/7/runs"),
        ("sqlite:////a/mlflow.db", None, "http://127.0.0.1:5000"),
    ],
)
def test_the_address_is_that_of_the_runs_table(
    uri: str, experiment: str | None, address: str
) -> None:
    verdict = BuildVerdict(Grade.GOOD, ())
    assert Summary(book(), verdict, "runs", uri, experiment=experiment).address == address


def test_the_experiment_is_that_of_the_last_delivery_to_the_address(tmp_path: Path) -> None:
    spool = Spool(tmp_path)
    where = {"tracking_uri": "sqlite:///a", "run_id": "r"}
    spool.mark_delivered("1-a", {**where, "experiment_id": "1"})
    spool.mark_delivered("2-a", {**where, "experiment_id": "2"})
    spool.mark_delivered("3-a", where)
    spool.mark_delivered("4-a", {**where, "tracking_uri": "http://b", "experiment_id": "9"})
    assert spool.experiment("sqlite:///a") == "2"
    assert spool.experiment("sqlite:///c") is None
