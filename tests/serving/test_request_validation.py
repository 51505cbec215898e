"""Rows against a schema: all violations by row and column, and what is accepted."""

from datetime import date
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from served_columns import (
    TYPES,
    number_validator,
    places,
    problems,
    refusal,
    rows_of,
    sample,
    validator,
)

from stagebook.model.schema import Field, Schema
from stagebook.project.errors import StagebookError
from stagebook.serving.input.validation import Validator


def column(name: str, *, nullable: bool = True) -> Validator:
    return validator(sample()[[name]], nullable=nullable)


def test_all_violations_are_listed_at_once_by_row_and_column() -> None:
    sent = rows_of(
        {"height": "1.5", "hour": 24},
        {"height": 1.0, "hour": 3},
        {"height": True, "hours": 3},
        {"hour": None, "height": float("inf")},
    )
    assert places(number_validator().check, sent) == [
        ("unknown-column", None, "hours"),
        ("wrong-type", 0, "height"),
        ("out-of-contract", 0, "hour"),
        ("wrong-type", 2, "height"),
        ("missing-column", 2, "hour"),
        ("not-finite", 3, "height"),
        ("null-not-allowed", 3, "hour"),
    ]
    assert refusal(number_validator().check, sent).status == 422


def test_an_unknown_column_is_named_with_the_nearest() -> None:
    first, second = problems(number_validator().check, rows_of({"hight": 1.0, "hour": 1}))
    assert (first.code, first.column) == ("missing-column", "height")
    assert (second.code, second.hint) == ("unknown-column", "Did you mean `height`?")


def test_a_column_that_all_rows_lack_is_named_once_even_if_it_may_be_empty() -> None:
    assert places(number_validator().check, rows_of({"hour": 1}, {"hour": 2})) == [
        ("missing-column", None, "height")
    ]


def test_the_order_of_columns_does_not_matter() -> None:
    received = number_validator().check(rows_of({"hour": 1, "height": 2.5}))
    pd.testing.assert_frame_equal(received, pd.DataFrame({"height": [2.5], "hour": [1]}))


def test_no_rows_and_too_many_rows_have_their_status() -> None:
    empty = refusal(number_validator().check, rows_of())
    assert (empty.status, empty.problems[0].code) == (422, "no-rows")
    many = refusal(number_validator().check, rows_of(*[{"height": 1.0, "hour": 1}] * 10_001))
    assert (many.status, many.problems[0].code) == (413, "too-many-rows")


def test_a_hundred_violations_are_listed_and_the_rest_are_counted() -> None:
    listed = problems(number_validator().check, rows_of(*[{"height": "x", "hour": 2.5}] * 10_000))
    assert len(listed) == 101
    assert (listed[-1].code, listed[-1].message.split()[0]) == ("more-violations", "19,900")
    sent = rows_of(*[{f"column {number}": 1 for number in range(150)}] * 300)
    listed = problems(number_validator().check, sent)
    assert (len(listed), listed[-1].message.split()[0]) == (101, "52")


@pytest.mark.parametrize(
    ("name", "value", "plain"),
    [
        ("wide", 3, 3.0),
        ("wide", 2**53 + 1, float(2**53)),  # as every reader of JSON takes it
        ("wide", 10**308, 1e308),
        ("single", 0.1, np.float32(0.1)),
        ("tiny", 3.0, 3),
        ("tiny", -0.0, 0),
        ("huge", 2**64 - 1, 2**64 - 1),
        ("huge", 2.0**63, 2**63),
        ("whole", -(2**63), -(2**63)),
        ("masked", 9007199254740993, 9007199254740993),
        ("seconds", "2013-01-31", pd.Timestamp("2013-01-31")),
        ("seconds", "2013-01-31 05:00", pd.Timestamp("2013-01-31 05:00")),
        ("seconds", "9999-12-31T00:00:00", pd.Timestamp("9999-12-31").as_unit("s")),
        ("clock", "2013-01-31T05:00:00.5", pd.Timestamp("2013-01-31 05:00:00.5")),
        ("instant", "2013-01-31T05:00:00Z", pd.Timestamp("2013-01-31 05:00", tz="UTC")),
        ("instant", "2013-01-31T05:00:00+0530", pd.Timestamp("2013-01-30 23:30", tz="UTC")),
        ("bytes", "AP8=", b"\x00\xff"),
        ("bytes", "AP\r\n8=\n", b"\x00\xff"),
        ("day", "2013-01-31T00:00:00", date(2013, 1, 31)),
        ("day", pd.Timestamp("2013-01-31"), date(2013, 1, 31)),
    ],
)
def test_values_of_a_near_type_are_accepted(name: str, value: Any, plain: Any) -> None:
    received = column(name).check(rows_of({name: value}))
    assert received[name].iloc[0] == plain
    assert received[name].dtype == TYPES[name][1]


