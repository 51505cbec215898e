import math

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stagebook.data.drift import distances, threshold
from stagebook.data.drift.alignment import ComparisonBasis
from stagebook.data.drift.threshold import DEFAULT, FLOOR
from stagebook.data.profiles.profiling import profile
from stagebook.data.tables.table import Table

BACK = np.array([1, -1])
EFFECTS = st.lists(st.floats(0, 1), min_size=3, max_size=12)


def profile_of(values):
    """The profile of one column."""
    (column,) = profile(Table.of_rows(pa.table({"holiday": values}))).columns
    return column


@settings(max_examples=60)
@given(EFFECTS)
def test_a_limit_is_between_the_floor_and_one(effects):
    assert FLOOR <= threshold.prediction_limit(effects, 0.01) <= 1


@settings(max_examples=60)
@given(EFFECTS)
def test_with_more_comparisons_the_limit_rises(effects):
    few, many = (threshold.prediction_limit(effects, alpha) for alpha in (0.05, 0.001))
    assert few <= many


def test_a_limit_is_what_is_computed_by_hand():
    # logarithms -3.5, -3, -2.5: standard deviation 0.5; t of 2 degrees at 95 % is 2.920
    effects = [math.exp(-3.5), math.exp(-3), math.exp(-2.5)]
    expected = math.exp(-3 + 2.919986 * 0.5 * math.sqrt(4 / 3))
    assert threshold.prediction_limit(effects, 0.05) == pytest.approx(expected, rel=1e-5)


def test_blocks_that_differ_much_leave_gross_drift_to_be_seen():
    months = [0.38, 0.57, 0.2, 0.45, 0.3, 0.55, 0.41, 0.5, 0.25, 0.36, 0.52, 0.48]  # temperatures
    limit = threshold.prediction_limit(months, 1e-4)
    assert threshold.GROSS <= limit < 0.98


def test_what_more_than_one_block_of_a_hundred_does_is_usual():
    assert threshold.usual([0.1] * 50 + [0.3]) == 0.3
    assert threshold.usual([0.1] * 358 + [0.8] * 2) == 0.1
    assert threshold.usual([0.1] * 350 + [0.8] * 10) == 0.8


def test_a_day_like_some_of_the_reference_is_within_the_limit():
    ordinary, holiday = profile_of([False] * 47), profile_of([True] * 47)
    days = [0.05] * 350 + [0.95] * 10
    limit = threshold.threshold((ordinary, holiday), days, ComparisonBasis.VALUES, 7, 0.001)
    assert limit.limit == 0.95


def test_blocks_that_are_all_as_far_set_the_limit_there():
    assert threshold.prediction_limit([0.3, 0.3, 0.3, 0.3], 0.01) == pytest.approx(0.3)


def test_one_more_block_like_the_others_is_above_the_limit_as_often_as_said():
    random = np.random.default_rng(5)
    alpha, n, rounds = 0.1, 6, 2000
    effects = np.exp(random.normal(-1.6, 0.1, size=(rounds, n + 1)))
    above = [threshold.prediction_limit(one[:-1], alpha) < one[-1] for one in effects]
    assert np.mean(above) == pytest.approx(alpha, abs=0.02)


def test_each_block_is_held_against_the_others():
    blocks = np.array([[10, 0], [5, 5], [0, 10]])
    expected = distances.jensen_shannon([5, 15], [10, 0])
    assert threshold.leave_one_out(blocks)[0] == pytest.approx(expected)


@pytest.mark.parametrize("rows", [50, 500, 20_000])
def test_chance_alone_seldom_makes_more_than_the_noise(rows):
    random = np.random.default_rng(7)
    share = np.array([0.4, 0.3, 0.15, 0.1, 0.05])
    reference, batch = (random.multinomial(size, share, 1000) for size in (20_000, rows))
    effects = [distances.jensen_shannon(*pair) for pair in zip(reference, batch, strict=True)]
    noise = threshold.sampling_noise(np.array([reference[0], batch[0]]), 0.05)
    assert 0.02 <= np.mean(np.array(effects) > noise) <= 0.08


def test_where_most_categories_hold_no_row_chance_is_not_taken_for_too_little():
    random = np.random.default_rng(7)
    share = np.full(2000, 1 / 2000)
    pair = np.array([random.multinomial(size, share) for size in (100_000, 200)])
    assert distances.jensen_shannon(*pair) <= threshold.sampling_noise(pair, 0.05)


def test_small_batches_have_more_noise():
    noises = [
        threshold.sampling_noise(np.array([[5000, 5000], [rows, rows]]), 0.01)
        for rows in (5, 50, 500)
    ]
    assert noises == sorted(noises, reverse=True)


def test_the_default_is_where_psi_is_a_tenth():
    p = np.array([4000, 6000])
    shift = 0
    while distances.jensen_shannon(p, p + shift * BACK) < DEFAULT:
        shift += 1
    psi = distances.population_stability_index(p, p + shift * BACK)
    assert psi == pytest.approx(0.1, rel=0.03)


def test_half_a_percent_of_nulls_in_a_column_without_any_is_about_the_floor():
    assert distances.jensen_shannon([1000, 0], [995, 5]) == pytest.approx(FLOOR, abs=0.002)
