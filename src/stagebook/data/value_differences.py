"""Which values differ between two tables or two JSON files, and how far."""

import json
import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from stagebook.data.tables.table import Table

_SHOWN = 3
_MISSING = object()


@dataclass(frozen=True, slots=True)
class ValueDifference:
    """One value that differs.

    Attributes:
        place: The row, counted from 1, or the path in a JSON file.
        before: The earlier value, as text.
        now: The later value, as text.
    """

    place: str
    before: str
    now: str


@dataclass(frozen=True, slots=True)
class FieldDifference:
    """A column, or a whole JSON file, in which values differ.

    Attributes:
        name: The column; empty for a JSON file.
        count: How many values differ.
        examples: The first of them.
        largest: How far a number is off at most; None if something else than numbers differs.
        within: Whether each number is off by no more than the tolerance.
    """

    name: str
    count: int
    examples: tuple[ValueDifference, ...]
    largest: float | None
    within: bool


@dataclass(frozen=True, slots=True)
class ValueDifferences:
    """How two tables or JSON files differ.

    Attributes:
        shape: Differences of rows, columns and types, each in a few words.
        fields: The columns whose values differ.
        reordered: Whether the tables have the same rows in another order.
    """

    shape: tuple[str, ...]
    fields: tuple[FieldDifference, ...]
    reordered: bool = False

    @property
    def none(self) -> bool:
        """Whether all values are equal."""
        return not self.shape and not self.fields

    @property
    def within(self) -> bool:
        """Whether each difference is that of a number within the tolerance."""
        return not self.shape and all(field.within for field in self.fields)


def of_tables(root: Path, before: str, now: str, tolerance: float) -> ValueDifferences:
    """The differences of two tables.

    Args:
        root: The folder that holds both.
        before: Path of the earlier one, relative to the root.
        now: Path of the later one.
        tolerance: How far a number may be off, absolutely or relative to the larger one.

    Raises:
        StagebookError: One of them is no readable table.
    """
    tables = Table.open(root, before), Table.open(root, now)
    then, this = (table.arrow() for table in tables)
    if all(table.is_text for table in tables):
        then, this = _as_numbers(then, this), _as_numbers(this, then)
    shape = [*_columns(then.schema, this.schema)]
    if then.num_rows != this.num_rows:
        shape.append(f"{then.num_rows:,} → {this.num_rows:,} rows")
        return ValueDifferences(tuple(shape), ())
    names = [name for name in then.column_names if name in this.column_names]
    fields = tuple(
        field
        for name in names
        if (field := _column(name, then.column(name), this.column(name), tolerance))
    )
    return ValueDifferences(tuple(shape), fields, bool(fields) and _same_rows(then, this))


def _as_numbers(table: pa.Table, other: pa.Table) -> pa.Table:
    """The table with whole numbers as decimals where the other has decimals, as in CSV."""
    for place, column in enumerate(table.schema):
        if pa.types.is_integer(column.type) and column.name in other.column_names:
            type_ = other.schema.field(column.name).type
            if pa.types.is_floating(type_):
                values = table.column(place).cast(type_, safe=False)
                table = table.set_column(place, column.name, values)
    return table


def _columns(then: pa.Schema, this: pa.Schema) -> Iterator[str]:
    for name in then.names:
        if name not in this.names:
            yield f"column {name} is gone"
        elif then.field(name).type != this.field(name).type:
            yield f"column {name}: {then.field(name).type} → {this.field(name).type}"
    yield from (f"column {name} is new" for name in this.names if name not in then.names)
    if sorted(then.names) == sorted(this.names) and then.names != this.names:
        yield "another order of columns"


def _column(
    name: str, then: pa.ChunkedArray, this: pa.ChunkedArray, tolerance: float
) -> FieldDifference | None:
    rows = _different_rows(then, this)
    if not rows:
        return None
    pairs = [(row, then[row].as_py(), this[row].as_py()) for row in rows]
    return _field(name, [(f"row {row + 1:,}", old, new) for row, old, new in pairs], tolerance)


def _different_rows(then: pa.ChunkedArray, this: pa.ChunkedArray) -> list[int]:
    try:
        unequal = pc.fill_null(pc.not_equal(then, this), False)
        unequal = pc.or_(unequal, pc.xor(pc.is_null(then), pc.is_null(this)))
        if pa.types.is_floating(then.type) and pa.types.is_floating(this.type):
            both = pc.and_(pc.is_nan(then), pc.is_nan(this))
            unequal = pc.and_(unequal, pc.invert(pc.fill_null(both, False)))
        return [row for row, differs in enumerate(unequal.to_pylist()) if differs]
    except pa.ArrowException:  # lists, or types that cannot be compared
        pairs = zip(then.to_pylist(), this.to_pylist(), strict=True)
        return [row for row, (old, new) in enumerate(pairs) if repr(old) != repr(new)]


def _same_rows(then: pa.Table, this: pa.Table) -> bool:
    try:
        order = [(name, "ascending") for name in then.column_names]
        return bool(then.sort_by(order).equals(this.select(then.column_names).sort_by(order)))
    except (pa.ArrowException, KeyError):
        return False


def of_json(before: str, now: str, tolerance: float) -> ValueDifferences | None:
    """The differences of two JSON texts; None if one is not valid JSON.

    Args:
        before: The earlier text.
        now: The later text.
        tolerance: How far a number may be off, absolutely or relative to the larger one.
    """
    try:
        then, this = json.loads(before), json.loads(now)
    except (ValueError, RecursionError):
        return None
    values = list(_unequal(then, this, ""))
    field = _field("", values, tolerance) if values else None
    return ValueDifferences((), (field,) if field else ())


def _unequal(then: Any, this: Any, place: str) -> Iterator[tuple[str, Any, Any]]:
    if isinstance(then, dict) and isinstance(this, dict):
        for key in {**then, **this}:
            path = f"{place}.{key}" if place else str(key)
            yield from _unequal(then.get(key, _MISSING), this.get(key, _MISSING), path)
    elif isinstance(then, list) and isinstance(this, list) and len(then) == len(this):
        for number, (old, new) in enumerate(zip(then, this, strict=True)):
            yield from _unequal(old, new, f"{place}[{number}]")
    elif then is _MISSING or this is _MISSING or repr(then) != repr(this):
        yield place, then, this


def _field(name: str, values: list[tuple[str, Any, Any]], tolerance: float) -> FieldDifference:
    pairs = [(old, new) for _, old, new in values]
    numbers = all(_is_number(old) and _is_number(new) for old, new in pairs)
    examples = tuple(
        ValueDifference(place, _shown(old), _shown(new)) for place, old, new in values[:_SHOWN]
    )
    largest = max(abs(float(new) - float(old)) for old, new in pairs) if numbers else None
    within = numbers and all(
        math.isclose(float(old), float(new), rel_tol=tolerance, abs_tol=tolerance)
        for old, new in pairs
    )
    return FieldDifference(name, len(values), examples, largest, within)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _shown(value: Any) -> str:
    if value is _MISSING:
        return "missing"
    text = str(value) if isinstance(value, str) else repr(value)
    return text if len(text) <= 60 else f"{text[:59]}…"
