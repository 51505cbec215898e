import datetime as dt
import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stagebook.data.profiles.grid import Grid
from stagebook.data.profiles.nice_edges import month_start
from stagebook.data.profiles.scale import DAY, Scale

finite = st.floats(allow_nan=False, allow_infinity=False)
whole = st.integers(-(2**63), 2**63 - 1)


def shown(edges):
    return [
        (dt.datetime(1970, 1, 1) + dt.timedelta(microseconds=edge)).isoformat() for edge in edges
    ]


@settings(max_examples=200)
@given(
    st.one_of(
        st.tuples(st.lists(finite, min_size=1), st.just(Scale.REAL)),
        st.tuples(
            st.lists(whole | st.integers(-9, 9), min_size=1),
            st.sampled_from([Scale.WHOLE, Scale.INSTANT, Scale.DATE, Scale.SPAN]),
        ),
    )
)
def test_edges_ascend_hold_the_middle_and_are_not_many(given_):
    values, scale = given_
    values.sort()
    grid = Grid.of(values, scale)
    assert list(grid.edges) == sorted(set(grid.edges))
    assert 1 <= len(grid.edges) <= 100
    assert grid.edges[0] <= values[-1]
    assert all(math.isfinite(edge) for edge in grid.edges)
    assert values[0] <= grid.centre <= values[-1] or scale is Scale.REAL


def test_edges_are_round_numbers():
    grid = Grid.of([n * 0.0123 for n in range(1000)], Scale.REAL)
    assert grid.edges[:4] == (0.0, 0.2, 0.4, 0.6)
    assert 0.6000000000000001 not in grid.edges


def test_one_outlier_does_not_flatten_the_picture():
    values = [n / 1000 for n in range(1000)]
    assert Grid.of([*values, 1e9], Scale.REAL).edges[-1] <= 1.0


@pytest.mark.parametrize("scale", [Scale.WHOLE, Scale.REAL])
def test_few_whole_numbers_get_one_bin_each(scale):
    assert Grid.of(sorted([1, 2, 3, 5] * 20), scale).edges == (1, 2, 3, 4, 5, 6)
    assert Grid.of(sorted([100, 250, 990] * 20), scale).edges == (100, 250, 990, 991)


@pytest.mark.parametrize(
    ("days", "first", "second"),
    [
        (0.5, "2013-01-01T00:00:00", "2013-01-01T00:15:00"),
        (2, "2013-01-01T00:00:00", "2013-01-01T01:00:00"),
        (40, "2013-01-01T00:00:00", "2013-01-02T00:00:00"),
        (300, "2012-12-31T00:00:00", "2013-01-07T00:00:00"),
        (1300, "2013-01-01T00:00:00", "2013-02-01T00:00:00"),
        (4000, "2013-01-01T00:00:00", "2013-04-01T00:00:00"),
        (15000, "2013-01-01T00:00:00", "2014-01-01T00:00:00"),
    ],
)
def test_times_get_edges_of_the_clock_and_the_calendar(days, first, second):
    start = (dt.datetime(2013, 1, 1) - dt.datetime(1970, 1, 1)).days * DAY
    sample = [start + round(n / 100 * days * DAY) for n in range(101)]
    assert shown(Grid.of(sample, Scale.INSTANT).edges[:2]) == [first, second]


def test_dates_get_no_bin_of_less_than_a_day():
    sample = [n * DAY for n in range(5) for _ in range(3)]
    assert Grid.of(sample, Scale.DATE).edges == tuple(n * DAY for n in range(6))


@given(st.integers(1, 9999), st.integers(1, 12))
def test_months_start_where_the_calendar_says(year, month):
    days = (dt.date(year, month, 1) - dt.date(1970, 1, 1)).days
    assert month_start(year * 12 + month - 1) == days * DAY


def test_without_values_a_grid_is_one_bin():
    assert Grid.of([], Scale.REAL).edges == ()
