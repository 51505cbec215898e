"""Missing floats as pandas has them: NaN among the values, instead of Arrow's list of gaps."""

import json

import numpy as np
import pyarrow as pa

_TYPES = {pa.float32(): np.float32, pa.float64(): np.float64}


def with_nan(table: pa.Table) -> pa.Table:
    """The same table for pandas, which then need not copy columns of floats that have gaps.

    What Arrow stores where a value is missing is nobody's, so NaN is written there, in place. Only
    for rows that were read from a file: other memory may be somebody's NumPy array.
    """
    own = _extension_types(table.schema)
    for place, field in enumerate(table.schema):
        column = table.column(place)
        if field.type in _TYPES and column.null_count and field.name not in own:
            filled = pa.chunked_array([_filled(chunk) for chunk in column.chunks], field.type)
            table = table.set_column(place, field, filled)
    return table


def _extension_types(schema: pa.Schema) -> set[str]:
    """The columns for which pandas remembers a type that tells missing values from NaN."""
    told = json.loads((schema.metadata or {}).get(b"pandas", "{}")).get("columns", [])
    plain = {"float32", "float64"}
    return {one["field_name"] for one in told if one["numpy_type"] not in plain}


def _filled(chunk: pa.Array) -> pa.Array:
    stored = chunk.buffers()[1]
    if not chunk.null_count or not stored.is_mutable:
        return chunk
    values = np.frombuffer(stored, _TYPES[chunk.type])[chunk.offset : chunk.offset + len(chunk)]
    values[chunk.is_null().to_numpy(zero_copy_only=False)] = np.nan
    return pa.Array.from_buffers(chunk.type, len(chunk), [None, stored], 0, chunk.offset)
