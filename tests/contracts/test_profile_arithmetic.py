"""Places and sums by arithmetic, against a search and Python's own integers."""

import math
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stagebook.contracts.profiles.grid import REACH, Grid
from stagebook.contracts.profiles.places import Places
from stagebook.contracts.profiles.quanta import sums

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
