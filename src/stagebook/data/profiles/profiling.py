"""The profile of a table, counted over Arrow's batches."""

import math
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from itertools import repeat
from typing import Protocol

import numpy as np
import pyarrow as pa

from stagebook.data.profiles.column import Booleans, Column, ColumnKind, Detail, Numbers
from stagebook.data.profiles.counting import NumberTally
from stagebook.data.profiles.grid import Grid
from stagebook.data.profiles.kinds import kind_of, scale_of
from stagebook.data.profiles.profile import Profile
from stagebook.data.profiles.texts import TextTally
from stagebook.data.profiles.values import Values
from stagebook.data.tables.array import Array
from stagebook.data.tables.arrow import to_arrow
from stagebook.data.tables.table import Table
from stagebook.project.errors import Problem, StagebookError, Where

MOST_ROWS = 100_000
MULTIPLIER = 2_654_435_761  # Knuth, The Art of Computer Programming 3, 6.4: 2**32 / golden ratio

_Tallied = tuple[int, Detail]
"""The number of values of a column that are not null, and their detail."""


class Tally(Protocol):
    """The state of a count over the rows of a column."""

    def add(self, column: pa.ChunkedArray, start: int) -> None:
        """Counts more rows; ``start`` is the number of the first."""


class DetailTally(Tally, Protocol):
    """A tally of everything that a profile needs about a column."""

    present: int

    def detail(self) -> Detail:
        """The detail of the counted rows."""


@dataclass(slots=True)
class BooleanTally:
    """The counts of a column of booleans so far."""

    present: int = 0
    true: int = 0

    def add(self, column: pa.ChunkedArray, start: int) -> None:
        """Counts more rows."""
        self.present += len(column) - column.null_count
        self.true += sum(chunk.true_count for chunk in column.chunks)

    def detail(self) -> Booleans:
        """The counts."""
        return Booleans(self.true, self.present - self.true)


@dataclass(slots=True)
class OtherTally:
    """The counts of a column whose values are not profiled."""

    present: int = 0

    def add(self, column: pa.ChunkedArray, start: int) -> None:
        """Counts more rows."""
        self.present += len(column) - column.null_count

    def detail(self) -> None:
        """No detail."""


@dataclass(slots=True)
class ValueSample:
    """Values of a column of numbers or times.

    Attributes:
        rows: Numbers of the sampled rows, ascending; None for all.
    """

    rows: Array | None
    _parts: list[Array] = field(default_factory=list)

    def add(self, column: pa.ChunkedArray, start: int) -> None:
        """Takes the sampled rows among more rows; ``start`` is the number of the first."""
        for chunk in column.chunks:
            if self.rows is not None:
                first, last = np.searchsorted(self.rows, (start, start + len(chunk)))
                start += len(chunk)
                chunk = chunk.take(to_arrow(self.rows[first:last] - (start - len(chunk))))
            self._parts.append(Values.of(chunk).finite)

    def values(self) -> Array:
        """The values, without nulls."""
        return np.concatenate(self._parts) if self._parts else np.arange(0)


def profile(
    table: Table,
    reference: Profile | None = None,
    threads: int = 2,
    turn: AbstractContextManager[object] | None = None,
) -> Profile:
    """The profile of a table, identical to the byte for the same rows, however they are stored.

    Args:
        table: The table. Unless it is in memory or small, it is read twice.
        reference: A profile to compare with. Columns of the same kind use its grids; the others
            get their own.
        threads: Number of columns that are counted at a time.
        turn: A context that is entered for each column, by which the caller can make threads wait.

    Raises:
        StagebookError: The table cannot be read, or a column contains invalid values
            (``no-profile``).
    """
    table = table.loaded()
    rows = table.counted
    grids = {column.name: _grid_of(table, column.name, reference) for column in table.columns}
    with ThreadPoolExecutor(threads) as pool:
        run = _ProfileRun(table, grids, _sampled_rows(rows), pool, turn or nullcontext())
        tallied = run.by_batch() if table.memory is None else run.by_column(table.memory)
        return Profile(tuple(map(_column, table.columns, tallied, repeat(rows))), rows)


