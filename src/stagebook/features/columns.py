"""Columns of features: times as numbers, keys of one type, values whose dtypes never change."""

from datetime import timedelta
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from stagebook.data.contracts.contract import Contract
from stagebook.data.tables.as_of import NO_ROW, Positions
from stagebook.data.tables.cells import is_text
from stagebook.features.checks import invalid
from stagebook.features.definitions import FeatureView
from stagebook.project.errors import Where

_NULLABLE: dict[pa.DataType, Any] = {
    pa.bool_(): pd.BooleanDtype(),
    pa.int8(): pd.Int8Dtype(),
    pa.int16(): pd.Int16Dtype(),
    pa.int32(): pd.Int32Dtype(),
    pa.int64(): pd.Int64Dtype(),
    pa.uint8(): pd.UInt8Dtype(),
    pa.uint16(): pd.UInt16Dtype(),
    pa.uint32(): pd.UInt32Dtype(),
    pa.uint64(): pd.UInt64Dtype(),
}

_FEW = 1_000
"""Rows that are copied all at once, which is quicker; of more, a column at a time takes less
memory."""

KEYS = (
    "Use whole numbers, text, booleans or dates, and the same type in the table and in the spine."
)
_KEY_TYPES = {"text": pa.large_string(), "number": pa.int64()}


def nanoseconds(
    column: pa.ChunkedArray, name: str, owner: str, where: Where | None
) -> pa.ChunkedArray:
    """A column of instants as nanoseconds since 1970 in UTC.

    Args:
        column: Timestamps with a time zone.
        name: Its name.
        owner: What has it, for the message.
        where: Where the definition is that needs it.

    Raises:
        StagebookError: It has no time zone, or is no column of timestamps.
    """
    type_ = plain(column).type
    if pa.types.is_null(type_):
        return pa.chunked_array([pa.nulls(len(column), pa.int64())])
    if not pa.types.is_timestamp(type_):
        message = f"`{name}` in {owner} has the type {type_}, but must be timestamps."
        raise invalid(
            "not-a-time", message, "Convert the column to timestamps with a time zone.", where
        )
    if type_.tz is None:
        message = f"`{name}` in {owner} has no time zone, so its times are ambiguous."
        hint = (
            f'Set the time zone of the column, for example: table["{name}"].dt.tz_localize("UTC")'
        )
        raise invalid("naive-time", message, hint, where)
    try:
        return column.cast(pa.timestamp("ns", type_.tz)).cast(pa.int64())
    except pa.ArrowInvalid as error:
        row = _first_out_of_range(column) + 1
        message = f"`{name}` in {owner} has a time outside the years 1678 to 2262 in row {row:,}."
        hint = "Correct or remove the rows with such times."
        raise invalid("time-out-of-range", message, hint, where) from error


def _first_out_of_range(column: pa.ChunkedArray) -> int:
    """The place of the first time that nanoseconds since 1970 cannot give."""
    zone = column.type.tz
    for place in range(len(column)):
        try:
            column.slice(place, 1).cast(pa.timestamp("ns", zone))
        except pa.ArrowInvalid:
            return place
    return 0


