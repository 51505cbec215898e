import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stagebook.monitoring.confidence import MOST_WEIGHT, ConfidenceSequence
from stagebook.monitoring.losses import LossSums

SEQUENCES, DAYS, ALPHA = 3000, 40, 0.1
DAY = st.lists(st.floats(0, 1), max_size=20)


def shares(generator, probability, rows):
    """Sums of days with losses of 0 or 1, for each sequence and day."""
    totals = generator.binomial(rows, probability, (SEQUENCES, DAYS)).astype(float)
    return totals, totals


def continuous(generator, mean, rows):
    """Sums of days with losses from 0 to 1."""
    totals, squares = np.empty((2, SEQUENCES, DAYS))
    for day in range(DAYS):
        losses = generator.beta(8 * mean, 8 * (1 - mean), (SEQUENCES, rows))
        totals[:, day], squares[:, day] = losses.sum(axis=1), (losses**2).sum(axis=1)
    return totals, squares


def after(state, rows, totals, squares):
    """The state after days that have equally many rows."""
    for total, square in zip(totals.tolist(), squares.tolist(), strict=True):
        state = state.update(LossSums(rows, total, square))
    return state


@pytest.mark.parametrize(
    ("draw", "mean", "rows", "guess"),
    [
        (shares, 0.15, 1, 0.5),
        (shares, 0.15, 25, 0.5),
        (shares, 0.15, 1000, 0.15),
        (shares, 0.01, 200, 0.3),
        (shares, 0.5, 25, 0.5),
        (continuous, 0.2, 10, 0.5),
    ],
)
def test_the_interval_holds_the_mean_on_all_days_together(draw, mean, rows, guess):
    totals, squares = draw(np.random.default_rng(rows), mean, rows)
    start = ConfidenceSequence.start(ALPHA, guess)
    # the intersection holds the mean if each interval does
    ends = np.array(
        [after(start, rows, *pair).interval for pair in zip(totals, squares, strict=True)]
    )
    below, above = np.mean(ends[:, 0] > mean), np.mean(ends[:, 1] < mean)
    assert below <= ALPHA / 2
    assert above <= ALPHA / 2


def test_the_interval_shrinks_to_a_percent_within_a_hundred_thousand_rows():
    totals = np.random.default_rng(1).binomial(1000, 0.15, 100).astype(float)
    low, high = after(ConfidenceSequence.start(0.05), 1000, totals, totals).interval
    assert high - low < 0.015
    # an interval for this one day alone
    assert high - low < 3.5 * 2 * 1.96 * np.sqrt(0.15 * 0.85 / 100_000)


def test_small_losses_have_a_narrower_interval():
    widths = []
    for probability in (0.01, 0.3):
        totals = np.random.default_rng(1).binomial(1000, probability, 30).astype(float)
        low, high = after(ConfidenceSequence.start(0.05), 1000, totals, totals).interval
        widths.append(high - low)
    assert widths[0] < widths[1] / 2.5


def test_a_good_guess_makes_the_interval_narrower():
    totals = np.random.default_rng(1).binomial(100, 0.05, 5).astype(float)
    widths = [
        np.diff(after(ConfidenceSequence.start(0.05, guess), 100, totals, totals).interval)[0]
        for guess in (0.05, 0.5)
    ]
    assert widths[0] < widths[1]


@settings(max_examples=60)
@given(st.lists(DAY, max_size=6))
def test_the_interval_only_shrinks_and_the_weight_of_a_row_is_bounded(days):
    state = ConfidenceSequence.start(0.05)
    for day in days:
        later = state.update(LossSums.of(day))
        assert later.low >= state.low
        assert later.high <= state.high
        assert later.weight - state.weight <= MOST_WEIGHT * len(day) + 1e-12
        state = later


@settings(max_examples=60)
@given(st.permutations([0.0, 0.1, 0.5, 0.5, 1.0]), st.lists(DAY, max_size=3))
def test_the_order_of_the_rows_of_a_day_does_not_matter(day, before):
    state = ConfidenceSequence.start(0.05)
    for values in before:
        state = state.update(LossSums.of(values))
    ordered = state.update(LossSums.of(sorted(day)))
    assert state.update(LossSums.of(day)).interval == pytest.approx(ordered.interval)


@settings(max_examples=60)
@given(st.lists(DAY, max_size=4))
def test_a_state_goes_on_from_its_json(days):
    state = ConfidenceSequence.start(0.05, 0.1, 0.2)
    for day in days:
        state = state.update(LossSums.of(day))
        assert ConfidenceSequence.from_json(json.loads(json.dumps(state.as_json()))) == state


def test_a_day_without_rows_changes_nothing():
    state = ConfidenceSequence.start(0.05)
    assert state.update(LossSums(0, 0.0, 0.0)) == state


@pytest.mark.parametrize("start", [(0, 0.5), (1, 0.5), (0.1, 2), (0.1, 0.5, 0), (0.1, 0.5, 0.3)])
def test_an_impossible_start_is_refused(start):
    with pytest.raises(ValueError, match="start"):
        ConfidenceSequence.start(*start)
