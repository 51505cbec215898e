"""The rules of a contract that a server can enforce without pandera."""

import ast
import math
import operator
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from stagebook.data.contracts.rules import built_in_rule
from stagebook.model.schema import Field
from stagebook.serving.input.column_types import ColumnType, Kind
from stagebook.serving.input.timestamps import Timestamp
from stagebook.serving.input.values import narrowed

_Check = Mapping[str, Any]
_Predicate = Callable[[Any], bool]
_LIMITS = ("ge", "gt", "le", "lt")


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule for each value of a column.

    Attributes:
        words: The rule in the contract's words, such as "between 0 and 23".
        holds: Whether a plain value keeps it.
        limits: The same as limits of a number, by ``ge``, ``gt``, ``le``, ``lt``; empty if it is
            another rule.
    """

    words: str
    holds: _Predicate
    limits: Mapping[str, float] = field(default_factory=dict)


def rules(schema_field: Field, column: ColumnType) -> tuple[tuple[Rule, ...], tuple[str, ...]]:
    """The rules of a column that are enforced, and the words of those that are not.

    A custom check is Python code of the training project, and ``unique_values_eq`` is about a
    whole table: neither can be enforced for a request.

    Args:
        schema_field: What the package's schema says of the column.
        column: Its type.
    """
    enforced: list[Rule] = []
    unchecked: list[str] = []
    places = _places(schema_field)
    for check, place in zip(schema_field.checks, places, strict=True):
        words = _words(check) if place is None else schema_field.rules[place]
        rule = _rule(check, words, column)
        if rule:
            enforced.append(rule)
        elif len(schema_field.rules) < len(schema_field.checks):
            unchecked.append(words)
    known = {rule.words for rule in enforced}
    unchecked += [words for words in schema_field.rules if words not in known]
    return tuple(enforced), tuple(dict.fromkeys(unchecked))


def _places(schema_field: Field) -> list[int | None]:
    """The place of the words of each check among all rules, of which custom checks have some."""
    words = schema_field.rules
    if len(words) == len(schema_field.checks):
        return list(range(len(words)))
    places: list[int | None] = []
    start = 0
    for check in schema_field.checks:
        try:
            place = words.index(_words(check), start)
        except ValueError:
            places.append(None)
        else:
            places.append(place)
            start = place + 1
    return places


def _words(check: _Check) -> str:
    statistics = {name: value for name, value in check.items() if name != "check"}
    try:
        return built_in_rule(check["check"], statistics)
    except (KeyError, TypeError):
        return str(check["check"]).replace("_", " ")


def _rule(check: _Check, words: str, column: ColumnType) -> Rule | None:
    """The rule of a check; None if it cannot be enforced."""
    make = _MAKERS.get(check["check"])
    try:
        return make(check, words, column) if make else None
    except (KeyError, TypeError, ValueError, ArithmeticError, SyntaxError, re.error):
        return None


def _comparison(short: str, argument: str) -> Callable[[_Check, str, ColumnType], Rule]:
    compare = getattr(operator, short)

    def make(check: _Check, words: str, column: ColumnType) -> Rule:
        bound = _bound(check[argument], column)
        is_limit = short in _LIMITS and column.kind in (Kind.INTEGER, Kind.FLOAT)
        limits = {short: bound} if is_limit else {}
        return Rule(words, lambda value: bool(compare(value, bound)), _finite(limits))

    return make


def _in_range(check: _Check, words: str, column: ColumnType) -> Rule:
    lower = "ge" if check.get("include_min", True) else "gt"
    upper = "le" if check.get("include_max", True) else "lt"
    parts = (
        _comparison(lower, "min_value")(check, words, column),
        _comparison(upper, "max_value")(check, words, column),
    )
    complete = all(part.limits for part in parts)
    limits = {**parts[0].limits, **parts[1].limits} if complete else {}
    return Rule(words, lambda value: all(part.holds(value) for part in parts), limits)


def _membership(argument: str, *, allowed: bool) -> Callable[[_Check, str, ColumnType], Rule]:
    def make(check: _Check, words: str, column: ColumnType) -> Rule:
        values = check[argument]
        if not isinstance(values, list | str):
            raise TypeError("no list of values")
        members = {_bound(value, column) for value in values if value is not None}
        return Rule(words, lambda value: (value in members) is allowed)

    return make


def _texts(make_predicate: Callable[[_Check], _Predicate]) -> Any:
    def make(check: _Check, words: str, column: ColumnType) -> Rule:
        if column.kind is not Kind.TEXT:
            raise TypeError("a rule for texts")
        return Rule(words, make_predicate(check))

    return make


def _matches(check: _Check) -> _Predicate:
    pattern = _pattern(check["pattern"])
    return lambda value: pattern.match(value) is not None


def _contains(check: _Check) -> _Predicate:
    pattern = _pattern(check["pattern"])
    return lambda value: pattern.search(value) is not None


def _starts(check: _Check) -> _Predicate:
    start = check["string"]
    return lambda value: bool(value.startswith(start))


def _ends(check: _Check) -> _Predicate:
    end = check["string"]
    return lambda value: bool(value.endswith(end))


def _length(check: _Check) -> _Predicate:
    exact = check.get("exact_value")
    low, high = (exact, exact) if exact is not None else (check["min_value"], check["max_value"])
    low = 0 if low is None else int(low)
    high = math.inf if high is None else int(high)
    return lambda value: bool(low <= len(value) <= high)


def _pattern(text: str) -> re.Pattern[str]:
    """The expression of a check; one with flags was written as the call that makes it."""
    if not text.startswith("re.compile("):
        return re.compile(text)
    call = ast.parse(text, mode="eval").body
    if not isinstance(call, ast.Call) or not isinstance(call.args[0], ast.Constant):
        raise ValueError("not a call of re.compile")
    names = [node.attr for node in ast.walk(call) if isinstance(node, ast.Attribute)]
    flags = [re.RegexFlag[name] for name in names if name != "compile"]
    combined = re.NOFLAG
    for flag in flags:
        combined |= flag
    return re.compile(str(call.args[0].value), combined)


def _bound(value: Any, column: ColumnType) -> Any:
    """A check's value as a plain value of the column; NumPy's numbers were written as text."""
    if column.kind is Kind.INTEGER or column.kind is Kind.FLOAT:
        number = _number(value)
        return number if column.narrow is None else narrowed(number, column)
    if column.kind is Kind.TIME:
        moment = Timestamp.parse(value)
        if moment.has_zone != column.has_zone:
            raise ValueError("only one of bound and column has a time zone")
        return moment.nanoseconds
    if column.kind is Kind.DATE:
        return date.fromisoformat(value)
    if column.kind is Kind.BOOLEAN:
        return {"True": True, "False": False}[str(value)]
    if column.kind is Kind.TEXT and isinstance(value, str):
        return value
    raise TypeError("no such bound")


def _number(value: Any) -> Any:
    if not isinstance(value, str):
        if not isinstance(value, int | float):
            raise TypeError("no number")
        return value
    try:
        return int(value)
    except ValueError:
        return float(value)


def _finite(limits: Mapping[str, float]) -> Mapping[str, float]:
    return limits if all(math.isfinite(limit) for limit in limits.values()) else {}


_MAKERS: Mapping[str, Callable[[_Check, str, ColumnType], Rule]] = {
    "equal_to": _comparison("eq", "value"),
    "not_equal_to": _comparison("ne", "value"),
    "greater_than": _comparison("gt", "min_value"),
    "greater_than_or_equal_to": _comparison("ge", "min_value"),
    "less_than": _comparison("lt", "max_value"),
    "less_than_or_equal_to": _comparison("le", "max_value"),
    "in_range": _in_range,
    "isin": _membership("allowed_values", allowed=True),
    "notin": _membership("forbidden_values", allowed=False),
    "str_matches": _texts(_matches),
    "str_contains": _texts(_contains),
    "str_startswith": _texts(_starts),
    "str_endswith": _texts(_ends),
    "str_length": _texts(_length),
}


def tightest(some: Sequence[Rule], *, whole: bool) -> dict[str, float]:
    """The limits of all rules as one set of limits.

    Args:
        some: Rules.
        whole: Whether the values are whole numbers: the limits become whole and inclusive.
    """
    limits: dict[str, float] = {}
    for rule in some:
        for name, bound in rule.limits.items():
            key, limit = _whole(name, bound) if whole else (name, float(bound))
            choose = max if key in ("ge", "gt") else min
            limits[key] = choose(limits.get(key, limit), limit)
    return limits


def _whole(name: str, bound: float) -> tuple[str, int]:
    nearest = {"ge": math.ceil, "le": math.floor, "gt": math.floor, "lt": math.ceil}[name](bound)
    return {"gt": ("ge", nearest + 1), "lt": ("le", nearest - 1)}.get(name, (name, nearest))