def nanoseconds_of(duration: timedelta) -> int:
    """A duration in nanoseconds."""
    return (duration // timedelta(microseconds=1)) * 1000


def alike(
    own: pa.ChunkedArray, requested: pa.ChunkedArray, name: str, view: FeatureView
) -> tuple[pa.ChunkedArray, pa.ChunkedArray]:
    """A key of a view and the same key in a spine, in one type.

    Raises:
        StagebookError: They are of different kinds, such as text and numbers.
    """
    own, requested = _as_key(own), _as_key(requested)
    kinds = key_kind(own.type), key_kind(requested.type)
    if pa.types.is_null(requested.type):
        return own, pa.chunked_array([pa.nulls(len(requested), own.type)])
    if pa.types.is_null(own.type):
        requested = key(requested, name, view)
        return pa.chunked_array([pa.nulls(len(own), requested.type)]), requested
    if kinds[0] != kinds[1] or not kinds[0]:
        message = (
            f"The key `{name}` of the feature view `{view.name}` has the type {own.type} in its "
            f"table, but {requested.type} in the spine."
        )
        raise invalid("key-of-another-type", message, KEYS, view.where)
    return key(own, name, view), key(requested, name, view)


def key(column: pa.ChunkedArray, name: str, view: FeatureView) -> pa.ChunkedArray:
    """A key column in the one type of its kind: 64-bit numbers, text, booleans or dates.

    Raises:
        StagebookError: It is of another kind.
    """
    column = _as_key(column)
    kind = key_kind(column.type)
    if not kind and not pa.types.is_null(column.type):
        message = (
            f"The key `{name}` of the feature view `{view.name}` has the type {column.type}, which "
            "a key cannot have."
        )
        raise invalid("key-of-another-type", message, KEYS, view.where)
    try:
        return column.cast(_KEY_TYPES.get(kind, column.type))
    except pa.ArrowInvalid as error:  # beyond 2**63
        message = f"The key `{name}` of the feature view `{view.name}` has numbers above 2**63 - 1."
        raise invalid("key-of-another-type", message, "", view.where) from error


def from_pandas(column: pd.Series, name: str, owner: str, where: Where | None) -> pa.ChunkedArray:
    """A column of pandas in Arrow; NaN is missing there.

    Args:
        column: The column.
        name: Its name.
        owner: What has it, for the message.
        where: Where the definition is that needs it.

    Raises:
        StagebookError: Its values have no type of Arrow, or times with and without a zone.
    """
    zone = column.dtype.tz if isinstance(column.dtype, pd.DatetimeTZDtype) else None
    try:
        # of an array, which takes a tenth of the time that a Series takes
        naive = np.asarray(column.array.tz_convert(None)) if zone else column
        array = pa.array(naive, from_pandas=True)
    except (pa.ArrowException, ValueError, TypeError, OverflowError) as error:
        message = f"`{name}` in {owner} cannot be read: {error}."
        hint = "Use one type for all values of the column."
        raise invalid("unreadable-column", message, hint, where) from error
    zoned = pa.types.is_timestamp(array.type) and array.type.tz is not None
    if zoned and column.dtype == object and any(time.tzinfo is None for time in column.dropna()):
        message = f"`{name}` in {owner} has times with and without a time zone."
        hint = "Use a time zone for every time of the column, such as UTC."
        raise invalid("naive-time", message, hint, where)
    chunked = array if isinstance(array, pa.ChunkedArray) else pa.chunked_array([array])
    return chunked.cast(pa.timestamp(chunked.type.unit, _zone_name(zone))) if zone else chunked


def _zone_name(zone: Any) -> str:
    """The name of a time zone; UTC for one without a name, such as that of the computer."""
    try:
        name: str = pa.lib.tzinfo_to_string(zone)
    except (pa.ArrowException, ValueError):
        return "UTC"
    return name


def typed(column: pa.ChunkedArray, name: str, view: FeatureView) -> pa.ChunkedArray:
    """A column of a view; one without any value has the type that the schema names, if any."""
    if not pa.types.is_null(column.type):
        return column
    type_ = Contract(view.name, view.pandera).types([name]).get(name)
    return column if type_ is None else plain(column.cast(type_))


def plain(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """A column without a list of its values."""
    if pa.types.is_string_view(column.type):
        return column.cast(pa.large_string())
    if pa.types.is_dictionary(column.type):
        return column.cast(column.type.value_type)
    return column


def plain_type(type_: pa.DataType) -> pa.DataType:
    """A type without a list of its values."""
    return type_.value_type if pa.types.is_dictionary(type_) else type_


def as_type(column: pa.ChunkedArray, type_: pa.DataType) -> pa.ChunkedArray:
    """A column in another type of its kind, without a loss; decimals get the digits of both.

    Raises:
        ValueError: It is of another kind, or would lose something.
    """
    if column.type == type_:
        return column
    if pa.types.is_decimal(type_) and pa.types.is_decimal(column.type):
        both = [pa.schema([("column", each)]) for each in (type_, column.type)]
        return column.cast(pa.unify_schemas(both, promote_options="permissive").field(0).type)
    kinds = (
        is_text,
        lambda type_: pa.types.is_integer(type_) or pa.types.is_floating(type_),
        lambda type_: pa.types.is_timestamp(type_) and type_.tz is not None,
        lambda type_: pa.types.is_timestamp(type_) and type_.tz is None,
        pa.types.is_duration,
        pa.types.is_time,
        pa.types.is_date,
    )
    if column.null_count == len(column):
        return pa.chunked_array([pa.nulls(len(column), type_)])
    if not any(is_of(type_) and is_of(column.type) for is_of in kinds):
        raise ValueError(f"{column.type} is no {type_}")
    return column.cast(type_)


def plain_schema(schema: pa.Schema) -> pa.Schema:
    """A schema without lists of values, and without what pandas remembers in it."""
    fields = [
        field.with_type(field.type.value_type) if pa.types.is_dictionary(field.type) else field
        for field in schema
    ]
    return pa.schema([field.remove_metadata() for field in fields])


def taken(table: pa.Table, rows: Positions) -> pa.Table:
    """The rows of a table at these positions; all values are null for a missing row."""
    places = pa.array(rows, mask=rows == NO_ROW)
    return table.take(places)


def to_pandas(table: pa.Table) -> pd.DataFrame:
    """A table in pandas, with dtypes that depend on its schema alone.

    Whole numbers and booleans have pandas' nullable dtypes, whether or not a value is missing;
    text is the same whether or not it was stored as a list of values.
    """
    names = list(table.column_names)
    plain_columns = {name: plain(table[name]) for name in names}
    bare = pa.table(plain_columns).replace_schema_metadata(None)
    del table, plain_columns  # so that each column is freed as soon as it has been converted
    frame: pd.DataFrame = bare.to_pandas(
        types_mapper=_NULLABLE.get, split_blocks=True, self_destruct=True
    )
    # pandas cannot write into the memory of Arrow, which some columns still have
    if len(frame) <= _FEW:
        return frame.copy()
    index = frame.index
    return pd.DataFrame({name: frame.pop(name).copy() for name in names}, index, copy=False)


def _as_key(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """A key column without a list of its values; one without any value may have any type."""
    column = plain(column)
    if not key_kind(column.type) and column.null_count == len(column):
        return pa.chunked_array([pa.nulls(len(column))])
    return column


def key_kind(type_: pa.DataType) -> str:
    """The kind of a key's type: number, text, boolean or date; empty if no key can have it."""
    if pa.types.is_integer(type_):
        return "number"
    if is_text(type_):
        return "text"
    if pa.types.is_boolean(type_):
        return "boolean"
    return "date" if pa.types.is_date32(type_) else ""
