"""The status of a deployed model from a real log, and what it says is missing."""

import json
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import watched_logs
from prometheus_client.parser import text_string_to_metric_families
from watched_models import START, Watched, days_from

from stagebook.data.profiles import score_histogram
from stagebook.model.reference_performance import BinaryMonth
from stagebook.monitoring import textfile
from stagebook.monitoring.cadence import Cadence
from stagebook.monitoring.day_summary import DaySummary
from stagebook.monitoring.estimates import ERROR, RANKING, Estimator
from stagebook.monitoring.monitored_model import MonitoredModel
from stagebook.monitoring.periods import Gap
from stagebook.monitoring.signal import MonitorState, Signal, SignalKind, state_of
from stagebook.monitoring.status import MonitorStatus

Packaged = Callable[[str], Watched]
LOOK = MonitorState.LOOK


def dull(frame: pd.DataFrame) -> pd.DataFrame:
    """People of nearly one height: nobody can tell them apart."""
    return frame.assign(height=frame["height"] * 0.2)


def as_json(status: MonitorStatus) -> dict[str, Any]:
    """The values after a way through strict JSON."""
    values: dict[str, Any] = json.loads(json.dumps(status.as_json(), allow_nan=False))
    return values


def of_kind(status: MonitorStatus, kind: SignalKind) -> list[Signal]:
    return [signal for signal in status.signals if signal.kind is kind]


# Performance before labels


def test_scores_in_the_middle_lower_the_expected_auc(tall: Watched, tmp_path: Path) -> None:
    changed = tall.answers(days_from(START + timedelta(days=14), 14), dull)
    status = tall.judged(tmp_path / "log", changed, days_from(START, 14))
    assert status.state is LOOK
    area, error = of_kind(status, SignalKind.ESTIMATE)
    assert (area.subject, area.since) == ("AUC", "2026-04-20")
    assert (error.subject, error.since) == ("Brier score", "2026-04-20")
    assert area.value is not None
    assert area.limit is not None
    assert area.value < area.limit < status.reference["auc"].value  # type: ignore[operator]
    usual, changed_area = (status.of(Cadence.DAY)[day].estimated["auc"].value for day in (0, -1))
    assert usual is not None
    assert changed_area is not None
    assert usual > 0.85 > 0.75 > changed_area


def estimator(watched: Watched) -> Estimator:
    reference = MonitoredModel.read(watched.folder).reference
    assert reference is not None
    own = Estimator.of(reference.performance)
    assert own is not None
    return own


def test_scores_of_the_test_split_have_the_losses_that_came_true(tall: Watched) -> None:
    """However wrong the scores are as probabilities: here, they are not calibrated."""
    performance = MonitoredModel.read(tall.folder).reference.performance  # type: ignore[union-attr]
    assert performance is not None
    sides = [
        side
        for month in performance.months
        if isinstance(month, BinaryMonth)
        for side in (month.came_true, month.others)
    ]
    day = DaySummary("a" * 64, ("2026-04-06",), scores=score_histogram.merge(sides))
    own = estimator(tall)
    losses = own.losses([day])
    area, brier = own.reference.auc.value, own.reference.brier.value
    assert area is not None
    assert losses[RANKING]["2026-04-06"] == pytest.approx(1 - area)
    assert losses[ERROR]["2026-04-06"] == pytest.approx(brier)
    assert own.expected.auc.value != pytest.approx(area, abs=1e-3)


def test_few_scores_have_no_loss(tall: Watched) -> None:
    few = score_histogram.ScoreHistogram.of(np.linspace(0, 1, 29))
    days = [DaySummary("a" * 64, ("2026-04-06",), scores=some) for some in (few, None)]
    assert estimator(tall).losses(days) == {RANKING: {}, ERROR: {}}


# What a package lacks


