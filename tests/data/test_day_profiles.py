from collections import Counter
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import numpy as np
import pyarrow as pa
import pytest
import refusals
from hypothesis import given, settings
from hypothesis import strategies as st

from stagebook.data.drift import day_profiles as days_module
from stagebook.data.drift.day_profiles import UNDATED, day_profiles, days_of
from stagebook.data.profiles.merge import merge
from stagebook.data.profiles.profiling import profile
from stagebook.data.tables.table import Table

ROWS = st.lists(
    st.tuples(
        st.one_of(st.none(), st.integers(-3, 3)),
        st.one_of(st.none(), st.floats(width=32)),
        st.sampled_from(["a", "b", None]),
    ),
    min_size=1,
    max_size=30,
)


def number(day):
    return (day - date(1970, 1, 1)).days


@settings(max_examples=40, deadline=None)
@given(ROWS, st.integers(1, 60))
def test_the_days_together_are_the_rows_with_a_time(rows, cells):
    days, values, names = (list(column) for column in zip(*rows, strict=True))
    table = pa.table({"x": pa.array(values, pa.float64()), "name": pa.array(names, pa.string())})
    whole = profile(Table.of_rows(table))
    numbers = np.array([UNDATED if day is None else day for day in days])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(days_module, "CELLS", cells)
        by_day = day_profiles(Table.of_rows(table), whole, numbers)
    dates = Counter(day for day in days if day is not None)
    assert {day: of.rows for day, of in by_day.items()} == dates
    if by_day:
        dated = table.filter(pa.array([day is not None for day in days]))
        assert merge(list(by_day.values())) == profile(Table.of_rows(dated), whole)


def test_a_day_has_its_own_rows_in_whatever_order_they_are():
    table = Table.of_rows(pa.table({"x": [10, 20, 11, 30]}))
    by_day = day_profiles(table, profile(table), np.array([7, 3, 7, 5]))
    ranges = {day: (of.columns[0].detail.minimum, of.columns[0].detail.maximum)
              for day, of in by_day.items()}  # fmt: skip
    assert ranges == {3: (20, 20), 5: (30, 30), 7: (10, 11)}


def test_a_day_begins_in_utc():
    late = datetime(2026, 3, 1, 23, 30, tzinfo=UTC)
    times = pa.array([late, None, late + timedelta(hours=1)], pa.timestamp("s", "America/New_York"))
    table = Table.of_rows(pa.table({"at": times}))
    first = number(date(2026, 3, 1))
    assert days_of(table, "at").tolist() == [first, UNDATED, first + 1]


def test_dates_are_days():
    table = Table.of_rows(pa.table({"on": [date(1969, 12, 31), date(2026, 3, 1)]}))
    assert days_of(table, "on").tolist() == [-1, number(date(2026, 3, 1))]


@pytest.mark.parametrize("values", [["2026-01-01"], [20260101], pa.array([1], pa.time64("us"))])
def test_a_column_without_dates_is_refused(values):
    table = Table.of_rows(pa.table({"at": values}))
    assert refusals.problem(days_of, table, "at").code == "no-time-column"


def test_only_the_columns_of_the_reference_are_profiled():
    table = Table.of_rows(pa.table({"x": [1, 2], "y": [1, 2]}))
    whole = profile(table)
    whole = replace(whole, columns=whole.columns[1:])
    (day,) = day_profiles(table, whole, np.array([5, 5])).values()
    assert [column.name for column in day.columns] == ["y"]


def test_of_many_days_the_last_ones_are_profiled():
    days = np.arange(500)
    table = Table.of_rows(pa.table({"x": days}))
    by_day = day_profiles(table, profile(table), days)
    assert list(by_day) == list(range(100, 500))
