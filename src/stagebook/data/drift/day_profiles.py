"""The profile of each day of a table."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import pairwise

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from stagebook.data.drift.timeblocks import MOST_BLOCKS, instants
from stagebook.data.profiles.profile import Profile
from stagebook.data.profiles.profiling import profile
from stagebook.data.profiles.scale import DAY
from stagebook.data.tables.table import Table
from stagebook.project.errors import Problem, StagebookError, Where

Days = npt.NDArray[np.int64]
"""The day of each row, as a number of days since 1970 in UTC, or ``UNDATED``."""

UNDATED = np.iinfo(np.int64).min
"""The day of a row without a time."""

CELLS = 20_000_000
"""About so many values are in memory at a time."""


def days_of(table: Table, time: str) -> Days:
    """The day of each row of a table.

    Args:
        table: The table, which has the column.
        time: A column of dates or timestamps.

    Raises:
        StagebookError: The column has other values (``no-time-column``).
    """
    type_ = table.columns.field(time).type
    if not (pa.types.is_date(type_) or pa.types.is_timestamp(type_)):
        message = f"Column `{time}` is {type_}, which is neither a date nor a timestamp."
        hint = "Name a column of dates or timestamps, or convert it before: pandas.to_datetime."
        raise StagebookError(Problem("no-time-column", message, hint, Where(table.path)))
    days = [_days(batch.column(0)) for batch in table.batches([time])]
    return np.concatenate([np.zeros(0, np.int64), *days])


def _days(times: pa.Array) -> Days:
    days = np.full(len(times), UNDATED, np.int64)
    days[times.is_valid().to_numpy(zero_copy_only=False)] = instants(times.drop_null()) // DAY
    return days


def day_profiles(table: Table, reference: Profile, days: Days) -> dict[int, Profile]:
    """The profile of each of the last ``MOST_BLOCKS`` days, by the number of days since 1970.

    Args:
        table: The table; read some columns at a time.
        reference: The profile of some of its columns, which are those of the result; its grids
            are used.
        days: The day of each row.
    """
    dated = np.flatnonzero(days != UNDATED)
    order = dated[np.argsort(days[dated], kind="stable")]
    numbers, starts = np.unique(days[order], return_index=True)
    numbers, starts = numbers[-MOST_BLOCKS:], starts[-MOST_BLOCKS:]
    bounds = [*starts.tolist(), len(order)]
    parts: list[list[Profile]] = [[] for _ in numbers]
    for names in _groups([column.name for column in reference.columns], len(days)):
        batches = table.batches(names)
        rows = pa.Table.from_batches(batches, _schema(table, names)).take(pa.array(order))
        for part, (start, end) in zip(parts, pairwise(bounds), strict=True):
            some = Table.of_rows(rows.slice(start, end - start))
            part.append(profile(some, reference, threads=1))
    return {day: _side_by_side(part) for day, part in zip(numbers.tolist(), parts, strict=True)}


def _groups(names: Sequence[str], rows: int) -> Iterator[list[str]]:
    """The columns, as many at a time as are read together."""
    many = max(1, CELLS // max(1, rows))
    for start in range(0, len(names), many):
        yield list(names[start : start + many])


def _schema(table: Table, names: Sequence[str]) -> pa.Schema:
    return pa.schema([table.columns.field(name) for name in names])


def _side_by_side(parts: Sequence[Profile]) -> Profile:
    """One profile of the columns of several, which are of the same rows."""
    return replace(parts[0], columns=tuple(column for part in parts for column in part.columns))
