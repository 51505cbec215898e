"""The largest value of a column, without reading the table as a whole."""

from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from stagebook.data.tables.formats import TableFormat
from stagebook.data.tables.table import Table


def newest(table: Table, column: str) -> Any:
    """The largest value of a column of times or numbers, as a Python value in the column's type.

    Parquet's statistics are asked first. If a file has none, the column is read in pieces.

    Args:
        table: The table, which has the column.
        column: The column's name.

    Returns:
        The value; None if the column has no value.
    """
    values = _from_statistics(table, column)
    if values is None:
        values = [pc.max(batch.column(0)) for batch in table.batches([column])]
    return max((value.as_py() for value in values if value.is_valid), default=None)


def _from_statistics(table: Table, column: str) -> list[pa.Scalar] | None:
    """The largest value of each row group; None if the files do not say them all."""
    if table.format is not TableFormat.PARQUET or column in table.partitions.columns.names:
        return None
    values, type_ = [], table.columns.field(column).type
    has_zone = pa.types.is_timestamp(type_) and type_.tz is not None
    stored = pa.timestamp(type_.unit, "UTC") if has_zone else type_  # statistics are in UTC
    for file in table.files:
        metadata = pq.read_metadata(file)
        for number in range(metadata.num_row_groups):
            group = metadata.row_group(number)
            chunks = [group.column(place) for place in range(group.num_columns)]
            chunk = next((item for item in chunks if item.path_in_schema == column), None)
            statistics = chunk.statistics if chunk is not None else None
            if statistics is None:
                return None
            if statistics.has_min_max:
                values.append(pa.scalar(statistics.max, stored).cast(type_))
            elif not statistics.has_null_count or statistics.null_count < group.num_rows:
                return None
    return values
