"""Parquet bodies, read only after their footer and the headers of their pages say they are small.

``RowGroupMetaData.column`` is not used; `stagebook.data.tables.parquet_metadata` says why.
"""

import re
from collections.abc import Sequence
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from stagebook.data.tables.parquet_metadata import ParquetMetadata
from stagebook.serving.input.parquet_pages import unpacked_size
from stagebook.serving.input.rows import Rows, bad_request, require_distinct, require_few, short
from stagebook.serving.refusal import Refusal, RequestProblem, shown

LARGEST = 256_000_000
"""Bytes that the columns may have in memory."""
_INDEX = re.compile(r"__index_level_\d+__")


def parse(data: bytes, columns: Sequence[str], row_limit: int) -> Rows:
    """The rows in a Parquet file; pandas' index is left out, and NaN is a missing value.

    Args:
        data: The file.
        columns: The model's features.
        row_limit: The most rows; a file with more is not read.

    Raises:
        Refusal: With status 400, or 413 for a file that is too large.
    """
    try:
        return _rows(data, row_limit)
    except (pa.ArrowException, ArithmeticError, LookupError, MemoryError) as error:
        raise _bad(shown(str(error))) from None
    except (OSError, TypeError, ValueError) as error:
        raise _bad(shown(str(error))) from None


def _rows(data: bytes, row_limit: int) -> Rows:
    metadata = ParquetMetadata.parse(data)
    require_few(metadata.rows, row_limit)
    schema = pq.read_schema(pa.BufferReader(data))
    require_distinct(schema.names)
    for item in schema:
        if pa.types.is_nested(item.type):
            raise _bad(f"the column `{short(item.name)}` has several values in each row")
    _require_small(unpacked_size(data, metadata))
    names = [name for name in schema.names if not _INDEX.fullmatch(name)]
    texts = [item.name for item in schema if _has_length(item.type)]
    file = pq.ParquetFile(pa.BufferReader(data), pre_buffer=False, read_dictionary=texts)
    table = file.read(names, use_threads=False)
    _require_small(sum(map(_length, table.columns)))
    values = [_plain(column).to_pylist() for column in table.columns]
    rows = zip(*values, strict=True) if values else [()] * metadata.rows
    return Rows(tuple(names), [dict(zip(names, row, strict=True)) for row in rows])


def _require_small(size: int) -> None:
    if size > LARGEST:
        message = f"The Parquet file unpacks to {size:,} bytes; at most {LARGEST:,} are allowed."
        hint = "Send the rows in several requests."
        raise Refusal(413, RequestProblem("grows-on-reading", message, hint))


def _has_length(type_: pa.DataType) -> bool:
    tests = (pa.types.is_string, pa.types.is_large_string, pa.types.is_binary)
    return any(test(type_) for test in (*tests, pa.types.is_large_binary))


def _length(column: pa.ChunkedArray) -> int:
    """Bytes of texts, each as often as it occurs: a file stores a repeated text once."""
    if not pa.types.is_dictionary(column.type) or not _has_length(column.type.value_type):
        return int(column.nbytes)
    lengths = (
        pc.sum(pc.cast(pc.take(pc.binary_length(part.dictionary), part.indices), pa.int64()))
        for part in column.chunks
    )
    return sum(length.as_py() or 0 for length in lengths)


def _plain(column: pa.ChunkedArray) -> Any:
    """The column without what Python's own types cannot hold."""
    if pa.types.is_floating(column.type):
        return pc.if_else(pc.is_nan(column), pa.scalar(None, column.type), column)
    if pa.types.is_timestamp(column.type) and column.type.tz:
        return column.cast(pa.timestamp(column.type.unit, "UTC"))  # its own may be unknown here
    return column


def _bad(reason: str) -> Refusal:
    hint = "Send what DataFrame.to_parquet writes."
    message = f"The body is not a readable Parquet file: {reason}."
    return bad_request(RequestProblem("bad-parquet", message, hint))
