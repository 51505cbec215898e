"""``stagebook monitor --labels``: performance with labels that come later."""

import json
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import watched_logs
from click.testing import CliRunner
from watched_models import START, Watched, days_from, people

from stagebook.cli.main import main
from stagebook.serving.log.request_log import LogEntry

DAYS = days_from(START, 42)
HALF = 14


def labels_of(entries: Sequence[LogEntry], label: str, changed: Sequence[str] = ()) -> pd.DataFrame:
    """What came true for each prediction; on changed days, what came true for other rows."""
    tables = []
    for day, entry in zip(DAYS, entries, strict=False):
        truth = people(day)[label]
        if day in changed:
            truth = truth.sample(frac=1.0, random_state=1, ignore_index=True)
        ids = [f"{entry.request}-{row}" for row in range(len(truth))]
        tables.append(pd.DataFrame({"prediction": ids, label: truth}))
    return pd.concat(tables, ignore_index=True)


def monitor(log: Path, watched: Watched, labels: pd.DataFrame) -> tuple[int, dict[str, Any]]:
    """The exit code and the JSON."""
    path = log.with_name("labels.parquet")
    labels.to_parquet(path)
    state = str(log.with_name("state"))
    words = [str(log), "--package", str(watched.folder), "--labels", str(path), "--state", state]
    result = CliRunner().invoke(main, ["monitor", *words, "--json"])
    values: dict[str, Any] = json.loads(result.stdout.splitlines()[-1])
    return result.exit_code, values


@pytest.fixture
def entries(tall: Watched) -> list[LogEntry]:
    return tall.answers(DAYS)


@pytest.fixture
def log(tmp_path: Path, entries: list[LogEntry]) -> Path:
    return watched_logs.write(tmp_path / "log", *entries)


def by_source(values: dict[str, Any], source: str) -> dict[str, Any]:
    return {loss["name"]: loss for loss in values["losses"] if loss["source"] == source}


@pytest.mark.slow
def test_labels_that_come_true_as_on_the_test_split_are_no_reason(
    tall: Watched, log: Path, entries: list[LogEntry]
) -> None:
    code, values = monitor(log, tall, labels_of(entries, "tall"))
    assert (code, values["state"], values["problems"]) == (0, "ok", [])
    months = [item for item in values["periods"] if item["cadence"] == "month"]
    assert [item["labelled"] for item in months] == [1.0, 1.0]
    expected = [item["estimated"]["auc"]["value"] for item in months]
    assert [item["realized"]["auc"]["value"] for item in months] == pytest.approx(
        expected, abs=0.03
    )
    assert not any(loss["risen"] for loss in values["losses"])


def test_a_model_whose_labels_changed_calls_for_acting_since_that_day(
    tall: Watched, log: Path, entries: list[LogEntry]
) -> None:
    code, values = monitor(log, tall, labels_of(entries, "tall", DAYS[HALF:]))
    assert (code, values["state"]) == (11, "act")
    signals = [signal for signal in values["signals"] if signal["kind"] == "labels"]
    assert {signal["subject"] for signal in signals} == {"AUC", "Brier score"}
    assert {signal["since"] for signal in signals} == {DAYS[HALF]}
    assert {signal["state"] for signal in signals} == {"act"}
    assert not any(loss["risen"] for loss in by_source(values, "estimate").values())


@pytest.mark.slow
def test_more_labels_are_added_to_those_before(
    tall: Watched, log: Path, entries: list[LogEntry]
) -> None:
    labels = labels_of(entries, "tall", DAYS[HALF:])
    first = labels[: HALF * 100]
    _, before = monitor(log, tall, first)
    assert list(by_source(before, "labels")) == ["ranking", "error"]
    days = [day for day, _ in by_source(before, "labels")["error"]["days"]]
    assert days == DAYS[:HALF]
    code, after = monitor(log, tall, labels)
    assert (code, after["state"]) == (11, "act")


