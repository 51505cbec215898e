"""The mean of the last days of a watched loss, and what it says without an alarm."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stagebook.monitoring.watched_loss import RECENT, WatchedLoss


def watched(values: list[float]) -> WatchedLoss:
    reference = {f"2026-01-{day:02}": 0.09 + 0.02 * (day % 2) for day in range(1, 29)}
    days = {f"day {place:03}": value for place, value in enumerate(values)}
    loss = WatchedLoss.of("error", "estimate", reference, days, rate=1.0)
    assert loss is not None
    return loss


@given(st.lists(st.floats(0, 1), min_size=1, max_size=80))
def test_the_last_mean_is_the_recent_one(values: list[float]) -> None:
    loss = watched(values)
    assert list(loss.means) == list(loss.days)
    assert list(loss.means.values())[-1] == loss.recent


def test_a_mean_has_no_more_than_the_last_days() -> None:
    means = list(watched([0.0] * RECENT + [1.0] * RECENT).means.values())
    assert means[RECENT - 1 : RECENT + 1] == [0.0, pytest.approx(1 / RECENT)]
    assert means[-1] == 1.0


@pytest.mark.parametrize(
    ("values", "unproven", "risen"),
    [([0.1] * 20, False, False), ([0.12] * 20, True, False), ([0.4] * 40, False, True)],
)
def test_a_mean_above_the_limit_is_unproven_until_an_alarm(
    values: list[float], unproven: bool, risen: bool
) -> None:
    loss = watched(values)
    assert (loss.unproven, loss.risen) == (unproven, risen)
