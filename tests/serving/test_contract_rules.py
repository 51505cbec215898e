"""The rules of a contract hold for a request exactly where pandera says that they hold."""

import re
from datetime import datetime
from typing import Any

import numpy as np
import pandas as pd
import pandera.pandas as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from served_columns import places, problems, rows_of

from stagebook.model.schema import Field, Schema, field_of, parse, render
from stagebook.serving.input.validation import Validator

CHECKS: dict[str, list[pa.Check]] = {
    "float64": [
        pa.Check.ge(0.5),
        pa.Check.gt(0.5),
        pa.Check.le(3),
        pa.Check.lt(3),
        pa.Check.in_range(-1, 2.5),
        pa.Check.in_range(-1, 2.5, include_min=False, include_max=False),
        pa.Check.eq(1.5),
        pa.Check.ne(1.5),
        pa.Check.isin([1.5, 2]),
        pa.Check.notin([1.5, 2]),
        pa.Check.ge(np.float64(0.5)),
        pa.Check.le(float("inf")),
    ],
    "float32": [pa.Check.ge(0.1), pa.Check.lt(0.1), pa.Check.le(np.float32(0.1))],
    "int64": [
        pa.Check.ge(1),
        pa.Check.gt(0.5),
        pa.Check.lt(2.5),
        pa.Check.le(np.int64(2)),
        pa.Check.in_range(0, 3, include_max=False),
        pa.Check.in_range(0.5, 2.5, include_max=False),
        pa.Check.isin([1, 3]),
        pa.Check.notin([1, 3]),
        pa.Check.ne(1),
    ],
    "str": [
        pa.Check.str_matches("a|b"),
        pa.Check.str_matches(re.compile("a.", re.IGNORECASE | re.DOTALL)),
        pa.Check.str_contains("b$"),
        pa.Check.str_startswith("a"),
        pa.Check.str_endswith("b"),
        pa.Check.str_length(1, 2),
        pa.Check.str_length(min_value=2),
        pa.Check.str_length(max_value=1),
        pa.Check.str_length(exact_value=2),
        pa.Check.isin(["a", "ab"]),
        pa.Check.notin(["a", "ab"]),
        pa.Check.eq("a"),
        pa.Check.ge("b"),
    ],
    "bool": [pa.Check.eq(True), pa.Check.isin([False])],
    "datetime64[us]": [
        pa.Check.ge(pd.Timestamp("2013-01-01")),
        pa.Check.lt(datetime(2013, 1, 2)),
        pa.Check.isin([pd.Timestamp("2013-01-01")]),
    ],
    "datetime64[us, UTC]": [pa.Check.in_range(*pd.to_datetime(["2013", "2014"], utc=True))],
}
TYPES = {
    "float64": "double",
    "float32": "float",
    "int64": "long",
    "str": "string",
    "bool": "boolean",
    "datetime64[us]": "datetime",
    "datetime64[us, UTC]": "datetime",
}
_MOMENTS = st.sampled_from(["2012-12-31T23:59:59.999999", "2013-01-01T00:00:00", "2014-06-01"])
VALUES: dict[str, st.SearchStrategy[Any]] = {
    "float64": st.sampled_from([-1, 0, 0.5, 1.5, 2, 2.5, 3.0, 1e300, -1.5])
    | st.floats(allow_nan=False, allow_infinity=False),
    "float32": st.sampled_from([0.1, 0.10000000001, 0.09999999999, 0.2, float(np.float32(0.1))]),
    "int64": st.integers(-2, 4),
    "str": st.text("aAb\n", max_size=3),
    "bool": st.booleans(),
    "datetime64[us]": _MOMENTS,
    "datetime64[us, UTC]": _MOMENTS.map(
        lambda text: f"{text}+00:00" if "T" in text else f"{text}T00:00Z"
    ),
}
CASES = [(dtype, number) for dtype, checks in CHECKS.items() for number in range(len(checks))]


