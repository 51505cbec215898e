"""Scores agree with scikit-learn's, and intervals behave as intervals of days must."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import brier_score_loss, log_loss, roc_auc_score

from flights.scores import (
    SCORES,
    DailyScores,
    Floats,
    calibration_groups,
    draw_days,
    gain_with_intervals,
    with_intervals,
)

Sample = tuple[pd.Series, Floats, pd.Series]


def a_sample(seed: int, flights: int = 60, days: int = 7) -> Sample:
    generator = np.random.default_rng(seed)
    forecast = generator.integers(1, 20, flights) / 20  # coarse, so that there are ties
    late = pd.Series(generator.random(flights) < forecast)
    late.iloc[:2] = [True, False]
    return late, forecast, pd.Series(generator.integers(0, days, flights))


def daily(sample: Sample) -> DailyScores:
    return DailyScores.of(*sample)


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_with_every_day_once_the_scores_are_scikit_learns(seed: int) -> None:
    late, forecast, day = a_sample(seed)
    scores = DailyScores.of(late, forecast, day).scores(np.ones((1, day.nunique())))
    assert scores["auc"][0] == pytest.approx(roc_auc_score(late, forecast))
    assert scores["log_loss"][0] == pytest.approx(log_loss(late, forecast))
    assert scores["brier"][0] == pytest.approx(brier_score_loss(late, forecast))


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**32 - 1), st.lists(st.integers(0, 3), min_size=7, max_size=7))
def test_a_day_drawn_twice_counts_as_its_flights_twice(seed: int, times: list[int]) -> None:
    late, forecast, day = a_sample(seed)
    times = times[: day.nunique()]
    repeats = day.map(dict(zip(sorted(day.unique()), times, strict=True))).to_numpy()
    again, forecasts = np.repeat(late.to_numpy(), repeats), np.repeat(forecast, repeats)
    if again.all() or not again.any():
        return
    scores = DailyScores.of(late, forecast, day).scores(np.array([times], dtype=np.float64))
    assert scores["auc"][0] == pytest.approx(roc_auc_score(again, forecasts))
    assert scores["log_loss"][0] == pytest.approx(log_loss(again, forecasts))


def test_every_draw_holds_as_many_days_as_there_are() -> None:
    draws = draw_days(31, 50, seed=1)
    assert draws.shape == (50, 31)
    assert (draws.sum(axis=1) == 31).all()


def test_the_same_seed_gives_the_same_interval() -> None:
    part = daily(a_sample(1))
    first, second = (with_intervals(part, draw_days(7, 200, seed=5)) for _ in range(2))
    assert first == second


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_an_interval_is_in_order_and_near_its_value(seed: int) -> None:
    summary = with_intervals(daily(a_sample(seed, flights=300)), draw_days(7, 400, seed=seed))
    for name in SCORES:
        assert summary[f"{name}_low"] <= summary[name] <= summary[f"{name}_high"]


def test_days_that_are_alike_leave_no_doubt() -> None:
    late, forecast, day = (
        pd.Series([True, False] * 5),
        np.array([0.8, 0.3] * 5),
        [1, 1, 2, 2, 3, 3, 4, 4, 5, 5],
    )
    summary = with_intervals(DailyScores.of(late, forecast, pd.Series(day)), draw_days(5, 100, 0))
    assert summary["brier_low"] == summary["brier"] == summary["brier_high"]
    assert summary["auc_low"] == summary["auc_high"] == 1


def test_an_interval_by_days_is_wider_than_one_by_flights_where_days_differ() -> None:
    generator = np.random.default_rng(3)
    day = pd.Series(np.repeat(np.arange(20), 50))
    bad_day = generator.random(20) < 0.3
    late = pd.Series(generator.random(1000) < np.where(bad_day[day], 0.8, 0.1))
    forecast = np.full(1000, late.mean())
    by_day = with_intervals(DailyScores.of(late, forecast, day), draw_days(20, 500, 0))
    alone = pd.Series(np.arange(1000))
    by_flight = with_intervals(DailyScores.of(late, forecast, alone), draw_days(1000, 500, 0))
    widths = [part["brier_high"] - part["brier_low"] for part in (by_day, by_flight)]
    assert widths[0] > 2 * widths[1]


def test_a_constant_forecast_orders_half_of_the_pairs() -> None:
    late, _, day = a_sample(2)
    summary = with_intervals(DailyScores.of(late, np.full(60, 0.2), day), draw_days(7, 100, 0))
    assert (summary["auc_low"], summary["auc"], summary["auc_high"]) == (0.5, 0.5, 0.5)


def test_without_a_late_flight_there_is_no_auc() -> None:
    day = pd.Series([0, 1, 2])
    part = DailyScores.of(pd.Series([False] * 3), np.array([0.1, 0.2, 0.3]), day)
    summary = with_intervals(part, draw_days(3, 10, 0))
    assert np.isnan([summary["auc"], summary["auc_low"], summary["auc_high"]]).all()
    assert not np.isnan(summary["brier"])


def test_a_forecast_gains_nothing_over_itself() -> None:
    part = daily(a_sample(4))
    assert set(gain_with_intervals(part, part, draw_days(7, 100, 0)).values()) == {0.0}


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(1, 12))
def test_calibration_groups_hold_every_flight_once(seed: int, groups: int) -> None:
    late, forecast, _ = a_sample(seed)
    table = calibration_groups(late, forecast, groups)
    assert len(table) == groups
    assert table["flights"].sum() == len(late)
    assert table["flights"].max() - table["flights"].min() <= 1
    assert table["forecast"].is_monotonic_increasing
    assert (table["observed"] * table["flights"]).sum() == pytest.approx(late.sum())
