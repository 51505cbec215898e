"""Bins and sums of a column, against comparisons and Python's own integers."""

import math
from itertools import pairwise

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stagebook.data.profiles.column import Numbers
from stagebook.data.profiles.counting import NumberTally
from stagebook.data.profiles.grid import REACH, Grid
from stagebook.data.profiles.quanta import BLOCK, sums

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


def ascending(values, dtype=np.float64):
    return np.sort(np.array(values, dtype=dtype))


def counted(values: pa.Array, grid: Grid) -> Numbers:
    tally = NumberTally(grid)
    tally.add(pa.chunked_array([values]), 0)
    return tally.detail()


def bins(edges, values) -> tuple[int, ...]:
    reached = [sum(edge <= value for edge in edges) for value in values]
    return tuple(reached.count(place) for place in range(len(edges) + 1))


@settings(max_examples=300, deadline=None)
@given(EDGES, st.lists(finite, max_size=20))
def test_every_value_is_in_the_bin_whose_edges_it_lies_between(edges, others):
    near = [math.nextafter(edge, way) for edge in edges for way in (-math.inf, math.inf)]
    middle = [left / 2 + right / 2 for left, right in pairwise(edges)]
    values = [value for value in (*edges, *near, *middle, *others) if math.isfinite(value)]
    found = counted(pa.array(values, pa.float64()), Grid(edges, 0.0, 0))
    assert found.counts == bins(edges, values)


@settings(max_examples=100, deadline=None)
@given(
    st.sets(st.integers(-(2**63) - 5, 2**64 + 5), max_size=20).map(sorted).map(tuple),
    st.lists(st.integers(-(2**63), 2**63 - 1), max_size=20),
    st.sampled_from([pa.int8(), pa.int64(), pa.uint64()]),
)
def test_whole_numbers_of_every_type_and_size_are_in_their_bins(edges, others, type_):
    size = 2 ** (type_.bit_width - 1)
    first = 0 if type_ == pa.uint64() else -size
    ends = [first, first + 1, first + 2 * size - 1]
    values = [value for value in (*edges, *others, *ends) if first <= value < first + 2 * size]
    found = counted(pa.array(values, type_), Grid(edges, 2**62, 0))
    assert found.counts == bins(edges, values)


@settings(max_examples=200, deadline=None)
@given(st.lists(st.integers(-REACH, REACH) | st.integers(-9, 9), min_size=1, max_size=30))
def test_sums_of_quanta_are_those_of_whole_numbers(quanta):
    found = sums(ascending(quanta), Grid((), 0.0, 0))
    assert found.count == len(quanta)
    assert found.total == sum(quanta)
    assert found.squares == sum(quantum**2 for quantum in quanta)


@pytest.mark.parametrize("farthest", [REACH, -REACH, REACH - 1, -REACH + 1])
@pytest.mark.parametrize("step", [0, 1])
def test_a_block_of_the_farthest_values_is_summed_exactly(farthest, step):
    towards = step * (-1 if farthest > 0 else 1)
    quanta = [farthest + towards * place for place in range(BLOCK)]
    found = sums(ascending(quanta), Grid((), 0.0, 0))
    assert (found.total, found.squares) == (sum(quanta), sum(quantum**2 for quantum in quanta))


def test_halves_of_a_quantum_are_rounded_away_from_zero():
    values = ascending([0.5, -0.5, 1.5, 2.5, -2.5, 0.49999999999999994])
    found = sums(values, Grid((), 0.0, 0))
    assert (found.total, found.squares) == (1 - 1 + 2 + 3 - 3, 1 + 1 + 4 + 9 + 9)


@settings(max_examples=100, deadline=None)
@given(
    st.integers(-(2**63), 2**64 - 1),
    st.lists(st.integers(2**53, 2**63 - 1), min_size=1),
    st.sampled_from([np.int64, np.uint64]),
)
def test_large_whole_numbers_near_the_centre_are_summed_exactly(centre, values, dtype):
    grid = Grid((), centre, 0)
    found = sums(ascending(values, dtype), grid)
    near = [value - centre for value in values if abs(value - centre) <= REACH]
    assert (found.count, found.total) == (len(near), sum(near))
    assert found.squares == sum(quantum**2 for quantum in near)


@settings(max_examples=200, deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(-2 * REACH, 2 * REACH) | st.integers(-9, 9), st.integers(1, 500)),
        min_size=1,
        max_size=10,
    )
)
def test_values_that_repeat_are_summed_as_often_as_they_occur(pairs):
    values = [value for value, times in pairs for _ in range(times)]
    found = sums(ascending(values), Grid((), 0.0, 0))
    near = [value for value in values if abs(value) <= REACH]
    assert (found.count, found.total) == (len(near), sum(near))
    assert found.squares == sum(value**2 for value in near)
