"""What is told of all values from a few of them is what all of them say."""

import datetime as dt
import random

import numpy as np
import pandas as pd
import pandera.pandas as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stagebook.data.contracts.check import check_frame
from stagebook.data.contracts.contract import Contract
from stagebook.data.contracts.shortcuts import FEW, surely_holds, suspects

ROWS = 3 * FEW
TWINS = ("20130423-1515-EWR-UA1695", "20130426-1515-EWR-UA1698")
"""Two ids of flights that DuckDB 2.0.1 hashes alike."""

RANDOM = random.Random(7)
KEYS = {
    "texts": pd.Series([f"{RANDOM.randrange(9 * ROWS)}" for _ in range(ROWS)]),
    "texts with gaps": pd.Series([None, *(f"{n}" for n in range(ROWS - 2)), None]),
    "one repetition": pd.Series([*map(str, range(ROWS - 1)), "0"]),
    "no repetition": pd.Series(map(str, range(ROWS))),
    "one hash": pd.Series([*TWINS, *(f"{n}" for n in range(ROWS - 2))]),
    "integers": pd.Series([RANDOM.randrange(9 * ROWS) for _ in range(ROWS)]),
    "moments": pd.Series(
        [dt.datetime(2013, 1, 1) + dt.timedelta(hours=RANDOM.randrange(ROWS)) for _ in range(ROWS)]
    ),
    "moments in a zone": pd.Series(pd.date_range("2013", periods=ROWS, tz="UTC")).shift(1),
    "zeros of both signs": pd.Series([0.0, -0.0, *map(float, range(1, ROWS - 1))]),
    "whole numbers with gaps": pd.Series([None, 1, 1, None] * (ROWS // 4), dtype="Int64"),
}


@pytest.mark.parametrize("keep", ["first", "last", False])
@pytest.mark.parametrize("name", KEYS)
def test_rows_that_repeat_are_those_of_pandas(name, keep):
    frame = pd.DataFrame({"a": KEYS[name], "b": 1})
    expected = frame.index[frame.duplicated(["a"], keep=keep)]
    for names in (["a"], ["b", "a"]):
        found = suspects(frame, names)
        assert list(found.index[found.duplicated(names, keep=keep)]) == list(expected)


def test_keys_without_a_repetition_leave_hardly_a_row_to_compare():
    assert len(suspects(pd.DataFrame({"a": KEYS["no repetition"]}), ["a"])) < ROWS / 100


def test_two_ids_of_one_hash_are_no_repetition():
    schema = pa.DataFrameSchema({"a": pa.Column(str, unique=True)})
    frame = pd.DataFrame({"a": KEYS["one hash"]})
    assert check_frame(frame, Contract("rules:Some", schema)).holds


bounds = st.sampled_from([-2, -1, 0, 1, 2])
INTERVALS = st.one_of(
    st.builds(pa.Check.ge, bounds),
    st.builds(pa.Check.gt, bounds),
    st.builds(pa.Check.le, bounds),
    st.builds(pa.Check.lt, bounds),
    st.builds(
        lambda low, width, *inclusive: pa.Check.in_range(low, low + width, *inclusive),
        bounds,
        st.integers(1, 2),
        st.booleans(),
        st.booleans(),
    ),
)
COLUMNS = st.one_of(
    st.lists(st.sampled_from([-2.0, -1.0, -0.0, 0.5, np.nan, np.inf, -np.inf])).map(
        lambda values: pd.Series(values, dtype="float64")
    ),
    st.lists(st.integers(-2, 2)).map(lambda values: pd.Series(values, dtype="int8")),
    st.lists(st.none() | st.integers(-2, 2)).map(lambda values: pd.Series(values, dtype="Int16")),
)


@settings(max_examples=200, deadline=None)
@given(INTERVALS, COLUMNS)
def test_an_interval_surely_holds_only_where_it_does(check, series):
    if surely_holds(check, series):
        assert check(series).check_passed
    elif len(series.dropna()):
        assert not check(series).check_passed


@settings(max_examples=100, deadline=None)
@given(
    st.sampled_from(
        [
            pa.Check.isin(["AA", "B6"]),
            pa.Check.notin(["B6"]),
            pa.Check.str_matches("^[A-Z]"),
            pa.Check.str_contains("A"),
            pa.Check.str_startswith("A"),
            pa.Check.str_endswith("6"),
            pa.Check.str_length(2, 2),
        ]
    ),
    st.lists(st.sampled_from(["AA", "B6", "é", "", None]), max_size=6),
)
def test_a_rule_of_texts_surely_holds_only_where_it_does(check, values):
    series = pd.Series(values, dtype="str")
    assert surely_holds(check, series) == bool(check(series).check_passed)


@pytest.mark.parametrize(
    "check",
    [
        pa.Check.ge(0, ignore_na=False),
        pa.Check(lambda series: series >= 0),
        pa.Check.isin([0.0, 1.0]),
        pa.Check.unique_values_eq([0.0, 1.0]),
    ],
    ids=["missing values count", "custom", "of numbers", "of the column"],
)
def test_no_other_rule_is_told_from_a_few_values(check):
    assert not surely_holds(check, pd.Series([0.0, 1.0]))


def test_a_bound_of_another_type_is_told_by_the_whole_column():
    schema = pa.DataFrameSchema({"a": pa.Column(float, pa.Check.ge("x"))})
    verdict = check_frame(pd.DataFrame({"a": [1.0]}), Contract("rules:Some", schema))
    assert [one.code for one in verdict.failures] == ["check-raised"]
