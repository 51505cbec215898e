"""Values of Arrow as SQLite keeps them, and back, without a loss."""

from collections.abc import Callable, Sequence
from typing import Any

import pyarrow as pa

from stagebook.features.checks import invalid
from stagebook.features.definitions import FeatureView

_PLAIN: tuple[Callable[[pa.DataType], bool], ...] = (
    pa.types.is_floating,
    pa.types.is_string,
    pa.types.is_large_string,
    pa.types.is_binary,
    pa.types.is_large_binary,
)
"""Types whose values SQLite has itself."""


def require_storable(schema: pa.Schema, view: FeatureView) -> None:
    """Raises a StagebookError if a feature has a type that an online store cannot keep."""
    for field in schema:
        if not _is_plain(field.type) and _stored_type(field.type) is None:
            message = (
                f"The feature `{field.name}` of the view `{view.name}` has the type {field.type}, "
                "which an online store cannot store."
            )
            hint = "Use numbers, text, booleans, dates or times."
            raise invalid("not-storable", message, hint, view.where)


def stored(column: pa.ChunkedArray) -> list[Any]:
    """A column's values as SQLite keeps them; NaN is missing there, as in pandas."""
    type_ = None if _is_plain(column.type) else _stored_type(column.type)
    values: list[Any] = (column if type_ is None else column.cast(type_)).to_pylist()
    return values


def restored(values: Sequence[Any], type_: pa.DataType) -> pa.Array:
    """SQLite's values as an array of a type."""
    kept = None if _is_plain(type_) else _stored_type(type_)
    return pa.array(values, type_) if kept is None else pa.array(values, kept).cast(type_)


def _is_plain(type_: pa.DataType) -> bool:
    return any(is_plain(type_) for is_plain in _PLAIN)


def _stored_type(type_: pa.DataType) -> pa.DataType | None:
    """The type that values of another type are kept as; None if they cannot be kept."""
    if pa.types.is_uint64(type_) or pa.types.is_decimal(type_):
        return pa.string()
    if pa.types.is_integer(type_) or pa.types.is_boolean(type_):
        return pa.int64()
    if pa.types.is_timestamp(type_) or pa.types.is_duration(type_) or pa.types.is_time64(type_):
        return pa.int64()
    if pa.types.is_date32(type_) or pa.types.is_time32(type_):
        return pa.int32()
    return pa.int64() if pa.types.is_date64(type_) else None
