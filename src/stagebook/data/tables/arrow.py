"""Conversion of numbers between NumPy and Arrow without pandas, which Arrow's own would import."""

import json

import numpy as np
import pyarrow as pa

from stagebook.data.tables.array import Array

_FLOATS = {pa.float32(): np.float32, pa.float64(): np.float64}


def to_arrow(values: Array) -> pa.Array:
    """An array of numbers, in which NaN is not null.

    Args:
        values: Shape (n,), integers or floats.
    """
    numbers = np.ascontiguousarray(values)
    buffers = [None, pa.py_buffer(numbers)]
    return pa.Array.from_buffers(pa.from_numpy_dtype(numbers.dtype), len(numbers), buffers)


def to_numpy(array: pa.Array) -> Array:
    """A read-only array of numbers.

    Args:
        array: Integers or floats, without nulls.

    Returns:
        Shape (n,), of the same type.
    """
    return np.from_dlpack(array)


def with_nan(table: pa.Table) -> pa.Table:
    """The same table with NaN for missing floats, so that pandas need not copy these columns.

    Arrow leaves the bytes of a missing value undefined, so NaN is written there, in place. Use it
    only for rows that were read from a file: other memory may belong to a NumPy array.
    """
    own = _extension_types(table.schema)
    for place, field in enumerate(table.schema):
        column = table.column(place)
        if field.type in _FLOATS and column.null_count and field.name not in own:
            filled = pa.chunked_array([_filled(chunk) for chunk in column.chunks], field.type)
            table = table.set_column(place, field, filled)
    return table


def _extension_types(schema: pa.Schema) -> set[str]:
    """The columns for which pandas remembers a type that distinguishes missing values from NaN."""
    columns = json.loads((schema.metadata or {}).get(b"pandas", "{}")).get("columns", [])
    plain = {"float32", "float64"}
    return {column["field_name"] for column in columns if column["numpy_type"] not in plain}


def _filled(chunk: pa.Array) -> pa.Array:
    stored = chunk.buffers()[1]
    if not chunk.null_count or not stored.is_mutable:
        return chunk
    values = np.frombuffer(stored, _FLOATS[chunk.type])[chunk.offset : chunk.offset + len(chunk)]
    values[chunk.is_null().to_numpy(zero_copy_only=False)] = np.nan
    return pa.Array.from_buffers(chunk.type, len(chunk), [None, stored], 0, chunk.offset)