@pytest.mark.parametrize(
    ("name", "value", "code"),
    [
        ("wide", "1.5", "wrong-type"),
        ("wide", True, "wrong-type"),
        ("wide", [1.5], "wrong-type"),
        ("wide", {"a": 1}, "wrong-type"),
        ("wide", float("nan"), "not-finite"),
        ("wide", float("-inf"), "not-finite"),
        ("wide", 10**400, "not-finite"),
        ("single", 1e39, "not-finite"),
        ("half", 65_520, "not-finite"),
        ("tiny", 128, "wrong-type"),
        ("tiny", 3.5, "wrong-type"),
        ("tiny", True, "wrong-type"),
        ("tiny", "3", "wrong-type"),
        ("tiny", float("inf"), "not-finite"),
        ("whole", 2**63, "wrong-type"),
        ("whole", 1e300, "wrong-type"),
        ("huge", -1, "wrong-type"),
        ("huge", 10**4000, "wrong-type"),
        ("arrow", 2**31, "wrong-type"),
        ("flag", 1, "wrong-type"),
        ("flag", "true", "wrong-type"),
        ("object_flag", 0, "wrong-type"),
        ("text", 1, "wrong-type"),
        ("text", "\ud800", "wrong-type"),
        ("category", "c", "unknown-category"),
        ("category", 1, "wrong-type"),
        ("bytes", "no base64", "wrong-type"),
        ("bytes", "é", "wrong-type"),
        ("bytes", 1, "wrong-type"),
        ("day", "2013-02-30", "wrong-type"),
        ("day", "2013-01-31T05:00:00", "wrong-type"),
        ("day", "2013-01-31T00:00:00Z", "wrong-type"),
        ("clock", "today", "wrong-type"),
        ("clock", 1357000000, "wrong-type"),
        ("clock", "2013-01-31T05:00:00Z", "wrong-type"),
        ("clock", "2013-01-31T25:00:00", "wrong-type"),
        ("clock", "2013-01-31T05:00:00.0000001", "wrong-type"),
        ("nano", "1500-01-01", "wrong-type"),
        ("instant", "2013-01-31T05:00:00", "wrong-type"),
        ("instant", "2013-01-31T05:00:00+24:00", "wrong-type"),
        ("instant", "٢٠١٣-01-31T05:00:00Z", "wrong-type"),
    ],
)
def test_values_of_another_type_are_refused(name: str, value: Any, code: str) -> None:
    [problem] = problems(column(name).check, rows_of({name: value}))
    assert (problem.code, problem.row, problem.column) == (code, 0, name)
    assert len(problem.message) < 300


@pytest.mark.parametrize("name", TYPES)
def test_a_missing_value_is_refused_where_it_is_not_allowed(name: str) -> None:
    expected = [("null-not-allowed", 0, name)]
    assert places(column(name, nullable=False).check, rows_of({name: None})) == expected


@pytest.mark.parametrize("name", ["tiny", "whole", "huge", "flag"])
def test_a_missing_value_is_refused_where_the_dtype_cannot_hold_it(name: str) -> None:
    assert places(column(name).check, rows_of({name: None})) == [("null-not-allowed", 0, name)]


@pytest.mark.parametrize(
    ("name", "text", "plain"),
    [
        ("wide", " 1.5 ", 1.5),
        ("wide", "1e5", 1e5),
        ("tiny", "+3", 3),
        ("tiny", "3.0", 3),
        ("flag", "True", True),
        ("flag", "false", False),
        ("text", "1", "1"),
        ("text", "NA", "NA"),
    ],
)
def test_text_of_csv_is_converted(name: str, text: str, plain: Any) -> None:
    received = column(name).check(rows_of({name: text}, is_text=True))
    assert received[name].iloc[0] == plain


@pytest.mark.parametrize(
    ("name", "text", "code"),
    [
        ("wide", "1,5", "wrong-type"),
        ("wide", "1_000", "wrong-type"),
        ("wide", "nan", "not-finite"),
        ("wide", "1e999", "not-finite"),
        ("tiny", "3.5", "wrong-type"),
        ("tiny", "x", "wrong-type"),
        ("tiny", "9" * 5000, "not-finite"),
        ("flag", "1", "wrong-type"),
        ("flag", "yes", "wrong-type"),
    ],
)
def test_text_of_csv_that_is_no_such_value_is_refused(name: str, text: str, code: str) -> None:
    assert places(column(name).check, rows_of({name: text}, is_text=True)) == [(code, 0, name)]


def test_a_long_name_of_a_column_is_cut() -> None:
    sent = rows_of({"height": 1.0, "hour": 1, "x" * 1_000_000: 1})
    [problem] = problems(number_validator().check, sent)
    assert len(problem.message) + len(problem.column or "") < 300


def test_a_million_unknown_columns_are_counted() -> None:
    record = {"height": 1.0, "hour": 1, **dict.fromkeys(map(str, range(1_000_000)))}
    listed = problems(number_validator().check, rows_of(record))
    assert (len(listed), listed[-1].message.split()[0]) == (101, "999,900")


def test_a_column_that_no_request_can_carry_is_refused_at_the_start() -> None:
    golden = pd.DataFrame({"x": [[1.0], [2.0]]})
    schema = Schema(None, (Field("x", "array", "object", False),))
    with pytest.raises(StagebookError) as refused:
        Validator.of(schema, golden, 10)
    assert [problem.code for problem in refused.value.problems] == ["not-servable"]


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=30),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=4,
)
_NEAR = st.sampled_from(["2013-01-31T05:00:00", "2013-01-31T05:00:00Z", "2013-01-31", "AA==", "a"])
_ALL = validator(sample())
_EACH = {name: validator(sample()[[name]]) for name in TYPES}


@given(st.fixed_dictionaries(dict.fromkeys(TYPES, _JSON | _NEAR)), st.booleans())
def test_the_compiled_schema_and_the_words_agree(record: dict[str, Any], as_text: bool) -> None:
    """Whatever pydantic-core refuses has a reason in words, and nothing else has one."""
    if as_text:
        record = {name: None if value is None else str(value) for name, value in record.items()}
    refused = set()
    for item in _ALL.columns:
        name = item.column.name
        single = _EACH[name]
        sent = single._converted([record])[0] if as_text else record
        expected = [problem.code for problem in item.explain(sent[name], 0)]
        rows = rows_of({name: record[name]}, is_text=as_text)
        if expected:
            assert [problem.code for problem in problems(single.check, rows)] == expected
            refused.add(name)
        else:
            assert len(single.check(rows)) == 1
    if refused:
        rows = rows_of(record, is_text=as_text)
        assert {problem.column for problem in problems(_ALL.check, rows)} == refused
