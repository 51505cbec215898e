"""Types of a feature view's columns: those of its table against those of its schema."""

from collections.abc import Callable

import pyarrow as pa

from stagebook.data.contracts.contract import Contract
from stagebook.data.tables.cells import is_text
from stagebook.features import columns
from stagebook.features.checks import invalid
from stagebook.features.definitions import FeatureView

_KINDS: dict[str, Callable[[pa.DataType], bool]] = {
    "whole numbers": pa.types.is_integer,
    "numbers": pa.types.is_floating,
    "decimals": pa.types.is_decimal,
    "text": is_text,
    "booleans": pa.types.is_boolean,
    "timestamps": pa.types.is_timestamp,
    "dates": pa.types.is_date,
    "times of day": pa.types.is_time,
    "durations": pa.types.is_duration,
    "bytes": lambda type_: pa.types.is_binary(type_) or pa.types.is_large_binary(type_),
}


def as_in_schema(column: pa.ChunkedArray, name: str, view: FeatureView) -> pa.ChunkedArray:
    """A key or feature column of a view's table, if its schema allows the type.

    Whole numbers are allowed for floats. Floats are allowed for whole numbers that may be missing,
    because pandas stores these so; they become whole numbers. A column without any value is
    allowed for every type, and gets the type of the schema.

    Args:
        column: The column.
        name: Its name.
        view: The view.

    Raises:
        StagebookError: The column is of another kind than its dtype in the schema.
    """
    plain = columns.plain(column)
    contract = Contract(view.name, view.pandera)
    declared = contract.fixed_types([name]).get(name)
    if declared is None or pa.types.is_null(plain.type):
        return column
    kind, expected = _kind(plain.type), _kind(declared)
    if kind == expected or (kind, expected) == ("whole numbers", "numbers"):
        return column
    if column.null_count == len(column):
        return pa.chunked_array([pa.nulls(len(column), declared)])
    hint = f"Write the column as {expected}, or correct the schema."
    if (kind, expected) == ("numbers", "whole numbers") and contract.allows_missing(name):
        try:
            return plain.cast(declared)
        except pa.ArrowInvalid:
            hint = "Write the column as whole numbers, or use a float in the schema."
    message = (
        f"The column `{name}` in the table of the feature view `{view.name}` has the type "
        f"{plain.type}, but {declared} in the schema."
    )
    raise invalid("column-of-another-type", message, hint, view.where)


def fits(column: pa.ChunkedArray, declared: pa.DataType, *, may_be_missing: bool) -> bool:
    """Whether a column is of the kind of a type; see ``as_in_schema`` for what is allowed.

    Args:
        column: The column, without a list of its values.
        declared: The type in the schema.
        may_be_missing: Whether the schema lets values be missing.
    """
    kinds = (_kind(column.type), _kind(declared))
    if kinds == ("timestamps", "timestamps"):
        return (column.type.tz is None) == (declared.tz is None)
    if kinds[0] == kinds[1] or kinds == ("whole numbers", "numbers"):
        return True
    if column.null_count == len(column):
        return True
    if kinds != ("numbers", "whole numbers") or not may_be_missing:
        return False
    try:
        column.cast(declared)
    except pa.ArrowInvalid:
        return False
    return True


def conflict(type_: pa.DataType, name: str, view: FeatureView) -> tuple[str, str] | None:
    """What a column has and what the schema wants in its place; None if the column may fit.

    Only the values show whether floats may be whole numbers, and whether all are missing.

    Args:
        type_: The column's type.
        name: Its name.
        view: The view.
    """
    contract = Contract(view.name, view.pandera)
    declared = contract.fixed_types([name]).get(name)
    actual = columns.plain_type(type_)
    if declared is None or pa.types.is_null(actual):
        return None
    kinds = (_kind(actual), _kind(declared))
    if kinds[0] == kinds[1] or kinds == ("whole numbers", "numbers"):
        return None
    may_be_whole = kinds == ("numbers", "whole numbers") and contract.allows_missing(name)
    return None if may_be_whole else kinds


def _kind(type_: pa.DataType) -> str:
    return next((kind for kind, is_of in _KINDS.items() if is_of(type_)), str(type_))