@pytest.mark.parametrize(
    ("name", "word"),
    [
        ("timeless", 'time="..."'),
        ("unlabelled", 'label="..."'),
        ("alike", "both"),
        ("brief", "two days"),
        ("size", "number"),
    ],
)
def test_a_package_that_lacks_something_is_watched_and_says_so(
    name: str, word: str, packaged: Packaged, tmp_path: Path
) -> None:
    entries = packaged(name).answers(days_from(START, 5))
    status = packaged(name).status(watched_logs.write(tmp_path / "log", *entries))
    assert (status.state, status.losses) == (MonitorState.OK, ())
    assert word in status.notes[-1]
    assert all(item.compared for item in status.of(Cadence.DAY))
    assert status.of(Cadence.DAY)[0].estimated.keys() == (
        status.reference.keys() if name == "brief" else set()
    )
    assert as_json(status)["notes"] == list(status.notes)


def test_without_a_reference_a_large_shift_is_drift(packaged: Packaged, tmp_path: Path) -> None:
    entries = packaged("timeless").answers(
        days_from(START, 3), lambda rows: rows.assign(weight=rows["weight"] + 4)
    )
    status = packaged("timeless").status(watched_logs.write(tmp_path / "log", *entries))
    assert [(signal.subject, signal.since) for signal in status.signals] == [
        ("weight", "2026-04-06")
    ]


# Logs of all kinds


def test_an_empty_log_has_no_days(tall: Watched, tmp_path: Path) -> None:
    (tmp_path / "log").mkdir()
    status = tall.status(tmp_path / "log")
    assert (status.state, status.total, status.periods) == (MonitorState.OK, None, ())
    assert (status.first, status.last, status.gaps, status.others) == ("", "", (), ())
    assert as_json(status)["periods"] == []


def test_a_log_of_another_package_has_no_days_and_names_it(tall: Watched, tmp_path: Path) -> None:
    log = watched_logs.write(tmp_path / "log", watched_logs.request(package=watched_logs.OTHER))
    status = tall.status(log)
    assert (status.total, status.others) == (None, (watched_logs.OTHER,))
    assert status.state is MonitorState.OK


def test_of_two_packages_one_is_judged(tall: Watched, tmp_path: Path) -> None:
    other = watched_logs.request("2026-04-08", package=watched_logs.OTHER)
    status = tall.judged(tmp_path / "log", [*tall.answers(days_from(START, 2)), other])
    assert status.others == (watched_logs.OTHER,)
    assert (status.first, status.last) == ("2026-04-06", "2026-04-07")
    assert status.total is not None
    assert (status.total.requests, status.total.rows) == (2, 200)


def test_days_without_requests_are_a_gap(tall: Watched, tmp_path: Path) -> None:
    status = tall.judged(tmp_path / "log", [], ["2026-04-06", "2026-04-09"])
    assert status.gaps == (Gap(date(2026, 4, 7), date(2026, 4, 8)),)
    assert as_json(status)["gaps"] == [["2026-04-07", "2026-04-08"]]


def test_a_truncated_day_is_a_problem_and_the_others_are_judged(
    tall: Watched, tmp_path: Path
) -> None:
    log = watched_logs.closed(tmp_path / "log", *tall.answers(days_from(START, 3)))
    (file,) = (log / "days").glob("2026-04-07*.parquet")
    file.write_bytes(file.read_bytes()[:-100])
    status = tall.status(log)
    assert [problem.code for problem in status.problems] == ["bad-request-log"]
    assert [item.period.name for item in status.of(Cadence.DAY)] == ["2026-04-06", "2026-04-08"]
    assert [(signal.kind, signal.subject) for signal in status.signals] == [
        (SignalKind.DATA, "log")
    ]
    assert status.state is LOOK


def test_a_feature_of_another_type_is_a_signal(tall: Watched, tmp_path: Path) -> None:
    (entry,) = tall.answers(["2026-04-10"])
    assert entry.features is not None
    texts = entry.features.assign(weight=entry.features["weight"].astype(str))
    changed = watched_logs.replace(entry, features=texts)
    status = tall.judged(tmp_path / "log", [changed], days_from(START, 4))
    (signal,) = of_kind(status, SignalKind.DATA)
    assert (signal.subject, signal.state, signal.period) == ("weight", LOOK, "2026-04-10")


