"""A table cut into months, weeks or days by a column of time."""

import enum
import statistics
import tempfile
from bisect import bisect_right
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

from stagebook.contracts.drift.alignment import is_instant
from stagebook.contracts.profiles.column import Column, Kind, Numbers
from stagebook.contracts.profiles.kinds import kind_of
from stagebook.contracts.profiles.moment import iso
from stagebook.contracts.profiles.nice_edges import MONDAY, MONTH, month_start
from stagebook.contracts.profiles.profile import Profile
from stagebook.contracts.profiles.profiling import profile
from stagebook.contracts.profiles.scale import DAY
from stagebook.contracts.tables.table import Table
from stagebook.errors import Problem, StagebookError, Where, did_you_mean

ENOUGH = 4
"""So many blocks are wanted; longer ones are taken as long as there are so many."""

MOST_BLOCKS = 400
NEAR = 2 * DAY
SMALL = 0.25
"""A block with fewer rows than this share of the median's is a torn one and left out."""


class Span(enum.StrEnum):
    """How long a block of time is; all of them begin in UTC."""

    MONTH = "month"
    WEEK = "week"
    DAY = "day"

    def start(self, microseconds: int) -> int:
        """When the block begins that holds an instant, in microseconds since 1970 in UTC."""
        if self is Span.DAY:
            return microseconds // DAY * DAY
        if self is Span.WEEK:
            return (microseconds - MONDAY) // (7 * DAY) * 7 * DAY + MONDAY
        guess = int(microseconds // MONTH) + 1970 * 12
        starts = [month_start(place) for place in range(guess - 1, guess + 3)]
        return starts[bisect_right(starts, microseconds) - 1]


@dataclass(frozen=True, slots=True)
class Block:
    """The rows of one stretch of time.

    Attributes:
        start: The day it begins, in ISO 8601.
        profile: Their profile, over the grids of the whole.
    """

    start: str
    profile: Profile


def time_column(whole: Profile, wanted: str | None, file: str) -> tuple[str | None, str]:
    """The column to cut a table by.

    Args:
        whole: The table's profile.
        wanted: A name that was given.
        file: The table, for the error.

    Returns:
        The wanted one, or the column of dates or timestamps with the fewest nulls, of those that
        begin and end together the first; or None and the reason.

    Raises:
        StagebookError: The one wanted is no such column (``no-time-column``).
    """
    found = {column.name: column for column in whole.columns if is_instant(column)}
    if wanted is not None:
        if wanted not in found:
            raise StagebookError(_no_time_column(whole, wanted, list(found), file))
        return wanted, ""
    if not found:
        return None, "The reference has no column of dates or timestamps to cut it by."
    least = min(column.nulls for column in found.values())
    fewest = [column for column in found.values() if column.nulls == least]
    if any(not _together(fewest[0], other) for other in fewest[1:]):
        names = " and ".join(f"`{column.name}`" for column in fewest)
        return None, f"The reference could be cut by {names}: say by which."
    return fewest[0].name, ""


def _together(left: Column, right: Column) -> bool:
    """Whether two columns begin and end at about one time, as departure and arrival do."""
    one, other = left.detail, right.detail
    if not isinstance(one, Numbers) or not isinstance(other, Numbers):
        return False
    pairs = ((one.minimum, other.minimum), (one.maximum, other.maximum))
    return all(abs((a or 0) - (b or 0)) <= NEAR for a, b in pairs)


def _no_time_column(whole: Profile, wanted: str, found: list[str], file: str) -> Problem:
    column = whole.column(wanted)
    what = "is not there" if column is None else f"is {column.type}, which is no date or timestamp"
    others = "Its columns of time: " + ", ".join(found) if found else "It has no column of time."
    hint = did_you_mean(wanted, found, others)
    return Problem("no-time-column", f"Column `{wanted}` {what}.", hint, Where(file))


def cut(table: Table, whole: Profile, time: str, span: Span | None) -> tuple[Span, list[Block]]:
    """The blocks of a table, with their profiles.

    Rows without a time are in no block; neither are those of blocks that are much smaller than
    the others, as the first and the last may be.

    Args:
        table: The table.
        whole: Its profile, for the grids.
        time: A column of dates or timestamps.
        span: How long a block is; if None, the longest of which there are enough.

    Raises:
        StagebookError: There are too many blocks (``too-many-blocks``).
    """
    days = _days(table, time)
    span = span or _fitting(days)
    sizes = sizes_of(days, span)
    starts = _whole_ones(sizes)
    if len(starts) > MOST_BLOCKS:
        message = f"By {span.value} there are {len(starts):,} blocks; {MOST_BLOCKS} are possible."
        hint = "Cut it into longer ones, or leave the choice to Stagebook."
        raise StagebookError(Problem("too-many-blocks", message, hint, Where(table.path)))
    return span, _profiles(table, whole, time, (span, starts))


def sizes_of(days: Mapping[int, int], span: Span) -> dict[int, int]:
    """Rows of each block, by its start in microseconds, from the rows of each day since 1970."""
    sizes: Counter[int] = Counter()
    for day, rows in days.items():
        sizes[span.start(day * DAY)] += rows
    return dict(sizes)


def _fitting(days: Mapping[int, int]) -> Span:
    for span in (Span.MONTH, Span.WEEK):
        if len(_whole_ones(sizes_of(days, span))) >= ENOUGH:
            return span
    return Span.DAY


def _whole_ones(sizes: Mapping[int, int]) -> list[int]:
    if not sizes:
        return []
    least = SMALL * statistics.median(sizes.values())
    return sorted(start for start, rows in sizes.items() if rows >= least)


def _days(table: Table, time: str) -> Counter[int]:
    days: Counter[int] = Counter()
    for batch in table.batches([time]):
        instants = _instants(batch.column(0).drop_null())
        values, rows = np.unique(instants // DAY, return_counts=True)
        days.update(dict(zip(values.tolist(), rows.tolist(), strict=True)))
    return days


def _instants(array: Any) -> Any:
    """Microseconds since 1970 in UTC, as NumPy has them; of an array without nulls."""
    if pa.types.is_date32(array.type):
        return array.cast(pa.int32()).to_numpy(zero_copy_only=False).astype(np.int64) * DAY
    zone = getattr(array.type, "tz", None)
    return (
        array.cast(pa.timestamp("us", zone), safe=False)
        .cast(pa.int64())
        .to_numpy(zero_copy_only=False)
    )


def _profiles(
    table: Table, whole: Profile, time: str, wanted: tuple[Span, Sequence[int]]
) -> list[Block]:
    _, starts = wanted
    with tempfile.TemporaryDirectory(prefix="stagebook-blocks-") as name:
        folder = Path(name)
        _write(table, time, wanted, folder)
        return [
            Block(iso(start, "date32[day]"), profile(Table.open(folder, _file(start)), whole))
            for start in starts
        ]


def _file(start: int) -> str:
    return f"{start // DAY}.parquet"


def _write(table: Table, time: str, wanted: tuple[Span, Sequence[int]], folder: Path) -> None:
    """Writes each block's rows into a file of its own, in one pass over the table."""
    span, starts = wanted
    schema = pa.schema([(field.name, _storable(field.type)) for field in table.columns])
    with ExitStack() as stack:
        writers = {
            start: stack.enter_context(
                pq.ParquetWriter(folder / _file(start), schema, compression="lz4")
            )
            for start in starts
        }
        for batch in table.batches():
            rows = batch.filter(batch.column(time).is_valid())
            arrays = [_stored(array, field.type) for array, field in zip(rows, schema, strict=True)]
            stored = pa.record_batch(arrays, schema=schema)
            for start, at in _places(_instants(rows.column(time)), span).items():
                if start in writers:
                    writers[start].write_batch(stored.take(pa.array(at)))


def _places(instants: Any, span: Span) -> dict[int, Any]:
    """Which rows are in which block, by its start."""
    days, inverse = np.unique(instants // DAY, return_inverse=True)
    starts = np.asarray([span.start(day * DAY) for day in days.tolist()], dtype=np.int64)[inverse]
    return {start: np.flatnonzero(starts == start) for start in np.unique(starts).tolist()}


def _storable(type_: pa.DataType) -> pa.DataType:
    """The type to write: of kinds that are not looked into, only which are null."""
    kind = kind_of(type_)
    return {Kind.OTHER: pa.bool_(), Kind.TEXT: pa.string()}.get(kind, type_)


def _stored(array: pa.Array, type_: pa.DataType) -> pa.Array:
    if kind_of(array.type) is Kind.OTHER:
        return pc.if_else(array.is_valid(), True, pa.scalar(None, type_))
    return array.cast(type_)
