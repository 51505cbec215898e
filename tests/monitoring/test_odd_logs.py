"""Logs, labels and references that lack something, seen by the whole verb."""

import json
from pathlib import Path
from typing import Any

import pandas as pd
import watched_logs
from click.testing import CliRunner
from watched_models import START, Watched, days_from

from stagebook.cli.main import main
from stagebook.data.drift.threshold import DEFAULT
from stagebook.monitoring.cadence import Cadence


def monitor(log: Path, watched: Watched, *words: str) -> tuple[int, dict[str, Any]]:
    """The exit code and the JSON."""
    own = [str(log), "--package", str(watched.folder), "--state", str(log.with_name("state"))]
    result = CliRunner().invoke(main, ["monitor", *own, *words, "--json"])
    values: dict[str, Any] = json.loads(result.stdout.splitlines()[-1])
    return result.exit_code, values


def test_a_clock_that_went_ahead_for_a_day_leaves_the_other_days_as_they_are(
    tall: Watched, tmp_path: Path
) -> None:
    ahead = tall.answer("2027-04-09")
    days = days_from(START, 7)
    usual = watched_logs.closed(tmp_path / "usual" / "log", *tall.answers(days))
    log = watched_logs.closed(tmp_path / "log", *tall.answers(days), ahead)
    (_, before), (code, after) = (monitor(path, tall) for path in (usual, log))
    assert (code, after["state"], after["problems"]) == (0, "ok", [])
    assert after["gaps"] == [["2026-04-13", "2027-04-08"]]
    names = [item["name"] for item in before["periods"] if item["cadence"] == "day"]
    own = {item["name"]: item for item in after["periods"] if item["cadence"] == "day"}
    assert [own[name] for name in names] == [
        item for item in before["periods"] if item["cadence"] == "day"
    ]


def test_a_clock_that_went_back_adds_to_the_day_before(tall: Watched, tmp_path: Path) -> None:
    log = watched_logs.closed(tmp_path / "log", *tall.answers(days_from(START, 3)))
    assert monitor(log, tall)[1]["last"] == "2026-04-08"
    watched_logs.closed(log, *tall.answers(["2026-04-07"]))
    _, values = monitor(log, tall)
    requests = {item["name"]: item["requests"] for item in values["periods"]}
    assert [requests[day] for day in days_from(START, 3)] == [1, 2, 1]
    assert values["gaps"] == []


def test_a_reference_of_two_months_gives_months_the_default_limit(
    tall: Watched, tmp_path: Path
) -> None:
    """Its days and weeks are enough."""
    shifted = tall.answers(
        days_from(START, 25), lambda rows: rows.assign(weight=rows["weight"] + 4)
    )
    status = tall.judged(tmp_path / "log", shifted)
    notes = {note.partition(":")[0]: note for note in status.notes}
    assert "2 months" in notes["Input drift by month"]
    assert "Not calibrated" in notes["Input drift by month"]
    assert "Not calibrated" not in notes["Input drift by week"]
    (column,) = status.of(Cadence.MONTH)[0].drifted
    assert column.column == "weight"
    assert DEFAULT <= column.limit < DEFAULT + 0.05  # and the chance of a limited number of rows


def test_labels_of_one_class_give_no_auc_and_say_why(tall: Watched, tmp_path: Path) -> None:
    entries = tall.answers(days_from(START, 3))
    log = watched_logs.closed(tmp_path / "log", *entries)
    ids = [f"{entry.request}-{row}" for entry in entries for row in range(100)]
    labels = tmp_path / "labels.parquet"
    pd.DataFrame({"prediction": ids, "tall": True}).to_parquet(labels)
    code, values = monitor(log, tall, "--labels", str(labels))
    month = values["periods"][-1]
    assert (month["cadence"], month["labelled"]) == ("month", 1.0)
    assert month["realized"]["auc"]["value"] is None
    assert month["realized"]["auc"]["reason"]
    assert month["realized"]["brier"]["value"] > 0
    assert (code, values["problems"]) == (0, [])
    ranking = [loss for loss in values["losses"] if loss["source"] == "labels"]
    assert [loss["name"] for loss in ranking] == ["error"]


def test_days_whose_labels_never_came_are_named(tall: Watched, tmp_path: Path) -> None:
    entries = tall.answers(days_from(START, 3))
    log = watched_logs.closed(tmp_path / "log", *entries)
    ids = [f"{entries[0].request}-{row}" for row in range(100)]
    labels = tmp_path / "labels.parquet"
    truth = [row % 2 == 0 for row in range(100)]
    pd.DataFrame({"prediction": ids, "tall": truth}).to_parquet(labels)
    _, late = monitor(log, tall, "--labels", str(labels), "--at", "2026-04-20")
    assert "2 days (2026-04-07 to 2026-04-08)" in late["notes"][0]
    _, early = monitor(log, tall, "--labels", str(labels), "--at", "2026-04-09")
    assert "2026-04-07" not in early["notes"][0]
