"""Places and sums by arithmetic, against a search and Python's own integers."""

import math
from collections import Counter
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from stagebook.contracts.profiles.frequent import Frequent
from stagebook.contracts.profiles.grid import REACH, Grid
from stagebook.contracts.profiles.places import Places
from stagebook.contracts.profiles.quanta import sums, weighted

finite = st.floats(allow_nan=False, allow_infinity=False)
EDGES = st.one_of(
    st.sets(finite, max_size=60),
    st.sets(st.integers(-100, 100), max_size=60),
    st.builds(
        lambda first, width, many: {first + place * width for place in range(many)},
        st.floats(-1e6, 1e6),
        st.sampled_from([0.1, 0.3, 1e-12, 7.0, 1e300]),
        st.integers(0, 60),
    ),
).map(lambda edges: tuple(sorted(edge for edge in edges if math.isfinite(edge))))


@settings(max_examples=300, deadline=None)
@given(EDGES, st.lists(finite, max_size=20))
def test_every_value_is_counted_where_a_search_would_find_it(edges, others):
    near = [math.nextafter(edge, way) for edge in edges for way in (-math.inf, math.inf)]
    middle = [left / 2 + right / 2 for left, right in pairwise(edges)]
    values = np.array([one for one in (*edges, *near, *middle, *others) if math.isfinite(one)])
    places = Places.of(edges)
    found = places.by_edge(places.empty + places.counts(values))
    reached = [sum(edge <= value for edge in edges) for value in values.tolist()]
    assert found.tolist() == [reached.count(place) for place in range(len(edges) + 1)]


@pytest.mark.parametrize("edges", [[n / 10 for n in range(41)], [100.0, 250.0, 990.0, 991.0]])
def test_edges_that_people_would_choose_need_no_search(edges):
    assert Places.of(edges).per_unit > 0


@settings(max_examples=200, deadline=None)
@given(st.lists(st.integers(-REACH, REACH) | st.integers(-9, 9), min_size=1, max_size=30))
def test_sums_of_quanta_are_those_of_whole_numbers(quanta):
    values = np.array(quanta, dtype=np.float64)
    found = sums(values, min(quanta), max(quanta), Grid((), 0.0, 0))
    assert found.count == len(quanta)
    assert found.total == sum(quanta)
    assert found.squares == sum(one * one for one in quanta)


def test_a_block_of_the_farthest_values_is_summed_exactly():
    values = np.full(65_000, float(REACH))
    found = sums(values, REACH, REACH, Grid((), 0.0, 0))
    assert (found.total, found.squares) == (65_000 * REACH, 65_000 * REACH**2)


def test_halves_of_a_quantum_are_rounded_away_from_zero():
    values = np.array([0.5, -0.5, 1.5, 2.5, -2.5, 0.49999999999999994])
    found = sums(values, -2.5, 2.5, Grid((), 0.0, 0))
    assert (found.total, found.squares) == (1 - 1 + 2 + 3 - 3, 1 + 1 + 4 + 9 + 9)


@settings(max_examples=100, deadline=None)
@given(
    st.integers(-(2**63), 2**64 - 1),
    st.lists(st.integers(2**53, 2**63 - 1), min_size=1),
    st.sampled_from([np.int64, np.uint64]),
)
def test_large_whole_numbers_near_the_centre_are_summed_exactly(centre, values, dtype):
    grid = Grid((), centre, 0)
    found = sums(np.array(values, dtype=dtype), min(values), max(values), grid)
    near = [one - centre for one in values if abs(one - centre) <= REACH]
    assert (found.count, found.total) == (len(near), sum(near))
    assert found.squares == sum(one * one for one in near)


@settings(max_examples=200, deadline=None)
@given(
    st.lists(st.sampled_from([-0.0, 0.1, 0.2, 1 / 3, -7.0, 39.02]), min_size=8),
    st.lists(st.floats(allow_nan=False, allow_infinity=False) | st.sampled_from([0.0, 0.1])),
)
def test_frequent_values_and_the_others_are_all_values(sample, values):
    frequent = Frequent.of(np.array(sample * 4))
    assume(frequent is not None)
    others = frequent.count(np.array(values))
    few, times = frequent.found()
    assert Counter([*np.repeat(few, times).tolist(), *others.tolist()]) == Counter(values)
    assert not set(others.tolist()) & set(sample)


def test_values_that_hardly_repeat_are_not_frequent():
    assert Frequent.of(np.arange(1000.0)) is None
    assert Frequent.of(np.repeat(np.arange(100.0), 10)) is not None


@settings(max_examples=200, deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(-2 * REACH, 2 * REACH) | st.integers(-9, 9), st.integers(1, 10**9)),
        min_size=1,
        max_size=30,
    )
)
def test_sums_of_values_that_occur_so_many_times_are_those_of_whole_numbers(pairs):
    values, times = (np.array(one) for one in zip(*pairs, strict=True))
    found = weighted(values.astype(np.float64), times, Grid((), 0.0, 0))
    near = [(one, n) for one, n in pairs if abs(one) <= REACH]
    assert found.count == sum(n for _, n in near)
    assert found.total == sum(one * n for one, n in near)
    assert found.squares == sum(one * one * n for one, n in near)