@dataclass(frozen=True, slots=True)
class _ProfileRun:
    """The count of one table.

    Attributes:
        table: The table.
        grids: By column, the grid of the reference; None if it has no grid for the column.
        sampled_rows: Numbers of the rows from which the other grids are made; None for all.
        pool: The threads that count columns.
        turn: A context that a thread enters before it counts.
    """

    table: Table
    grids: Mapping[str, Grid | None]
    sampled_rows: Array | None
    pool: ThreadPoolExecutor
    turn: AbstractContextManager[object]

    def by_column(self, rows: pa.Table) -> list[_Tallied]:
        """Counts rows in memory, one column after the other."""

        def count(field: pa.Field) -> _Tallied:
            with self.turn:
                sample = self.sample(field)
                if sample:
                    self.add(sample, field.name, rows[field.name], 0)
                tally = self.tally(field, sample)
                self.add(tally, field.name, rows[field.name], 0)
                return tally.present, tally.detail()

        return list(self.pool.map(count, self.table.columns))

    def by_batch(self) -> list[_Tallied]:
        """Counts a table that is read twice, all columns of each batch."""
        fields = list(self.table.columns)
        samples = {column.name: sample for column in fields if (sample := self.sample(column))}
        self.sweep(samples)
        empty_tallies = self.pool.map(
            lambda column: self.tally(column, samples.get(column.name)), fields
        )
        tallies = dict(zip(self.table.columns.names, empty_tallies, strict=True))
        self.sweep(tallies)
        return list(self.pool.map(lambda tally: (tally.present, tally.detail()), tallies.values()))

    def sweep(self, tallies: Mapping[str, Tally]) -> None:
        """Adds all rows to the tallies of some columns."""
        start = 0

        def add(name: str, column: pa.ChunkedArray) -> None:
            with self.turn:
                self.add(tallies[name], name, column, start)

        for stretch in _ahead(self.table.stretches(list(tallies))):
            for _ in self.pool.map(add, stretch.column_names, stretch.columns):
                pass
            start += stretch.num_rows

    def add(self, tally: Tally, name: str, column: pa.ChunkedArray, start: int) -> None:
        """Adds some rows of a column to its tally."""
        try:
            tally.add(column, start)
        except pa.ArrowInvalid as error:
            raise _unreadable(self.table, name, error) from error

    def sample(self, field: pa.Field) -> ValueSample | None:
        """An empty sample for a grid; None if the grid is known or the column needs no grid."""
        needed = scale_of(field.type) is not None and self.grids[field.name] is None
        return ValueSample(self.sampled_rows) if needed else None

    def tally(self, field: pa.Field, sample: ValueSample | None) -> DetailTally:
        """An empty tally of a column; numbers and times are counted on its grid."""
        grid, scale = self.grids[field.name], scale_of(field.type)
        if grid:
            return NumberTally(grid)
        if sample and scale:
            return NumberTally(Grid.of(sample.values(), scale))
        if kind_of(field.type) is ColumnKind.TEXT:
            return TextTally(self.table.hashes(field.name))
        return BooleanTally() if kind_of(field.type) is ColumnKind.BOOLEAN else OtherTally()


def _sampled_rows(rows: int) -> Array | None:
    """Numbers of rows, ascending; None for all.

    From every stretch of rows one row is taken, at a position that changes from stretch to
    stretch: with even distances, a table with a row for every hour could show only one hour of
    the day. The length of a stretch is a power of two.

    Args:
        rows: Number of rows.
    """
    bits = max(0, math.ceil(math.log2(max(1, rows) / MOST_ROWS)))
    if not bits:
        return None
    stretches = np.arange((rows >> bits) + 1, dtype=np.int64)
    numbers = (stretches << bits) + (((stretches * MULTIPLIER) >> 16) & (2**bits - 1))
    return np.asarray(numbers[numbers < rows])


def _ahead(stretches: Iterator[pa.Table]) -> Iterator[pa.Table]:
    """The stretches; each is read while the previous one is counted."""
    with ThreadPoolExecutor(1) as pool:
        coming = pool.submit(next, stretches, None)
        while (stretch := coming.result()) is not None:
            coming = pool.submit(next, stretches, None)
            yield stretch


def _grid_of(table: Table, name: str, reference: Profile | None) -> Grid | None:
    """The reference's grid of a column, if both have the same kind of values."""
    column = reference.column(name) if reference else None
    type_ = table.columns.field(name).type
    if column is None or column.kind is not kind_of(type_):
        return None
    if not isinstance(column.detail, Numbers):
        return None
    are_instants = {name.startswith(("date", "timestamp")) for name in (column.type, str(type_))}
    return column.detail.grid if len(are_instants) == 1 else None


def _column(field: pa.Field, tallied: _Tallied, rows: int) -> Column:
    present, detail = tallied
    kind = kind_of(field.type)
    return Column(field.name, str(field.type), kind, rows, rows - present, detail)


def _unreadable(table: Table, column: str, error: pa.ArrowInvalid) -> StagebookError:
    reason = str(error).splitlines()[0]
    message = f"The column `{column}` cannot be profiled: {reason}."
    hint = "Write the file again, or leave the column out."
    return StagebookError(Problem("no-profile", message, hint, Where(table.path)))
