"""A table cut into blocks by a column of time, or by a number of rows."""

import statistics
import tempfile
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from stagebook.data.drift.spans import RowCount, Span, fitting
from stagebook.data.profiles.column import ColumnKind
from stagebook.data.profiles.kinds import kind_of
from stagebook.data.profiles.moment import iso
from stagebook.data.profiles.profile import Profile
from stagebook.data.profiles.profiling import profile
from stagebook.data.profiles.scale import DAY
from stagebook.data.tables.table import Table
from stagebook.project.errors import Problem, StagebookError, Where

ENOUGH = 4
"""Number of blocks that is enough; the longest span with so many blocks is used."""

MOST_BLOCKS = 400
SMALL = 0.25
"""A block with fewer rows than this share of the median is incomplete and left out."""


@dataclass(frozen=True, slots=True)
class TimeBlock:
    """The rows of one stretch of time, or some rows in the table's order.

    Attributes:
        start: The day on which it begins, in ISO 8601, or the number of its first row.
        profile: Their profile, with the grids of the whole table.
    """

    start: str
    profile: Profile


def cut(
    table: Table, table_profile: Profile, time: str, span: Span | None, length: float | None = None
) -> tuple[Span, list[TimeBlock]]:
    """The blocks of a table, with their profiles.

    Rows without a time are in no block. Blocks that are much smaller than the others, such as an
    incomplete first or last one, are left out.

    Args:
        table: The table.
        table_profile: Its profile, for the grids.
        time: A column of dates or timestamps.
        span: The length of a block; if None, about as long as the batch or, if its length is
            unknown, the longest span with enough blocks.
        length: How much time the batch covers, in microseconds.

    Raises:
        StagebookError: There are too many blocks (``too-many-blocks``).
    """
    days = _days(table, time)
    span = span or _fitting(days, length)
    starts = full_blocks(sizes_of(days, span))
    _require_few(len(starts), span, table.path)
    return span, _profiles(table, table_profile, time, (span, starts))


def sizes_of(days: Mapping[int, int], span: Span) -> dict[int, int]:
    """Rows of each block, by its start in microseconds, from the rows of each day since 1970."""
    sizes: Counter[int] = Counter()
    for day, rows in days.items():
        sizes[span.start(day * DAY)] += rows
    return dict(sizes)


def _fitting(days: Mapping[int, int], length: float | None) -> Span:
    counts = {
        span: len(full_blocks(sizes_of(days, span))) for span in (Span.MONTH, Span.WEEK, Span.DAY)
    }
    if length is None:
        return next((span for span, count in counts.items() if count >= ENOUGH), Span.DAY)
    spans = list(counts)
    fine = spans[: spans.index(fitting(length)) + 1]  # those that are not shorter than the batch
    return next((span for span in reversed(fine) if counts[span] <= MOST_BLOCKS), Span.MONTH)


def _require_few(count: int, span: Span | RowCount, path: str) -> None:
    if count > MOST_BLOCKS:
        message = (
            f"By {span.value}, the table has {count:,} blocks; at most {MOST_BLOCKS} are allowed."
        )
        hint = "Choose longer blocks with --by, or leave out --by."
        raise StagebookError(Problem("too-many-blocks", message, hint, Where(path)))


