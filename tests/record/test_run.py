"""What a run says of an execution, in MLflow's words."""

from typing import Any

import pytest

from stagebook.record.tracking import run
from stagebook.record.tracking.projection import key

RECORD: dict[str, Any] = {
    "stage": "count",
    "notebook": "notebooks/count.py",
    "title": "How often is the sum seven?",
    "outcome": "done",
    "build": True,
    "problems": [],
    "parameters": [],
    "metrics": {},
    "git": None,
    "volatile": {"id": "20130101T120000000000-count-4575ef7a", "started": "", "seconds": 0.0},
}


def test_a_description_starts_with_the_notebooks_heading_and_ends_with_what_was_wrong() -> None:
    problem = {"message": "ZeroDivisionError", "where": {"file": "a", "cell": 3, "line": 1}}
    git = {"commit": "a096c94f8af37aeed2678d14beba60f7715d5aea", "dirty": True}
    told = run.description({**RECORD, "outcome": "failed", "problems": [problem], "git": git})
    first, was, commit, wrong = told.split("\n\n")
    assert first == "### How often is the sum seven?"
    assert was == "Stage `count` of `notebooks/count.py`: failed."
    assert commit == "Commit `a096c94f8a`, with uncommitted changes."
    assert wrong == "- Cell 3: ZeroDivisionError"


def test_a_notebook_without_a_heading_is_described_all_the_same() -> None:
    told = run.description({**RECORD, "title": None, "build": False})
    assert "#" not in told
    assert "not the build's result" in told


@pytest.mark.parametrize(
    ("outcome", "status"),
    [
        ("done", "FINISHED"),
        ("failed", "FAILED"),
        ("interrupted", "KILLED"),
        ("timed out", "FAILED"),
    ],
)
def test_a_status_is_one_of_mlflows(outcome: str, status: str) -> None:
    assert run.status({**RECORD, "outcome": outcome}) == status


def test_a_killed_execution_starts_when_it_was_prepared_each_time_it_is_delivered() -> None:
    assert run.start(RECORD) == 1357041600000
    assert run.end(RECORD) == run.start(RECORD)


def test_a_number_that_no_float_holds_becomes_a_text() -> None:
    record = {**RECORD, "metrics": {"huge": 10**400, "half": 0.5, "yes": True, "note": "fine"}}
    assert {one.key: one.value for one in run.metrics(record)} == {"half": 0.5, "yes": 1.0}


@pytest.mark.parametrize("name", ["test.auc", "by.largest", "a/b", "Größe", "a b:c-d"])
def test_a_name_that_mlflow_takes_stays(name: str) -> None:
    assert key(name) == name


@pytest.mark.parametrize(
    "name", ["a?", "a//b", "../up", "/abs", ".", "..", "a/../b", "x" * 400, "a/"]
)
def test_a_name_that_mlflow_refuses_becomes_one_that_it_takes(name: str) -> None:
    from mlflow.utils.validation import _validate_metric_name

    _validate_metric_name(key(name))
    assert len(key(name)) <= 250
    assert key(name) != name


def test_long_names_that_differ_at_their_ends_stay_apart() -> None:
    assert key("x" * 400 + "a") != key("x" * 400 + "b")
