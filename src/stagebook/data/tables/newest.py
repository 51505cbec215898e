"""The largest value of a column, without reading the table as a whole."""

from contextlib import AbstractContextManager, nullcontext
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from stagebook.data.tables.formats import TableFormat
from stagebook.data.tables.outline import place, readable
from stagebook.data.tables.parquet_metadata import Chunk, ParquetMetadata, PhysicalType, RowGroup
from stagebook.data.tables.table import Table

_STORED = (  # types whose values Parquet stores as Arrow does
    (pa.types.is_timestamp, PhysicalType.INT64),
    (pa.types.is_int64, PhysicalType.INT64),
    (pa.types.is_int32, PhysicalType.INT32),
    (pa.types.is_date32, PhysicalType.INT32),
    (pa.types.is_float32, PhysicalType.FLOAT),
    (pa.types.is_float64, PhysicalType.DOUBLE),
)


def newest(table: Table, column: str) -> Any:
    """The largest value of a column of times or numbers, as a Python value in the column's type.

    Parquet's statistics are asked first. If a file has none, the column is read in pieces.

    Args:
        table: The table, which has the column.
        column: The column's name.

    Returns:
        The value; None if the column has no value.

    Raises:
        StagebookError: A file is damaged, or has a time that Python's types cannot hold.
    """
    values = _from_statistics(table, column)
    if values is None:
        values = [pc.max(batch.column(0)) for batch in table.batches([column])]
    with _whole_values(table):
        return max((value.as_py() for value in values if value.is_valid), default=None)


def _whole_values(table: Table) -> AbstractContextManager[None]:
    """Raises the problem that a file is damaged if Python cannot hold its values."""
    if not table.files:
        return nullcontext()
    where = place(table.root, table.files[0])
    if table.format is TableFormat.PARQUET:
        return readable("bad-parquet", where)
    return readable("bad-feather", where) if table.format is TableFormat.FEATHER else nullcontext()


def _from_statistics(table: Table, column: str) -> list[pa.Scalar] | None:
    """The largest value of each row group; None if the files do not say them all."""
    if table.format is not TableFormat.PARQUET or column in table.partitions.columns.names:
        return None
    type_ = table.columns.field(column).type
    values: list[pa.Scalar] = []
    for file in table.files:
        with readable("bad-parquet", place(table.root, file)):
            groups = ParquetMetadata.read(file).groups
        for group in groups:
            chunk = _of(group, column)
            value = chunk and _largest(chunk, type_)
            if value is not None:
                values.append(value)
            elif chunk is None or chunk.nulls != group.rows:
                return None
    return values


def _of(group: RowGroup, column: str) -> Chunk | None:
    return next((chunk for chunk in group.chunks if chunk.leaf.path == (column,)), None)


def _largest(chunk: Chunk, type_: pa.DataType) -> pa.Scalar | None:
    """The largest value by the statistics; None if they do not say it in the column's type."""
    stored = next((stored for is_of, stored in _STORED if is_of(type_)), None)
    if stored is None or chunk.leaf.type != stored or chunk.largest is None:
        return None
    if len(chunk.largest) * 8 != type_.bit_width:
        return None
    return pa.Array.from_buffers(type_, 1, [None, pa.py_buffer(chunk.largest)])[0]
