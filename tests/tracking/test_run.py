"""What a run says of an execution, in MLflow's words."""

import re
from dataclasses import asdict
from typing import Any

import pytest
from spooled import recorded

from stagebook.execution.trial import Trial
from stagebook.record.record import Record
from stagebook.tracking import run
from stagebook.tracking.projection import key, keys

TRIAL = Trial("count", {}, "runs/count@")
TITLE = "How often is the sum seven?"


def count(**values: Any) -> Record:
    """The record of an execution that was killed before it started."""
    volatile = {"id": "20130101T120000000000-count-4575ef7a"}
    return recorded("", "count", **{"title": TITLE, "volatile": volatile, **values})


def test_a_description_starts_with_the_notebooks_heading_and_ends_with_what_was_wrong() -> None:
    where = {"file": "a", "cell": 3, "line": 1}
    problem = {"code": "cell-failed", "message": "ZeroDivisionError", "where": where}
    git = {"commit": "a096c94f8af37aeed2678d14beba60f7715d5aea", "dirty": True}
    told = run.description(count(outcome="failed", problems=[problem], git=git))
    first, was, commit, wrong = told.split("\n\n")
    assert first == f"### {TITLE}"
    assert re.findall(r"`([^`]+)`", was) == ["count", "notebooks/count.ipynb"]
    assert was.endswith(": failed.")
    assert re.findall(r"`([^`]+)`", commit) == ["a096c94f8a"]
    assert "uncommitted" in commit
    assert wrong == "- Cell 3: ZeroDivisionError"


def test_a_notebook_without_a_heading_is_described_all_the_same() -> None:
    told = run.description(count(title=None, trial=asdict(TRIAL)))
    assert "#" not in told
    assert "`-P`" in told
    assert "`-P`" not in run.description(count(title=None))


@pytest.mark.parametrize(
    ("trial", "name"),
    [
        (None, "count"),
        ({"stage": "count", "overrides": {"total": 11}, "folder": ""}, "count total=11"),
        (
            {"stage": "throw", "overrides": {"rolls": 9, "seed": 1}, "folder": ""},
            "count after throw rolls=9 seed=1",
        ),
    ],
)
def test_a_run_is_named_after_what_differs_from_the_build(trial: Any, name: str) -> None:
    assert run.name(count(trial=trial)) == name


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
    assert run.status(count(outcome=outcome)) == status


def test_a_killed_execution_starts_when_it_was_prepared_each_time_it_is_delivered() -> None:
    assert run.start(count()) == 1357041600000
    assert run.end(count()) == run.start(count())


def test_a_number_that_no_float_holds_becomes_a_text() -> None:
    record = count(metrics={"huge": 10**400, "half": 0.5, "yes": True, "note": "fine"})
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


@pytest.mark.parametrize(
    "names",
    [
        ("f1(macro)", "f1[macro]", "f1_macro_"),
        ("AUC", "auc", "Auc"),
        ("a?", "a!", "a_"),
        ("é", "É"),
    ],
)
def test_names_that_mlflow_would_fold_into_one_stay_apart(names: tuple[str, ...]) -> None:
    record = count(metrics={name: float(at) for at, name in enumerate(names)})
    found = {one.key: one.value for one in run.metrics(record)}
    assert sorted(found.values()) == [float(at) for at in range(len(names))]
    assert len({one.casefold() for one in found}) == len(names)
    backwards = count(metrics=dict(reversed(list(record.metrics.items()))))
    assert {one.key: one.value for one in run.metrics(backwards)} == found


def test_of_names_that_would_become_one_the_plain_one_stays() -> None:
    assert keys(["f1_macro_", "f1(macro)"])["f1_macro_"] == "f1_macro_"
    assert keys(["auc", "loss"]) == {"auc": "auc", "loss": "loss"}