# The status as text


def test_the_status_as_json(tall: Watched, tmp_path: Path) -> None:
    status = tall.judged(tmp_path / "log", [], days_from(START, 7))
    values = as_json(status)
    assert (values["format"], values["model"], values["state"]) == (1, "tall", "ok")
    assert values["package"] == tall.digest
    assert (values["first"], values["last"]) == ("2026-04-06", "2026-04-12")
    cadences = [item["cadence"] for item in values["periods"]]
    assert cadences == ["day"] * 7 + ["week", "month"]
    week = values["periods"][7]
    assert (week["name"], week["first"], week["last"]) == ("2026-W15", "2026-04-06", "2026-04-12")
    assert (week["requests"], week["rows"], week["refused"], week["days"]) == (7, 700, 0.0, 7)
    assert (week["p50"], week["compared"], week["drifted"]) == (1.25, 4, [])
    assert week["estimated"]["auc"]["low"] < week["estimated"]["auc"]["high"]
    losses = [(loss["name"], loss["source"], len(loss["days"])) for loss in values["losses"]]
    assert losses == [("ranking", "estimate", 7), ("error", "estimate", 7)]
    assert values["reference"]["auc"]["value"] == status.reference["auc"].value


def samples(text: str) -> dict[tuple[str, str, str], float]:
    """The value of each metric by its name and the labels ``state`` and ``loss``."""
    return {
        (one.name, one.labels.get("state", ""), one.labels.get("loss", "")): one.value
        for family in text_string_to_metric_families(text)
        for one in family.samples
    }


def test_prometheus_reads_the_status(tall: Watched, tmp_path: Path) -> None:
    entries = tall.answers(["2026-04-13"], lambda rows: rows.assign(weight=rows["weight"] + 4))
    status = tall.judged(tmp_path / "log", entries, days_from(START, 7))
    text = textfile.render(status)
    values = samples(text)
    states = [values["stagebook_monitor_state", state, ""] for state in ("ok", "look", "act")]
    assert states == [0, 1, 0]
    assert values["stagebook_monitor_signals", "", ""] == len(status.signals) == 1
    assert values["stagebook_monitor_requests", "", ""] == 1
    assert values["stagebook_monitor_drifted_columns", "", ""] == 1
    for loss in status.losses:
        assert values["stagebook_monitor_loss", "", loss.name] == loss.recent
        assert values["stagebook_monitor_loss_limit", "", loss.name] == loss.limit
    for family in text_string_to_metric_families(text):
        assert (family.type, bool(family.documentation)) == ("gauge", True)
        for one in family.samples:
            assert (one.labels["model"], one.labels["package"]) == ("tall", tall.digest[:12])


def test_prometheus_reads_the_status_of_an_empty_log(tall: Watched, tmp_path: Path) -> None:
    (tmp_path / "log").mkdir()
    values = samples(textfile.render(tall.status(tmp_path / "log")))
    assert values["stagebook_monitor_state", "ok", ""] == 1
    assert ("stagebook_monitor_requests", "", "") not in values


def test_a_name_with_quotes_and_line_ends_is_escaped(tall: Watched, tmp_path: Path) -> None:
    (tmp_path / "log").mkdir()
    name = 'a "tall"\nmodel\\'
    status = watched_logs.replace(tall.status(tmp_path / "log"), model=name)
    (family, *_) = text_string_to_metric_families(textfile.render(status))
    assert family.samples[0].labels["model"] == name


def test_the_worst_signal_gives_the_state() -> None:
    look, act = (
        Signal(SignalKind.DATA, state, "", "", "", "") for state in (LOOK, MonitorState.ACT)
    )
    assert [state_of(some) for some in ([], [look], [look, act, look])] == list(MonitorState)
    assert json.loads(json.dumps(look.as_json()))["state"] == "look"