def field(checks: list[pa.Check], dtype: str = "float64", *, nullable: bool = False) -> Field:
    column = pa.Column(checks=checks)
    empty = pd.Series([], dtype=dtype)
    made = field_of("x", empty, TYPES[dtype], column, is_nullable=nullable)
    return parse(render(Schema(None, (made,)))).fields[0]


def validator(checks: list[pa.Check], dtype: str = "float64") -> Validator:
    golden = pd.DataFrame({"x": pd.Series([], dtype=dtype)})
    return Validator.of(Schema(None, (field(checks, dtype),)), golden, 1000)


@pytest.mark.parametrize(("dtype", "number"), CASES)
@settings(max_examples=40)
@given(st.data())
def test_a_rule_is_enforced_as_pandera_enforces_it(
    dtype: str, number: int, data: st.DataObject
) -> None:
    check = CHECKS[dtype][number]
    sent = data.draw(st.lists(VALUES[dtype], min_size=1, max_size=5))
    served = validator([check], dtype)
    assert served.unchecked == ()
    column = pd.Series([_typed(value, dtype) for value in sent], dtype=dtype)
    passed = check(column).check_output
    rows = rows_of(*({"x": value} for value in sent))
    expected = [("out-of-contract", row, "x") for row in np.flatnonzero(~passed.to_numpy(bool))]
    if expected:
        assert places(served.check, rows) == expected
    else:
        pd.testing.assert_series_equal(served.check(rows)["x"], column, check_names=False)


def _typed(value: Any, dtype: str) -> Any:
    return pd.Timestamp(value) if dtype.startswith("datetime") else value


def test_the_words_of_a_violation_are_those_of_the_contract() -> None:
    checks = [pa.Check.ge(0), pa.Check.isin([1, 2], error="one of the two lanes")]
    served = validator(checks)
    first, second = problems(served.check, rows_of({"x": -1.0}))
    assert "at least 0" in first.message
    assert "one of the two lanes" in second.message


def test_a_custom_rule_is_named_as_not_checked() -> None:
    custom = pa.Check(lambda values: values % 2 == 0, error="an even number")
    every = pa.Check.unique_values_eq([1.0, 2.0])
    served = validator([custom, pa.Check.le(5), every])
    assert served.unchecked == ("`x`: an even number", "`x`: all of 1.0, 2.0, and nothing else")
    assert places(served.check, rows_of({"x": 7})) == [("out-of-contract", 0, "x")]


@pytest.mark.parametrize(
    "check",
    [
        {"check": "of_a_later_pandera", "value": 1},
        {"check": "str_matches", "pattern": "a"},
        {"check": "in_range", "min_value": 0},
        {"check": "isin", "allowed_values": "frozenset({1})"},
        {"check": "greater_than", "min_value": None},
        {"check": "greater_than", "min_value": "2013-01-01"},
    ],
)
def test_a_check_that_cannot_be_enforced_is_never_ignored_silently(check: dict[str, Any]) -> None:
    golden = pd.DataFrame({"x": [1.0]})
    unknown = Field("x", "double", "float64", False, ("its words",), (check,))
    served = Validator.of(Schema(None, (unknown,)), golden, 10)
    assert served.unchecked == ("`x`: its words",)


def test_a_bound_without_time_zone_cannot_judge_instants() -> None:
    check = pa.Check.ge(pd.Timestamp("2013-01-01"))
    assert validator([check], "datetime64[us, UTC]").unchecked != ()


def test_rules_of_a_category_are_about_its_text() -> None:
    dtype = pd.CategoricalDtype(["a", "b"])
    golden = pd.DataFrame({"x": pd.Series(["a"], dtype=dtype)})
    rule = {"check": "isin", "allowed_values": ["a"]}
    category = Field("x", "string", "category", False, ("one of a",), (rule,))
    served = Validator.of(Schema(None, (category,)), golden, 10)
    assert served.check(rows_of({"x": "a"}))["x"].dtype == dtype
    assert places(served.check, rows_of({"x": "b"})) == [("out-of-contract", 0, "x")]
    assert places(served.check, rows_of({"x": "c"})) == [
        ("out-of-contract", 0, "x"),
        ("unknown-category", 0, "x"),
    ]
