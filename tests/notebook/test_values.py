"""Types of parameters, and which values fit them."""

import ast
import datetime
import math
from typing import Any

import pytest

from stagebook.notebook.values import (
    ANY,
    DictOf,
    Either,
    ListOf,
    MismatchError,
    OneOf,
    Scalar,
    TupleOf,
    ValueType,
    fit,
    parse_type,
    same,
    type_of,
)

INT, FLOAT, STR, BOOL, NONE = map(Scalar, ("int", "float", "str", "bool", "None"))


def parsed(annotation: str) -> ValueType:
    return parse_type(ast.parse(annotation, mode="eval").body)


@pytest.mark.parametrize(
    ("annotation", "type_"),
    [
        ("int", INT),
        ("Any", ANY),
        ("typing.Any", ANY),
        ("None", NONE),
        ("int | None", Either((INT, NONE))),
        ("Optional[int]", Either((INT, NONE))),
        ("Union[int, str, None]", Either((INT, STR, NONE))),
        ("int | str | int", Either((INT, STR))),
        ("(int | str) | None", Either((INT, STR, NONE))),
        ("Union[int]", INT),
        ("Literal['a', 2, None]", OneOf(("a", 2, None))),
        ("Literal[-1]", OneOf((-1,))),
        ("list", ListOf(ANY)),
        ("list[int]", ListOf(INT)),
        ("List[int]", ListOf(INT)),
        ("dict", DictOf(ANY, ANY)),
        ("typing.Dict[str, list[int]]", DictOf(STR, ListOf(INT))),
        ("tuple", TupleOf((ANY,), repeated=True)),
        ("tuple[int, str]", TupleOf((INT, STR))),
        ("tuple[int, ...]", TupleOf((INT,), repeated=True)),
        ("tuple[()]", TupleOf(())),
        ("'int | None'", Either((INT, NONE))),
    ],
)
def test_an_annotation_is_a_type(annotation: str, type_: ValueType) -> None:
    assert parsed(annotation) == type_


@pytest.mark.parametrize(
    "annotation",
    [
        "Path",
        "pd.DataFrame",
        "5",
        "int + str",
        "list[int, str]",
        "dict[str]",
        "Callable[[int], int]",
        "'not a type'",
        "Literal[x]",
        "Literal[b'a']",
        "Literal[()]",
        "Union[()]",
        "Optional[int, str]",
        "int()",
    ],
)
def test_an_annotation_that_is_no_type_of_a_parameter_is_refused(annotation: str) -> None:
    with pytest.raises(MismatchError):
        parsed(annotation)


@pytest.mark.parametrize(
    ("value", "type_"),
    [
        (1, INT),
        (1.0, FLOAT),
        (True, BOOL),
        ("a", STR),
        (None, ANY),
        ([], ListOf(ANY)),
        ([1, 2], ListOf(INT)),
        ([1, "a"], ListOf(Either((INT, STR)))),
        ((1, "a"), TupleOf((INT, STR))),
        ({}, DictOf(ANY, ANY)),
        ({"a": [1.5]}, DictOf(STR, ListOf(FLOAT))),
    ],
)
def test_a_default_without_annotation_has_its_own_type(value: Any, type_: ValueType) -> None:
    assert type_of(value) == type_


@pytest.mark.parametrize(
    ("value", "type_", "fitted"),
    [
        (3, INT, 3),
        (3, FLOAT, 3.0),
        (3, Either((INT, FLOAT)), 3),
        (3, Either((FLOAT, INT)), 3),
        (3, Either((FLOAT, NONE)), 3.0),
        (None, Either((INT, NONE)), None),
        (True, Either((INT, BOOL)), True),
        ("a", OneOf(("a", "b")), "a"),
        ([1, 2], ListOf(FLOAT), [1.0, 2.0]),
        ({"a": 1}, DictOf(STR, FLOAT), {"a": 1.0}),
        ([1, "a"], TupleOf((FLOAT, STR)), (1.0, "a")),
        ([1, 2, 3], TupleOf((INT,), repeated=True), (1, 2, 3)),
        ([], TupleOf(()), ()),
        ([[1]], Either((ListOf(INT), ListOf(ListOf(INT)))), [[1]]),
        ([1], Either((ListOf(FLOAT), ListOf(INT))), [1]),
        ((1,), Either((ListOf(INT), TupleOf((INT,)))), (1,)),
        ([1], Either((TupleOf((INT,)), ListOf(INT))), [1]),
        ({"a": [1, None, {"b": 2.5}]}, ANY, {"a": [1, None, {"b": 2.5}]}),
    ],
)
def test_a_value_that_fits_is_taken_as_its_type_has_it(
    value: Any, type_: ValueType, fitted: Any
) -> None:
    assert same(fit(value, type_), fitted)


@pytest.mark.parametrize(
    ("value", "type_"),
    [
        (True, INT),
        (False, FLOAT),
        (1, BOOL),
        (1.0, INT),
        ("1", INT),
        (1, STR),
        (None, STR),
        (1, NONE),
        ("c", OneOf(("a", "b"))),
        (True, OneOf((1, 2))),
        (1.0, OneOf((1, 2))),
        ("a", Either((INT, FLOAT))),
        ([1, "a"], ListOf(INT)),
        ("ab", ListOf(STR)),
        ((1,), ListOf(INT)),
        ({1: 1}, DictOf(STR, INT)),
        ([1], TupleOf((INT, INT))),
        (10**400, FLOAT),
        (datetime.date(2013, 10, 1), STR),
        (datetime.date(2013, 10, 1), ANY),
        ([{1}], ANY),
        (b"a", ANY),
    ],
)
def test_a_value_that_does_not_fit_is_refused(value: Any, type_: ValueType) -> None:
    with pytest.raises(MismatchError):
        fit(value, type_)


def test_a_mismatch_names_value_and_type() -> None:
    with pytest.raises(MismatchError, match=r"'15'.*int \| None"):
        fit("15", Either((INT, NONE)))


@pytest.mark.parametrize(
    ("one", "other", "equal"),
    [
        (1, 1, True),
        (1, 1.0, False),
        (1, True, False),
        (math.nan, math.nan, True),
        ([1, [math.nan]], [1, [math.nan]], True),
        ([1], [True], False),
        ([1], (1,), False),
        ([1], [1, 2], False),
        ({"a": 1}, {"a": 1}, True),
        ({"a": 1}, {"a": 1.0}, False),
        ({"a": 1}, {"b": 1}, False),
    ],
)
def test_values_are_the_same_if_type_and_content_are(one: Any, other: Any, equal: bool) -> None:
    assert same(one, other) is equal
    assert same(other, one) is equal
