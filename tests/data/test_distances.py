import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.distance import jensenshannon

from stagebook.data.drift import distances

PLACES = [0.0, 1.0, 2.5, 10.0]
COUNTS = st.lists(st.integers(0, 10**6), min_size=4, max_size=4).filter(any)
SYMMETRIC = [
    distances.population_stability_index,
    distances.jensen_shannon,
    lambda p, q: distances.kolmogorov_smirnov(p, q)[0],
    lambda p, q: distances.kolmogorov_smirnov(p, q)[1],
    lambda p, q: distances.wasserstein(p, q, PLACES),
    lambda p, q: distances.chi_square(p, q).cramers_v,
]
ZERO_FOR_EQUAL = [SYMMETRIC[place] for place in (0, 1, 2, 4, 5)]


@settings(max_examples=40)
@given(COUNTS, st.integers(1, 50))
def test_the_same_shares_are_no_distance_apart(counts, factor):
    scaled = [factor * count for count in counts]
    for distance in ZERO_FOR_EQUAL:
        assert distance(counts, scaled) == pytest.approx(0, abs=1e-7)


@settings(max_examples=40)
@given(COUNTS, COUNTS)
def test_distances_are_the_same_both_ways(p, q):
    for distance in SYMMETRIC:
        assert distance(p, q) == pytest.approx(distance(q, p), abs=1e-9)


@settings(max_examples=40)
@given(COUNTS, COUNTS, st.integers(2, 50))
def test_more_rows_of_the_same_shares_leave_distances_as_they_are(p, q, factor):
    scaled = [factor * count for count in q]
    for distance in SYMMETRIC[:-1]:  # V weighs both samples by their rows
        assert distance(p, scaled) == pytest.approx(distance(p, q), abs=1e-7)


@settings(max_examples=60)
@given(COUNTS, COUNTS)
def test_distances_stay_within_their_bounds(p, q):
    assert 0 <= distances.jensen_shannon(p, q) <= 1
    low, high = distances.kolmogorov_smirnov(p, q)
    assert 0 <= low <= high <= 1
    assert distances.population_stability_index(p, q) >= 0
    assert 0 <= distances.wasserstein(p, q, PLACES) <= 10
    found = distances.chi_square(p, q)
    assert 0 <= found.cramers_v <= 1
    assert 0 <= found.p_value <= 1


@settings(max_examples=40)
@given(COUNTS, COUNTS, COUNTS)
def test_jensen_shannon_is_a_metric(p, q, r):
    straight = distances.jensen_shannon(p, r)
    assert straight <= distances.jensen_shannon(p, q) + distances.jensen_shannon(q, r) + 1e-9


@settings(max_examples=40)
@given(COUNTS, COUNTS)
def test_jensen_shannon_is_what_scipy_computes(p, q):
    with np.errstate(invalid="ignore"):  # SciPy takes the root of -1e-17 for equal shares
        expected = np.nan_to_num(jensenshannon(p, q, base=2))
    assert distances.jensen_shannon(p, q) == pytest.approx(expected, abs=1e-7)


def test_psi_is_what_is_computed_by_hand():
    by_hand = 0.25 * math.log(0.5 / 0.25) + (0.5 - 0.75) * math.log(0.5 / 0.75)
    assert distances.population_stability_index([25, 75], [1, 1]) == pytest.approx(by_hand)


def test_jensen_shannon_is_what_is_computed_by_hand():
    # [1, 0] and [1/2, 1/2] are midway at [3/4, 1/4]
    divergence = (math.log2(4 / 3) + 0.5 * math.log2(2 / 3) + 0.5 * math.log2(2)) / 2
    assert distances.jensen_shannon([7, 0], [3, 3]) == pytest.approx(math.sqrt(divergence))


def test_an_empty_bin_does_not_make_psi_infinite():
    share = distances.LEAST_SHARE
    expected = (0.5 - share) * math.log(0.5 / share) - 0.5 * math.log(0.5)
    assert distances.population_stability_index([10, 0], [5, 5]) == pytest.approx(expected)


def test_without_an_overlap_distances_are_at_their_upper_bounds():
    p, q = [5, 5, 0, 0], [0, 0, 1, 1]
    assert distances.jensen_shannon(p, q) == pytest.approx(1)
    assert distances.kolmogorov_smirnov(p, q) == pytest.approx((1, 1))
    assert distances.chi_square(p, q).cramers_v == pytest.approx(1)
    assert distances.unseen_share(p, q) == 1


VALUES = st.lists(st.floats(0, 4, exclude_max=True), min_size=1, max_size=30)


def reached(values, value):
    """The share of values up to this one."""
    return sum(one <= value for one in values) / len(values)


@settings(max_examples=60)
@given(VALUES, VALUES)
def test_kolmogorov_smirnov_of_the_values_is_within_the_bounds_of_the_bins(left, right):
    p, q = (np.histogram(one, bins=[0, 1, 2, 3, 4])[0] for one in (left, right))
    low, high = distances.kolmogorov_smirnov(p, q)
    exact = max(abs(reached(left, value) - reached(right, value)) for value in left + right)
    assert low - 1e-9 <= exact <= high + 1e-9


def test_wasserstein_is_how_far_values_move():
    assert distances.wasserstein([4, 0], [0, 9], [10.0, 17.0]) == pytest.approx(7)


def test_wasserstein_of_places_near_the_largest_floats_is_finite():
    assert distances.wasserstein([1, 0], [0, 1], [-8e307, 8e307]) == pytest.approx(1.6e308)


def test_chi_square_of_a_table_from_a_textbook():
    found = distances.chi_square([10, 20], [20, 10])
    assert found.statistic == pytest.approx(60 / 9)
    assert found.cramers_v == pytest.approx(math.sqrt(60 / 9 / 60))
    assert found.p_value == pytest.approx(0.00982, abs=1e-5)


def test_with_many_rows_p_is_small_where_the_effect_is_none_to_speak_of():
    found = distances.chi_square([5_000_000, 5_000_000], [5_010_000, 4_990_000])
    assert found.p_value < 0.001
    assert found.cramers_v < 0.01


def test_nothing_at_all_has_no_shares():
    with pytest.raises(ValueError, match="bins are empty"):
        distances.shares([0, 0])
