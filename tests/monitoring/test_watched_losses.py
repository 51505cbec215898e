"""A loss that rises is noticed, dated, and over when it is within its limit again."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from watched_models import START, days_from

from stagebook.monitoring import loss_signals
from stagebook.monitoring.signal import MonitorState, SignalKind
from stagebook.monitoring.watched_loss import RECENT, WatchedLoss

REFERENCE = dict(zip(days_from(START, 12), [0.14, 0.15, 0.16] * 4, strict=True))
RATE = 0.125


def watched(
    *losses: float, name: str = "error", source: str = "estimate", tolerance: float = 0.0
) -> WatchedLoss:
    """A loss of days that begin a year after the reference's."""
    days = dict(zip(days_from(START.replace(year=2027), len(losses)), losses, strict=True))
    loss = WatchedLoss.of(name, source, REFERENCE, days, RATE, tolerance)
    assert loss is not None
    return loss


def test_a_loss_like_the_reference_does_not_rise() -> None:
    loss = watched(*[0.14, 0.15, 0.16] * 100)
    assert (loss.risen, loss.since, loss.alarms) == (False, "", ())
    assert loss.reference == pytest.approx(0.15)
    assert 0.15 < loss.limit < 0.155
    assert loss.recent == pytest.approx(0.15, abs=1e-3)


def test_the_days_of_the_reference_say_how_often_they_would_be_reported() -> None:
    reference = dict(zip(days_from(START, 60), [0.14, 0.15, 0.16] * 20, strict=True))
    loss = WatchedLoss.of("error", "estimate", reference, {}, RATE)
    assert loss is not None
    assert loss.resampled == 0
    assert watched().resampled is None  # fewer than two weeks


def test_a_rise_is_since_the_day_on_which_it_began() -> None:
    loss = watched(*[0.15] * 100, *[0.3] * 30)
    assert loss.risen
    assert loss.since == list(loss.days)[100]
    assert loss.alarms[0] > loss.since
    assert loss.recent == pytest.approx(0.3)


def test_a_rise_is_shown_from_the_day_of_its_alarm_on() -> None:
    losses = [0.0] * 40 + [0.9] * 10
    first = next(days for days in range(40, 51) if watched(*losses[:days]).alarms)
    for days in range(first, 51):
        loss = watched(*losses[:days])
        assert (loss.risen, loss.since) == (True, list(loss.days)[40])


def test_a_rise_that_is_over_does_not_come_back_by_chance() -> None:
    loss = watched(*[0.4] * 20, *[0.14] * 60, *[0.156] * RECENT)
    assert len(loss.alarms) > 0
    assert loss.recent is not None
    assert loss.recent > loss.limit
    assert (loss.risen, loss.since) == (False, "")


def test_a_second_rise_has_a_beginning_of_its_own() -> None:
    loss = watched(*[0.5] * 40, *[0.145] * 100, *[0.5] * 20)
    assert loss.since == list(loss.days)[140]


def test_a_rise_within_the_tolerance_is_none() -> None:
    assert watched(*[0.2] * 200).risen
    assert not watched(*[0.2] * 200, tolerance=0.1).risen


def test_without_days_nothing_has_risen() -> None:
    loss = watched()
    assert (loss.risen, loss.since, loss.recent) == (False, "", None)


@pytest.mark.parametrize("days", [0, 1])
def test_a_reference_of_less_than_two_days_has_no_limit(days: int) -> None:
    reference = dict(list(REFERENCE.items())[:days])
    assert WatchedLoss.of("error", "estimate", reference, {}, RATE) is None


def test_more_alarms_than_days_may_be_allowed() -> None:
    loss = WatchedLoss.of("error", "estimate", REFERENCE, {"2027-04-06": 0.9}, rate=5000.0)
    assert loss is not None
    assert loss.alarms == ("2027-04-06",)


@given(st.lists(st.floats(0, 1), max_size=80))
def test_a_rise_began_before_its_alarm_and_above_the_limit(losses: list[float]) -> None:
    loss = watched(*losses)
    assert loss.risen == bool(loss.since)
    if loss.risen:
        assert loss.since <= loss.alarms[-1]
        since = [value for day, value in loss.days.items() if day >= loss.since]
        until = [value for day, value in loss.days.items() if loss.since <= day <= loss.alarms[-1]]
        assert until
        assert np.mean(since[-RECENT:]) > loss.limit or len(since) == len(until)


# What a rise says


def signal_states(*losses: WatchedLoss) -> list[tuple[SignalKind, MonitorState, str]]:
    return [(one.kind, one.state, one.subject) for one in loss_signals.signals(losses)]


def test_an_estimate_asks_to_look_and_labels_to_act() -> None:
    rise = [0.15] * 30 + [0.4] * 30
    pair = [watched(*rise, source=source) for source in ("estimate", "labels")]
    assert signal_states(*pair, watched(0.15)) == [
        (SignalKind.ESTIMATE, MonitorState.LOOK, "Brier score"),
        (SignalKind.LABELS, MonitorState.ACT, "Brier score"),
    ]


def test_a_ranking_loss_is_reported_as_auc() -> None:
    loss = watched(*[0.4] * 30, name="ranking")
    (signal,) = loss_signals.signals([loss])
    assert (signal.subject, signal.value) == ("AUC", pytest.approx(0.6))
    assert signal.limit == pytest.approx(1 - loss.limit)
    assert (signal.period, signal.since) == (list(loss.days)[-1], next(iter(loss.days)))


def test_what_scores_did_not_let_expect_is_another_cause() -> None:
    labels = watched(*[0.4] * 30, source="labels")
    sentences = [
        loss_signals.signals([labels, *estimates])[0].sentence
        for estimates in ([], [watched(*[0.15] * 30)])
    ]
    causes = [sentence.partition("is the limit.")[2] for sentence in sentences]
    expected = loss_signals.signals([watched(*[0.4] * 30), labels])[1].sentence
    assert causes[0] == ""
    assert len({*causes, expected.partition("is the limit.")[2]}) == 3