def test_days_that_wait_for_labels_are_not_judged(tall: Watched, tmp_path: Path) -> None:
    today = datetime.now(UTC).date()
    day = (today - timedelta(days=2)).isoformat()
    entry = tall.answer(day)
    log = watched_logs.write(tmp_path / "log", entry)
    early = pd.DataFrame({"prediction": [f"{entry.request}-{row}" for row in range(50)]})
    code, values = monitor(log, tall, early.assign(tall=False))
    assert code == 0
    (period,) = [item for item in values["periods"] if item["cadence"] == "day"]
    assert (period["labelled"], period["realized"], period["waiting"]) == (0.5, {}, [day])
    assert 0 < period["bounds"]["brier"]["low"] < period["bounds"]["brier"]["high"] < 1


def test_months_have_the_metrics_of_each_slice(
    tall: Watched, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    days = DAYS[:3]
    entries = tall.answers(days, lambda table: table.assign(weight=(table["weight"] > 0) * 1.0))
    log = watched_logs.write(tmp_path / "log", *entries)
    monkeypatch.chdir(tmp_path)
    project = '[tool.stagebook]\n[tool.stagebook.monitor]\nby = ["weight"]\n'
    Path("pyproject.toml").write_text(project)
    _, values = monitor(log, tall, labels_of(entries, "tall"))
    (month,) = [item for item in values["periods"] if item["cadence"] == "month"]
    slices = month["slices"]["weight"]
    assert list(slices) == sorted(slices, key=lambda value: -slices[value]["rows"])
    assert set(slices) == {"0", "1"}
    assert sum(own["labelled"] for own in slices.values()) == 300
    assert set(slices["0"]["metrics"]) == set(month["realized"])
    (auc,) = {own["metrics"]["auc"]["reason"] for own in slices.values()}
    assert auc == ""
    assert all(not item["slices"] for item in values["periods"] if item is not month)
    assert (month["waiting"], month["bounds"]) == ([], {})


@pytest.mark.slow
def test_labels_of_unknown_predictions_and_contradictions_are_reported(
    tall: Watched, log: Path, entries: list[LogEntry]
) -> None:
    labels = labels_of(entries, "tall")
    unknown = pd.DataFrame({"prediction": [f"{'0' * 12}7{'0' * 19}-0"], "tall": [True]})
    contrary = labels[:1].assign(tall=~labels["tall"][:1])
    _, values = monitor(log, tall, pd.concat([labels, unknown, contrary], ignore_index=True))
    codes = {problem["code"] for problem in values["problems"]}
    assert {"unknown-prediction", "contradictory-labels"} <= codes


@pytest.mark.slow
def test_a_regression_is_judged_by_its_error(
    packaged: Callable[[str], Watched], tmp_path: Path
) -> None:
    size = packaged("size")
    entries = size.answers(DAYS)
    log = watched_logs.write(tmp_path / "log", *entries)
    code, values = monitor(log, size, labels_of(entries, "size"))
    assert (code, values["state"]) == (0, "ok")
    assert list(by_source(values, "labels")) == ["error"]
    worse = labels_of(entries, "size")
    worse["size"] += [0.0] * HALF * 100 + [3.0] * (len(worse) - HALF * 100)
    code, values = monitor(log, size, worse)
    assert (code, values["state"]) == (11, "act")
    (signal,) = [signal for signal in values["signals"] if signal["kind"] == "labels"]
    assert (signal["subject"], signal["since"]) == ("mean absolute error", DAYS[HALF])
    assert signal["limit"] < signal["value"]
    assert signal["value"] == pytest.approx(2.9, abs=0.3)  # in the unit of the label


def test_a_package_without_label_cannot_be_judged(
    packaged: Callable[[str], Watched], log: Path, entries: list[LogEntry]
) -> None:
    code, values = monitor(log, packaged("unlabelled"), labels_of(entries, "tall"))
    assert code == 3
    assert [problem["code"] for problem in values["problems"]] == ["no-label"]
