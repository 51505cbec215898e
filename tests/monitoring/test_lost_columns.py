"""Features that had values and have none since a day, and requests that the server failed at."""

from datetime import timedelta
from pathlib import Path

import pytest
import watched_logs
from watched_models import FEATURES, START, Watched, days_from

from stagebook.monitoring import failures, refusals
from stagebook.monitoring.day_summary import DaySummary
from stagebook.monitoring.error_budget import ErrorBudget
from stagebook.monitoring.signal import MonitorState, Signal, SignalKind
from stagebook.monitoring.status import MonitorStatus
from stagebook.serving.log.request_log import LogEntry

DAYS = days_from(START, 6)


def without(entry: LogEntry, name: str, *, is_null: bool) -> LogEntry:
    """A request without a feature, or with nulls in it; its answer is that of whole rows."""
    assert entry.features is not None
    if is_null:
        return watched_logs.replace(entry, features=entry.features.assign(**{name: None}))
    return watched_logs.replace(entry, features=entry.features.drop(columns=name))


def about(status: MonitorStatus, name: str) -> list[Signal]:
    return [signal for signal in status.signals if signal.subject == name]


@pytest.mark.parametrize("is_null", [False, True])
def test_a_feature_that_is_gone_is_one_signal_since_its_first_day(
    is_null: bool, tall: Watched, tmp_path: Path
) -> None:
    gone = [without(entry, "weight", is_null=is_null) for entry in tall.answers(DAYS[4:])]
    status = tall.judged(tmp_path / "log", gone, DAYS[:4])
    (signal,) = about(status, "weight")
    assert (signal.kind, signal.state) == (SignalKind.DATA, MonitorState.LOOK)
    assert (signal.since, signal.period) == (DAYS[4], DAYS[5])
    assert status.state is MonitorState.LOOK


def test_a_feature_that_drifted_before_it_was_gone_is_both(tall: Watched, tmp_path: Path) -> None:
    heavier = tall.answer(DAYS[4], lambda rows: rows.assign(weight=rows["weight"] + 4))
    gone = without(tall.answer(DAYS[5]), "weight", is_null=True)
    status = tall.judged(tmp_path / "log", [heavier, gone], DAYS[:4])
    kinds = [(signal.kind, signal.since) for signal in about(status, "weight")]
    assert kinds == [(SignalKind.INPUT_DRIFT, DAYS[4]), (SignalKind.DATA, DAYS[5])]


def test_a_feature_that_came_back_is_none(tall: Watched, tmp_path: Path) -> None:
    gone = without(tall.answer(DAYS[2]), "weight", is_null=False)
    status = tall.judged(tmp_path / "log", [gone, tall.answer(DAYS[3])], DAYS[:2])
    assert about(status, "weight") == []


def test_a_feature_that_was_never_logged_is_none(tall: Watched, tmp_path: Path) -> None:
    log = watched_logs.write(tmp_path / "log", *tall.answers(DAYS), without=("weight",))
    assert about(tall.status(log), "weight") == []


def test_a_few_rows_without_a_value_may_be_chance(tall: Watched, tmp_path: Path) -> None:
    few = without(tall.answer(DAYS[4], rows=29), "weight", is_null=True)
    assert about(tall.judged(tmp_path / "log", [few], DAYS[:4]), "weight") == []


@pytest.mark.parametrize(("days", "is_gone"), [(1, False), (7, False), (8, True)])
def test_a_feature_that_was_without_values_on_a_day_is_gone_after_several(
    days: int, is_gone: bool, tall: Watched, tmp_path: Path
) -> None:
    names = days_from(START, 10 + days)
    empty = [without(tall.answer(day), "weight", is_null=True) for day in (names[0], *names[10:])]
    status = tall.judged(tmp_path / "log", empty, names[1:10])
    signals = [own for own in about(status, "weight") if own.kind is SignalKind.DATA]
    assert [own.since for own in signals] == ([names[10]] if is_gone else [])


def test_all_features_that_are_gone_are_named(tall: Watched, tmp_path: Path) -> None:
    gone = tall.answer(DAYS[4])
    for name in FEATURES:
        gone = without(gone, name, is_null=True)
    status = tall.judged(tmp_path / "log", [gone], DAYS[:4])
    assert {s.subject for s in status.signals if s.kind is SignalKind.DATA} == set(FEATURES)


# Requests that failed


def failing(*failed: int, status: int = 500) -> list[DaySummary]:
    """Days of a hundred requests, some of which failed."""
    return [
        DaySummary(
            watched_logs.OWN, (day,), requests=100, statuses={200: 100 - count, status: count}
        )
        for day, count in zip(days_from(START, len(failed)), failed, strict=True)
    ]


def test_a_rise_of_failures_calls_for_acting() -> None:
    days = failing(*[0] * 28, *[20] * 14, status=503)
    (signal,) = failures.signals(days, failures.watch(days, ErrorBudget()))
    assert (signal.kind, signal.state) == (SignalKind.FAILURES, MonitorState.ACT)
    assert (signal.subject, signal.since) == ("503", (START + timedelta(days=28)).isoformat())
    assert refusals.signals(days, refusals.watch(days, ErrorBudget())) == ()


def test_failures_that_always_were_are_no_signal() -> None:
    days = failing(*[2, 3, 1] * 20)
    assert failures.signals(days, failures.watch(days, ErrorBudget())) == ()
    assert failures.signals(days, None) == ()


def test_refusals_are_no_failures() -> None:
    days = failing(*[0] * 28, *[20] * 14, status=422)
    assert failures.signals(days, failures.watch(days, ErrorBudget())) == ()


def test_failures_and_refusals_share_a_part_of_the_budget() -> None:
    whole = ErrorBudget(8.0)
    assert whole.rate_of_loss(refusals.WATCHED) == 1.0


def test_failures_of_a_real_log_call_for_acting(tall: Watched, tmp_path: Path) -> None:
    entries = tall.answers(days_from(START, 24))
    for day in days_from(START + timedelta(days=12), 12):
        facts = {"features": None, "predictions": None, "status": 500}
        entries += [watched_logs.request(day, package=tall.digest, **facts) for _ in range(3)]
    status = tall.judged(tmp_path / "log", entries)
    (signal,) = status.signals
    assert (signal.kind, signal.subject, signal.since) == (
        SignalKind.FAILURES,
        "500",
        "2026-04-18",
    )
    assert status.state is MonitorState.ACT
