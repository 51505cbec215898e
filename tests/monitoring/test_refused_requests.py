"""A share of refused requests that rises after the first days is a signal, a steady one is none."""

from datetime import timedelta
from pathlib import Path

from watched_logs import OWN
from watched_models import START, Watched, days_from

from stagebook.monitoring import refusals
from stagebook.monitoring.day_summary import DaySummary, Occurrences, Rule
from stagebook.monitoring.error_budget import ErrorBudget
from stagebook.monitoring.signal import MonitorState, Signal, SignalKind

LOW, HIGH = ("bad-value", "height"), ("unknown-column", "")


def days(*refused: dict[Rule, int], requests: int = 100) -> list[DaySummary]:
    """Days with requests, some of them refused for one rule each."""
    return [
        DaySummary(
            OWN,
            (day,),
            requests=requests,
            statuses={200: requests - sum(rules.values()), 422: sum(rules.values())},
            refusals={rule: Occurrences(count, count) for rule, count in rules.items()},
        )
        for day, rules in zip(days_from(START, len(refused)), refused, strict=True)
    ]


def signals(summaries: list[DaySummary]) -> tuple[Signal, ...]:
    watched = refusals.watch(summaries, ErrorBudget())
    return refusals.signals(summaries, watched)


def test_a_steady_share_is_no_signal() -> None:
    summaries = days(*[{LOW: 10}, {LOW: 12}, {LOW: 8}] * 20)
    watched = refusals.watch(summaries, ErrorBudget())
    assert watched is not None
    assert len(watched.days) == 60 - refusals.REFERENCE_DAYS
    assert refusals.signals(summaries, watched) == ()


def note(summaries: list[DaySummary]) -> str:
    return refusals.note(summaries, refusals.watch(summaries, ErrorBudget()))


def test_a_share_that_was_large_from_the_first_day_is_a_note() -> None:
    text = note(days(*[{LOW: 30, HIGH: 3}] * 60))
    assert "28 days, 33.0% were refused, most by bad-value `height`" in text


def test_a_large_share_of_too_few_days_to_compare_is_a_note() -> None:
    assert "2 days, 50.0% were refused, most by unknown-column." in note(days(*[{HIGH: 50}] * 2))
    assert "of the first day, 50.0% were refused" in note(days({HIGH: 50}))


def test_few_refusals_or_later_ones_are_no_note() -> None:
    assert note([]) == note(days({})) == note(days(*[{LOW: 1}] * 60)) == ""
    assert note(days(*[{}] * 28, *[{LOW: 50}] * 32)) == ""


def test_a_rise_names_the_rule_that_rose() -> None:
    """Another rule is broken more often, as it was in the first days."""
    (signal,) = signals(days(*[{HIGH: 20}] * 28, *[{HIGH: 20, LOW: 10}] * 28))
    assert (signal.kind, signal.state) == (SignalKind.REFUSALS, MonitorState.LOOK)
    assert signal.subject == "bad-value `height`"
    assert signal.since == (START + timedelta(days=28)).isoformat()
    assert signal.value is not None
    assert abs(signal.value - 0.3) < 1e-9
    assert signal.limit is not None
    assert signal.limit < 0.3


def test_a_rule_without_a_column_is_named_by_its_code() -> None:
    (signal,) = signals(days(*[{}] * 14, *[{HIGH: 10}] * 28))
    assert signal.subject == "unknown-column"


def test_refusals_without_a_rule_are_a_signal() -> None:
    summaries = days(*[{}] * 14, *[{HIGH: 10}] * 28)
    plain = [DaySummary(OWN, day.days, requests=100, statuses=day.statuses) for day in summaries]
    (signal,) = signals(plain)
    assert signal.subject == "refused"


def test_failures_of_the_server_are_no_refusals() -> None:
    (day,) = days({})
    failed = DaySummary(OWN, day.days, requests=100, statuses={200: 50, 422: 10, 500: 40})
    assert refusals.refused_share(failed) == 0.1
    assert refusals.refused_share(DaySummary(OWN, day.days)) is None


def test_a_few_days_are_not_judged() -> None:
    few = refusals.FEWEST_DAYS - 1
    assert refusals.watch(days(*[{LOW: 50}] * few), ErrorBudget()) is None
    assert signals(days(*[{LOW: 50}] * few)) == ()


def test_rules_are_sorted_by_their_share() -> None:
    (day,) = days({LOW: 5, HIGH: 20})
    assert list(refusals.rule_shares(day).items()) == [(HIGH, 0.2), (LOW, 0.05)]


def test_refused_requests_of_a_real_log_rise(tall: Watched, tmp_path: Path) -> None:
    entries = tall.answers(days_from(START, 24))
    for day in days_from(START + timedelta(days=12), 12):
        entries += tall.refusals(day, count=3)
    status = tall.judged(tmp_path / "log", entries)
    (signal,) = status.signals
    assert (signal.kind, signal.subject) == (SignalKind.REFUSALS, "bad-value `height`")
    assert (signal.since, signal.value) == ("2026-04-18", 0.75)
    assert [loss.name for loss in status.losses] == ["ranking", "error", "refused"]
