"""Metrics as they stood after each build."""

from pathlib import Path

from spooled import put, record

from stagebook.history import measured
from stagebook.history.history import History
from stagebook.history.measured import BuildMetrics


def builds(state: Path) -> list[tuple[str, dict[str, object]]]:
    with History.open(state) as history:
        return [(one.name, dict(one.metrics)) for one in measured.builds(history)]


def test_a_build_has_the_metrics_of_stages_that_it_left_as_they_were(tmp_path: Path) -> None:
    put(tmp_path, record("1-train", "train", metrics={"loss": 2}, repro="first"))
    put(tmp_path, record("2-test", "test", metrics={"auc": 0.5}, repro="first"))
    put(tmp_path, record("3-test", "test", metrics={"auc": 0.6}, repro="second"))
    assert builds(tmp_path) == [
        ("first", {"train": {"loss": 2}, "test": {"auc": 0.5}}),
        ("second", {"train": {"loss": 2}, "test": {"auc": 0.6}}),
    ]


def test_a_build_knows_which_stages_it_measured(tmp_path: Path) -> None:
    put(tmp_path, record("1-train", "train", metrics={"loss": 2}, repro="first"))
    put(tmp_path, record("2-test", "test", metrics={"auc": 0.5}, repro="first"))
    put(tmp_path, record("3-test", "test", metrics={"auc": 0.6}, repro="second"))
    with History.open(tmp_path) as history:
        found = [one.stages for one in measured.builds(history)]
    assert found == [{"train", "test"}, {"test"}]


def test_a_stage_that_was_run_by_itself_is_a_build_of_its_own(tmp_path: Path) -> None:
    put(tmp_path, record("1-test", "test", metrics={"auc": 0.5}))
    put(tmp_path, record("2-test", "test", metrics={"auc": 0.6}))
    assert [name for name, _ in builds(tmp_path)] == ["1-test", "2-test"]


def test_a_build_that_another_ran_into_is_one_build(tmp_path: Path) -> None:
    put(tmp_path, record("1-train", "train", metrics={"loss": 2}, repro="first"))
    put(tmp_path, record("2-other", "other", metrics={"rows": 5}))
    put(tmp_path, record("3-test", "test", metrics={"auc": 0.6}, repro="first"))
    assert builds(tmp_path) == [
        ("2-other", {"train": {"loss": 2}, "other": {"rows": 5}}),
        ("first", {"train": {"loss": 2}, "other": {"rows": 5}, "test": {"auc": 0.6}}),
    ]


def test_trials_and_failures_measure_nothing(tmp_path: Path) -> None:
    put(tmp_path, record("1-test", "test", metrics={"auc": 0.5}, build=False))
    put(tmp_path, record("2-test", "test", metrics={"auc": 0.5}, outcome="failed"))
    put(tmp_path, record("3-test", "test", metrics=["no", "mapping"]))
    assert builds(tmp_path) == []


def test_a_build_names_its_commit_and_when_it_was() -> None:
    build = BuildMetrics("x", "20261125T150736000000-test-cc", "abc", False, {})
    assert build.started == "2026-11-25T15:07"
    assert BuildMetrics("x", "odd", None, False, {}).started == ""