def cut_by_rows(table: Table, table_profile: Profile, span: RowCount) -> list[TimeBlock]:
    """The blocks of a table with a number of rows each, in order; the remainder is left out.

    Args:
        table: The table.
        table_profile: Its profile, for the grids.
        span: The number of rows in a block.

    Raises:
        StagebookError: There are too many blocks (``too-many-blocks``).
    """
    count = table_profile.rows // span.count
    _require_few(count, span, table.path)
    starts = range(0, count * span.count, span.count)
    with tempfile.TemporaryDirectory(prefix="stagebook-blocks-") as name:
        folder = Path(name)
        schema = _schema(table)
        with ExitStack() as stack:
            writers = _writers(stack, folder, schema, [start * DAY for start in starts])
            position = 0
            for batch in table.batches():
                stored = _stored_rows(batch, schema)
                for start in starts[position // span.count : _last(position, batch, span)]:
                    low, high = max(start, position), start + span.count
                    part = stored.slice(low - position, max(0, high - low))
                    writers[start * DAY].write_batch(part)
                position += batch.num_rows
        return [
            TimeBlock(str(start), profile(Table.open(folder, _file(start * DAY)), table_profile))
            for start in starts
        ]


def _last(position: int, batch: pa.RecordBatch, span: RowCount) -> int:
    return -(-(position + int(batch.num_rows)) // span.count)


def full_blocks(sizes: Mapping[int, int]) -> list[int]:
    """The blocks that are not much smaller than the others, ascending, from the rows of each."""
    if not sizes:
        return []
    least = SMALL * statistics.median(sizes.values())
    return sorted(start for start, rows in sizes.items() if rows >= least)


def _days(table: Table, time: str) -> Counter[int]:
    days: Counter[int] = Counter()
    for batch in table.batches([time]):
        moments = instants(batch.column(0).drop_null())
        values, rows = np.unique(moments // DAY, return_counts=True)
        days.update(dict(zip(values.tolist(), rows.tolist(), strict=True)))
    return days


def instants(array: Any) -> Any:
    """Microseconds since 1970 in UTC as a NumPy array, from an array without nulls."""
    if pa.types.is_date32(array.type):
        return array.cast(pa.int32()).to_numpy(zero_copy_only=False).astype(np.int64) * DAY
    zone = getattr(array.type, "tz", None)
    return (
        array.cast(pa.timestamp("us", zone), safe=False)
        .cast(pa.int64())
        .to_numpy(zero_copy_only=False)
    )


def _profiles(
    table: Table, table_profile: Profile, time: str, blocks: tuple[Span, Sequence[int]]
) -> list[TimeBlock]:
    _, starts = blocks
    with tempfile.TemporaryDirectory(prefix="stagebook-blocks-") as name:
        folder = Path(name)
        _write(table, time, blocks, folder)
        return [
            TimeBlock(
                iso(start, "date32[day]"), profile(Table.open(folder, _file(start)), table_profile)
            )
            for start in starts
        ]


def _file(start: int) -> str:
    return f"{start // DAY}.parquet"


def _write(table: Table, time: str, blocks: tuple[Span, Sequence[int]], folder: Path) -> None:
    """Writes each block's rows into a separate file, in one pass over the table."""
    span, starts = blocks
    schema = _schema(table)
    with ExitStack() as stack:
        writers = _writers(stack, folder, schema, starts)
        for batch in table.batches():
            rows = batch.filter(batch.column(time).is_valid())
            stored = _stored_rows(rows, schema)
            for start, at in _places(instants(rows.column(time)), span).items():
                if start in writers:
                    writers[start].write_batch(stored.take(pa.array(at)))


def _schema(table: Table) -> pa.Schema:
    return pa.schema([(field.name, _storable(field.type)) for field in table.columns])


def _writers(
    stack: ExitStack, folder: Path, schema: pa.Schema, starts: Sequence[int]
) -> dict[int, pq.ParquetWriter]:
    """A file for each block, by its start."""
    return {
        start: stack.enter_context(
            pq.ParquetWriter(folder / _file(start), schema, compression="lz4")
        )
        for start in starts
    }


def _stored_rows(rows: pa.RecordBatch, schema: pa.Schema) -> pa.RecordBatch:
    arrays = [_stored(array, field.type) for array, field in zip(rows, schema, strict=True)]
    return pa.record_batch(arrays, schema=schema)


def length_of(table: Table, time: str) -> float | None:
    """The time that a table covers, in microseconds; None without such a column or a value."""
    if time not in table.columns.names or not _is_time(table.columns.field(time).type):
        return None
    days = _days(table, time)
    return (max(days) - min(days) + 1) * DAY if days else None


def _is_time(type_: pa.DataType) -> bool:
    return kind_of(type_) is ColumnKind.TIME and not pa.types.is_duration(type_)


def _places(moments: Any, span: Span) -> dict[int, Any]:
    """Which rows are in which block, by its start."""
    days, inverse = np.unique(moments // DAY, return_inverse=True)
    starts = np.asarray([span.start(day * DAY) for day in days.tolist()], dtype=np.int64)[inverse]
    return {start: np.flatnonzero(starts == start) for start in np.unique(starts).tolist()}


def _storable(type_: pa.DataType) -> pa.DataType:
    """The type to write; for kinds that are not profiled, only which values are null."""
    kind = kind_of(type_)
    return {ColumnKind.OTHER: pa.bool_(), ColumnKind.TEXT: pa.string()}.get(kind, type_)


def _stored(array: pa.Array, type_: pa.DataType) -> pa.Array:
    if kind_of(array.type) is ColumnKind.OTHER:
        return pc.if_else(array.is_valid(), True, pa.scalar(None, type_))
    return array.cast(type_)
