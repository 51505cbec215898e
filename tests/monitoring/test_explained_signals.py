"""What the signals of a real log point to."""

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import watched_logs
from click.testing import CliRunner
from watched_models import START, Watched, days_from, people

from stagebook.cli.main import main
from stagebook.serving.log.request_log import LogEntry

DAYS = days_from(START, 42)
LATER = DAYS[14:]


def monitor(log: Path, watched: Watched, labels: pd.DataFrame | None = None) -> dict[str, Any]:
    """The status from a log, as JSON."""
    words = [str(log), "--package", str(watched.folder), "--state", str(log.with_name("state"))]
    if labels is not None:
        labels.to_parquet(log.with_name("labels.parquet"))
        words += ["--labels", str(log.with_name("labels.parquet"))]
    result = CliRunner().invoke(main, ["monitor", *words, "--json"])
    values: dict[str, Any] = json.loads(result.stdout.splitlines()[-1])
    return values


def of_kind(values: Mapping[str, Any], kind: str, subject: str) -> dict[str, Any]:
    signals = (item for item in values["signals"] if item["kind"] == kind)
    signal: dict[str, Any] = next(item for item in signals if item["subject"] == subject)
    return signal


def dull(frame: pd.DataFrame) -> pd.DataFrame:
    """Nearly all have one height, so nobody can tell them apart."""
    return frame.assign(height=frame["height"] * 0.1)


def answers(watched: Watched, is_dull: bool) -> list[LogEntry]:
    return [watched.answer(day, dull if is_dull and day in LATER else None) for day in DAYS]


def labels_of(entries: Sequence[LogEntry], shuffled: Sequence[str] = ()) -> pd.DataFrame:
    """What came true, as the height says; on some days that of others."""
    parts = []
    for day, entry in zip(DAYS, entries, strict=True):
        assert entry.features is not None
        random = np.random.default_rng(int(day.replace("-", "")))
        tall = entry.features["height"] + 0.5 * random.normal(size=len(people(day))) > 0
        if day in shuffled:
            tall = pd.Series(random.permutation(tall))
        ids = [f"{entry.request}-{row}" for row in range(len(tall))]
        parts.append(pd.DataFrame({"prediction": ids, "tall": tall}))
    return pd.concat(parts, ignore_index=True)


def explained(signal: Mapping[str, Any]) -> dict[str, float]:
    return {item["column"]: item["part"]["share"] for item in signal["explanation"]["columns"]}


@pytest.fixture
def logged(tall: Watched, tmp_path: Path) -> Callable[[bool], tuple[Path, list[LogEntry]]]:
    """Writes a log of closed days, whose later ones may have other heights."""

    def write(is_dull: bool) -> tuple[Path, list[LogEntry]]:
        entries = answers(tall, is_dull)
        return watched_logs.closed(tmp_path / "log", *entries), entries

    return write


Logged = Callable[[bool], tuple[Path, list[LogEntry]]]


@pytest.mark.slow
def test_a_rise_from_one_changed_column_is_explained_by_it(tall: Watched, logged: Logged) -> None:
    log, entries = logged(True)
    values = monitor(log, tall, labels_of(entries))
    for kind in ("labels", "estimate"):
        shares = explained(of_kind(values, kind, "Brier score"))
        assert shares["height"] > 0.9
        assert abs(shares["weight"]) < 0.1
    assert abs(of_kind(values, "labels", "Brier score")["explanation"]["relation"]["share"]) < 0.2
    assert of_kind(values, "estimate", "Brier score")["explanation"]["relation"] is None
    assert "`height` explains" in of_kind(values, "labels", "Brier score")["sentence"]


@pytest.mark.slow
def test_a_rise_from_other_labels_is_explained_by_no_column(tall: Watched, logged: Logged) -> None:
    log, entries = logged(False)
    labels = labels_of(entries, LATER)
    signal = of_kind(monitor(log, tall, labels), "labels", "Brier score")
    assert all(abs(share) < 0.05 for share in explained(signal).values())
    assert signal["explanation"]["relation"]["share"] == pytest.approx(1.0, abs=0.05)
    truth = dict(zip(labels["prediction"], labels["tall"], strict=True))
    scores = {
        f"{entry.request}-{row}": score
        for entry in entries
        for row, score in enumerate(entry.predictions["probability_True"])  # type: ignore[index]
    }
    losses = {name: (scores[name] - truth[name]) ** 2 for name in truth}
    since = signal["since"]
    days = dict(zip((entry.request for entry in entries), DAYS, strict=True))
    own = [name for name in losses if days[name.partition("-")[0]] >= since]
    worst = sorted(own, key=lambda name: -losses[name])[:5]
    assert signal["rows"] == worst
    assert f"`stagebook trace prediction:{worst[0]}`" in signal["sentence"]


@pytest.mark.slow
def test_new_labels_give_another_explanation_and_kept_ones_the_same(
    tall: Watched, logged: Logged
) -> None:
    log, entries = logged(False)
    first = monitor(log, tall, labels_of(entries, LATER))
    kept = sorted(log.with_name("state").glob("evidence/*/labels/*.json"))
    assert len(kept) == len(DAYS)
    assert monitor(log, tall, labels_of(entries, LATER)) == first
    kept[0].write_text("{}")
    kept[1].write_text("[")
    assert monitor(log, tall, labels_of(entries, LATER)) == first
    labels = labels_of(entries, LATER)
    worst = of_kind(first, "labels", "Brier score")["rows"][0]
    labels.loc[labels["prediction"] == worst, "tall"] ^= True
    other = of_kind(monitor(log, tall, labels), "labels", "Brier score")
    assert worst not in other["rows"]


def test_a_drifted_column_points_to_rows_with_what_is_new(tall: Watched, tmp_path: Path) -> None:
    usual = tall.answer(DAYS[3])
    assert usual.features is not None
    weight = usual.features["weight"].where(usual.features.index % 5 > 0)
    lost = watched_logs.replace(usual, features=usual.features.assign(weight=weight))
    log = watched_logs.closed(tmp_path / "log", *tall.answers(DAYS[:3]), lost)
    signal = of_kind(monitor(log, tall), "input drift", "weight")
    assert signal["rows"] == [f"{lost.request}-{row}" for row in (0, 5, 10, 15, 20)]
    again = of_kind(monitor(log, tall), "input drift", "weight")
    assert again == signal


def test_of_a_drifted_month_rows_are_of_the_day_that_differs_most(
    tall: Watched, tmp_path: Path
) -> None:
    later = days_from(START + timedelta(days=25), 6)
    entries = [
        tall.answer(day, lambda rows, n=n: rows.assign(weight=rows["weight"] + n))  # type: ignore[misc]
        for day, n in zip(later, (4, 4, 9, 4, 4, 4), strict=True)
    ]
    log = watched_logs.write(tmp_path / "log", *tall.answers(DAYS[:25]), *entries)
    signal = of_kind(monitor(log, tall), "input drift", "weight")
    assert {name.partition("-")[0] for name in signal["rows"]} == {entries[2].request}


def test_a_log_whose_files_are_gone_has_no_rows(tall: Watched, tmp_path: Path) -> None:
    heavier = tall.answer(DAYS[3], lambda rows: rows.assign(weight=rows["weight"] + 4))
    log = watched_logs.closed(tmp_path / "log", *tall.answers(DAYS[:3]), heavier)
    monitor(log, tall)
    for path in (*(log / "days").glob("*"), *log.with_name("state").glob("evidence/*/*/*")):
        path.unlink()
    signal = of_kind(monitor(log, tall), "input drift", "weight")
    assert (signal["rows"], signal["explanation"]) == ([], None)
