"""A column of a profile as plain values of JSON, and back."""

from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from itertools import pairwise
from typing import Any, TypeVar

from stagebook.data.profiles.column import Booleans, Column, ColumnKind, Detail, Numbers, Texts
from stagebook.data.profiles.grid import MOST_EXPONENT, Grid
from stagebook.data.profiles.scale import Number
from stagebook.data.profiles.sketch import Sketch

T = TypeVar("T")


def render(column: Column) -> dict[str, Any]:
    """The column as plain values; ``shown`` is for people and is not read back."""
    values: dict[str, Any] = {
        "name": column.name,
        "type": column.type,
        "kind": column.kind.value,
        "nulls": column.nulls,
    }
    detail = column.detail
    if isinstance(detail, Numbers):
        shown = {
            "minimum": column.shown(detail.minimum),
            "maximum": column.shown(detail.maximum),
            "mean": column.shown(detail.mean),
            "std": column.spread,
        }
        return {**values, "numbers": _numbers(detail), "shown": shown}
    if isinstance(detail, Texts):
        return {**values, "texts": _texts(detail)}
    if isinstance(detail, Booleans):
        return {**values, "booleans": {"true": detail.true, "false": detail.false}}
    return values


def _numbers(detail: Numbers) -> dict[str, Any]:
    grid = detail.grid
    return {
        "grid": {"edges": list(grid.edges), "centre": grid.centre, "exponent": grid.exponent},
        "counts": list(detail.counts),
        "minimum": detail.minimum,
        "maximum": detail.maximum,
        "nan": detail.nan,
        "infinite_below": detail.infinite_below,
        "infinite_above": detail.infinite_above,
        "far": detail.far,
        "total": detail.total,
        "squares": detail.squares,
    }


def _texts(detail: Texts) -> dict[str, Any]:
    sketch = detail.sketch
    return {
        "counts": None if detail.counts is None else dict(detail.counts),
        "sketch": sketch
        and {"hashes": [f"{hash_:016x}" for hash_ in sketch.hashes], "hasher": sketch.hasher},
        "values": detail.values,
        "shortest": detail.shortest,
        "longest": detail.longest,
        "characters": detail.characters,
    }


def parse(values: Mapping[str, Any], rows: int) -> Column:
    """The column in plain values.

    Args:
        values: The output of ``render``.
        rows: Rows of the table.

    Raises:
        KeyError: A value is missing.
        TypeError: A value is of the wrong kind.
        ValueError: A value is impossible.
    """
    kind = ColumnKind(values["kind"])
    name, nulls = _text(values["name"]), count(values["nulls"])
    detail = DETAILS[kind](values)
    if nulls + _values(detail) not in ({rows} if detail else range(rows + 1)):
        raise ValueError(f"the counts of column {name!r} do not add up to its rows")
    return Column(name, _text(values["type"]), kind, rows, nulls, detail)


def _values(detail: Detail) -> int:
    if isinstance(detail, Numbers):
        return detail.finite + detail.nan + detail.infinite
    if isinstance(detail, Texts):
        return detail.values
    return detail.true + detail.false if detail else 0


def _parse_numbers(values: Mapping[str, Any]) -> Numbers:
    numbers = values["numbers"]
    grid = _grid(numbers["grid"])
    counts = _whole_counts(numbers["counts"])
    if len(counts) != len(grid.edges) + 1:
        raise ValueError("a grid does not have one count for each bin")
    total, squares = _integer(numbers["total"]), count(numbers["squares"])
    if squares * sum(counts) < total**2:
        raise ValueError("the sums are impossible")
    return Numbers(
        grid=grid,
        counts=counts,
        minimum=_optional(_number, numbers["minimum"]),
        maximum=_optional(_number, numbers["maximum"]),
        nan=count(numbers["nan"]),
        infinite_below=count(numbers["infinite_below"]),
        infinite_above=count(numbers["infinite_above"]),
        far=count(numbers["far"]),
        total=total,
        squares=squares,
    )


def _grid(values: Mapping[str, Any]) -> Grid:
    edges, exponent = tuple(values["edges"]), values["exponent"]
    types = tuple(map(type, (*edges, values["centre"], exponent)))
    return _sound_grid(edges, values["centre"], exponent, types)


@lru_cache(maxsize=1024)
def _sound_grid(edges: tuple[Any, ...], centre: Any, exponent: Any, types: object) -> Grid:
    """The grid of some values, which are checked once: profiles of many days have equal grids.

    Args:
        edges: Its edges.
        centre: Its centre.
        exponent: Its exponent.
        types: The types of all of these, because 1, 1.0 and True are equal.
    """
    for value in edges:
        _number(value)
    if any(left >= right for left, right in pairwise(edges)):
        raise ValueError("the edges of a grid are not in ascending order")
    if abs(_integer(exponent)) > MOST_EXPONENT:
        raise ValueError(f"the exponent {exponent} is out of range")
    return Grid(edges, _number(centre), exponent)


def _parse_texts(values: Mapping[str, Any]) -> Texts:
    texts = values["texts"]
    counts = texts["counts"]
    if counts is not None:
        _check_counts(counts)
    return Texts(
        counts=counts,
        # earlier profiles also hashed counted values
        sketch=_optional(_sketch, texts["sketch"] if counts is None else None),
        values=count(texts["values"]),
        shortest=_optional(count, texts["shortest"]),
        longest=_optional(count, texts["longest"]),
        characters=count(texts["characters"]),
    )


def _check_counts(counts: Mapping[str, int]) -> None:
    """Raises unless these are texts with a count each."""
    if set(map(type, counts)) - {str}:
        raise TypeError("a value that is counted is not a text")
    _whole_counts(counts.values())


def _whole_counts(values: Iterable[Any]) -> tuple[int, ...]:
    """Raises like ``count``, but checks all values at once, which is much faster."""
    counts = tuple(values)
    if set(map(type, counts)) - {int}:
        raise TypeError("a count is not a whole number")
    if min(counts, default=0) < 0:
        raise ValueError("a count is negative")
    return counts


def _sketch(values: Mapping[str, Any]) -> Sketch:
    return Sketch.of((int(value, 16) for value in values["hashes"]), _text(values["hasher"]))


def _parse_booleans(values: Mapping[str, Any]) -> Booleans:
    booleans = values["booleans"]
    return Booleans(count(booleans["true"]), count(booleans["false"]))


def _optional(parse_one: Callable[[Any], T], value: Any) -> T | None:
    return None if value is None else parse_one(value)


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{value!r} is not a text")
    return value


def _number(value: Any) -> Number:
    if isinstance(value, bool) or not isinstance(value, int | float) or value - value != 0:
        raise TypeError(f"{value!r} is not a finite number")
    return value


def _integer(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError(f"{value!r} is not a whole number")
    return value


def count(value: Any) -> int:
    """A whole number from 0 upwards.

    Raises:
        TypeError: It is not a whole number.
        ValueError: It is negative.
    """
    number = _integer(value)
    if number < 0:
        raise ValueError(f"{number} is negative")
    return number


DETAILS: Mapping[ColumnKind, Callable[[Mapping[str, Any]], Detail]] = {
    ColumnKind.NUMBER: _parse_numbers,
    ColumnKind.TIME: _parse_numbers,
    ColumnKind.TEXT: _parse_texts,
    ColumnKind.BOOLEAN: _parse_booleans,
    ColumnKind.OTHER: lambda _: None,
}
