"""Values read from Python's literals, and written as such."""

import ast
import contextlib
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stagebook.notebook import literals
from stagebook.notebook.literals import as_python, from_text
from stagebook.notebook.values import (
    ANY,
    Either,
    ListOf,
    MismatchError,
    OneOf,
    Scalar,
    TupleOf,
    ValueType,
    same,
    type_of,
)

INT, FLOAT, STR, BOOL, NONE = map(Scalar, ("int", "float", "str", "bool", "None"))

scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text()
values = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.lists(inner, max_size=3).map(tuple)
        | st.dictionaries(st.text() | st.integers(), inner, max_size=3)
    ),
    max_leaves=8,
)


def read(text: str) -> Any:
    return literals.read(ast.parse(text, mode="eval").body)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("-5", -5),
        ("5_000", 5000),
        ("'a' 'b'", "ab"),
        ("dict(a=1, b=2)", {"a": 1, "b": 2}),
        ("dict()", {}),
        ("[1, (2, {'a': None})]", [1, (2, {"a": None})]),
        ("{(1, 2): True}", {(1, 2): True}),
        ('float("-inf")', -math.inf),
        ('[float("nan")]', [math.nan]),
    ],
)
def test_a_literal_is_its_value(text: str, value: Any) -> None:
    assert same(read(text), value)


@pytest.mark.parametrize(
    "text",
    [
        "name",
        "f'{1}'",
        "len('a')",
        "dict([('a', 1)])",
        "dict(**{'a': 1})",
        "{**{'a': 1}}",
        "{1, 2}",
        "set()",
        "[{1}]",
        "b'a'",
        "{b'a': 1}",
        "{[1]: 1}",
        "{(1, [2]): 1}",
        "...",
        "{...: 1}",
        "1j",
        "1 + 2j",
        "2 * 3",
        "[x for x in [1]]",
        "[1, name]",
        "{'a': name}",
        "float('1')",
        "float(inf)",
        "None if True else 1",
    ],
)
def test_what_is_no_literal_is_refused(text: str) -> None:
    with pytest.raises(MismatchError):
        read(text)


@given(values)
def test_a_value_written_as_python_reads_as_itself(value: Any) -> None:
    assert same(read(as_python(value)), value)


@given(values)
def test_a_value_written_as_python_is_what_python_evaluates(value: Any) -> None:
    assert same(eval(as_python(value)), value)


@given(values)
def test_a_value_given_as_python_text_is_that_value(value: Any) -> None:
    for type_ in (ANY, type_of(value), Either((STR, type_of(value)))):
        assert same(from_text(as_python(value), type_), value)


@given(st.text())
def test_any_text_is_itself_where_only_text_fits_and_it_is_no_quoted_one(text: str) -> None:
    if not text.strip().startswith(("'", '"', "(", "u", "U", "r", "R", "b", "B", "f", "F", "\\")):
        assert from_text(text, STR) == text


@given(st.text())
def test_any_text_either_fits_or_is_a_mismatch(text: str) -> None:
    with contextlib.suppress(MismatchError):
        assert isinstance(from_text(text, ListOf(INT)), list)


@pytest.mark.parametrize(
    ("text", "type_", "value"),
    [
        ("15", INT, 15),
        (" 15 ", INT, 15),
        ("15", FLOAT, 15.0),
        ("15", STR, "15"),
        ("15", Either((INT, STR)), 15),
        ("1e-3", FLOAT, 0.001),
        ("inf", FLOAT, math.inf),
        ("-inf", FLOAT, -math.inf),
        ("nan", FLOAT, math.nan),
        ("nan", STR, "nan"),
        ("true", BOOL, True),
        ("True", BOOL, True),
        ("false", BOOL, False),
        ("true", STR, "true"),
        ("null", Either((INT, NONE)), None),
        ("None", Either((INT, NONE)), None),
        ("null", STR, "null"),
        ("JFK", STR, "JFK"),
        ("JFK", ANY, "JFK"),
        ("JFK", OneOf(("JFK", "LGA")), "JFK"),
        ("2", OneOf((1, 2)), 2),
        ("[1, 2]", ListOf(FLOAT), [1.0, 2.0]),
        ("[1, 2]", TupleOf((INT, INT)), (1, 2)),
        ("1, 2", TupleOf((INT, INT)), (1, 2)),
        ("dict(a=1)", ANY, {"a": 1}),
        ("2013-10-01", STR, "2013-10-01"),
        ("", STR, ""),
        ("a#b", STR, "a#b"),
    ],
)
def test_text_is_what_the_type_makes_of_it(text: str, type_: ValueType, value: Any) -> None:
    assert same(from_text(text, type_), value)


@pytest.mark.parametrize(
    ("text", "type_"),
    [
        ("1.5", INT),
        ("true", INT),
        ("1", BOOL),
        ("yes", BOOL),
        ("EWR", OneOf(("JFK", "LGA"))),
        ("[1, 'a']", ListOf(INT)),
        ("{[]: 1}", ListOf(INT)),
        ("[" * 300, INT),
        ("-" * 100_000 + "1", INT),
        ("\0", INT),
        ("", INT),
    ],
)
def test_text_that_fits_in_no_way_is_refused(text: str, type_: ValueType) -> None:
    with pytest.raises(MismatchError):
        from_text(text, type_)
