"""The profile of a table, counted over Arrow's batches."""

from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from itertools import repeat
from typing import Protocol

import pyarrow as pa

from stagebook.contracts.profiles.column import Booleans, Column, Detail, Kind, Numbers
from stagebook.contracts.profiles.counting import NumberTally
from stagebook.contracts.profiles.frequent import Frequent
from stagebook.contracts.profiles.grid import Grid
from stagebook.contracts.profiles.kinds import kind_of, scale_of
from stagebook.contracts.profiles.profile import Profile
from stagebook.contracts.profiles.sample import Sample, picked
from stagebook.contracts.profiles.texts import TextTally
from stagebook.contracts.tables.array import Array
from stagebook.contracts.tables.table import Table
from stagebook.errors import Problem, StagebookError, Where

_Found = tuple[int, Detail]
"""How many values of a column are not null, and what there is to say of them."""


class Tally(Protocol):
    """What is known of a column of which some rows were seen."""

    def add(self, column: pa.ChunkedArray, start: int) -> None:
        """Looks at some rows more; ``start`` is the number of the first."""


class DetailTally(Tally, Protocol):
    """A tally of all that a profile says of a column."""

    present: int

    def found(self) -> Detail:
        """What there is to say of the rows that were seen."""


@dataclass(slots=True)
class BooleanTally:
    """A column of booleans, as far as it was counted."""

    present: int = 0
    true: int = 0

    def add(self, column: pa.ChunkedArray, start: int) -> None:
        """Counts some rows more."""
        self.present += len(column) - column.null_count
        self.true += sum(chunk.true_count for chunk in column.chunks)

    def found(self) -> Booleans:
        """What there is to say of the column."""
        return Booleans(self.true, self.present - self.true)


@dataclass(slots=True)
class OtherTally:
    """A column of which only nulls are counted."""

    present: int = 0

    def add(self, column: pa.ChunkedArray, start: int) -> None:
        """Counts some rows more."""
        self.present += len(column) - column.null_count

    def found(self) -> None:
        """Nothing."""


def profile(
    table: Table,
    reference: Profile | None = None,
    threads: int = 2,
    turn: AbstractContextManager[object] | None = None,
) -> Profile:
    """The profile of a table: the same to the byte for the same rows, however they are stored.

    Args:
        table: The table. Unless it is held in memory or small, it is read twice.
        reference: A profile to compare with. Its grids are taken over, for columns of the same
            kind; the others get their own.
        threads: How many columns are counted at a time.
        turn: Entered for each column, so that whoever has other work for the processors can let
            some of the threads wait.

    Raises:
        StagebookError: The table cannot be read, or a column holds what it cannot
            (``no-profile``).
    """
    table = table.held()
    rows = table.counted
    grids = {one.name: _known(table, one.name, reference) for one in table.columns}
    with ThreadPoolExecutor(threads) as pool:
        run = _Run(table, grids, picked(rows), pool, turn or nullcontext())
        found = run.by_batch() if table.memory is None else run.by_column(table.memory)
        return Profile(tuple(map(_column, table.columns, found, repeat(rows))), rows)


@dataclass(frozen=True, slots=True)
class _Run:
    """What is needed to count one table.

    Attributes:
        table: The table.
        grids: By column, its grid where that is known.
        picked: Numbers of the rows that other grids are made of.
        pool: Counts columns.
        turn: What a thread enters before it does.
    """

    table: Table
    grids: Mapping[str, Grid | None]
    picked: Array | None
    pool: ThreadPoolExecutor
    turn: AbstractContextManager[object]

    def by_column(self, rows: pa.Table) -> list[_Found]:
        """Counts rows that are held: a column at one go, while its values are at hand."""

        def count(field: pa.Field) -> _Found:
            with self.turn:
                sample = self.sample(field)
                if sample:
                    self.add(sample, field.name, rows[field.name], 0)
                tally = self.tally(field, sample)
                self.add(tally, field.name, rows[field.name], 0)
                return tally.present, tally.found()

        return list(self.pool.map(count, self.table.columns))

    def by_batch(self) -> list[_Found]:
        """Counts a table that is read twice, all columns of a batch after each other."""
        fields = list(self.table.columns)
        samples = {one.name: sample for one in fields if (sample := self.sample(one))}
        self.sweep(samples)
        made = self.pool.map(lambda one: self.tally(one, samples.get(one.name)), fields)
        tallies = dict(zip(self.table.columns.names, made, strict=True))
        self.sweep(tallies)
        return list(self.pool.map(lambda one: (one.present, one.found()), tallies.values()))

    def sweep(self, tallies: Mapping[str, Tally]) -> None:
        """Shows all rows to the tallies of some columns."""
        start = 0

        def add(name: str, column: pa.ChunkedArray) -> None:
            with self.turn:
                self.add(tallies[name], name, column, start)

        for some in _ahead(self.table.stretches(list(tallies))):
            for _ in self.pool.map(add, some.column_names, some.columns):
                pass
            start += some.num_rows

    def add(self, tally: Tally, name: str, column: pa.ChunkedArray, start: int) -> None:
        """Shows some rows of a column to its tally."""
        try:
            tally.add(column, start)
        except pa.ArrowInvalid as error:
            raise _unreadable(self.table, name, error) from error

    def sample(self, field: pa.Field) -> Sample | None:
        """What a grid is to be made of; None where one is known or none is needed."""
        needed = scale_of(field.type) is not None and self.grids[field.name] is None
        return Sample(self.picked) if needed else None

    def tally(self, field: pa.Field, sample: Sample | None) -> DetailTally:
        """An empty tally of a column; of numbers and times on its grid."""
        grid, scale = self.grids[field.name], scale_of(field.type)
        if grid:
            return NumberTally(grid)
        if sample and scale:
            values = sample.values()
            return NumberTally(Grid.of(values, scale), Frequent.of(values))
        if kind_of(field.type) is Kind.TEXT:
            return TextTally(self.table.hashes(field.name))
        return BooleanTally() if kind_of(field.type) is Kind.BOOLEAN else OtherTally()


def _ahead(stretches: Iterator[pa.Table]) -> Iterator[pa.Table]:
    """The same, each read while the one before it is looked at."""
    with ThreadPoolExecutor(1) as beside:
        coming = beside.submit(next, stretches, None)
        while (found := coming.result()) is not None:
            coming = beside.submit(next, stretches, None)
            yield found


def _known(table: Table, name: str, reference: Profile | None) -> Grid | None:
    """The reference's grid of a column, if both hold the same sort of values."""
    column = reference.column(name) if reference else None
    type_ = table.columns.field(name).type
    if column is None or column.kind is not kind_of(type_):
        return None
    if not isinstance(column.detail, Numbers):
        return None
    instants = [one.startswith(("date", "timestamp")) for one in (column.type, str(type_))]
    return column.detail.grid if instants[0] == instants[1] else None


def _column(field: pa.Field, found: _Found, rows: int) -> Column:
    present, detail = found
    kind = kind_of(field.type)
    return Column(field.name, str(field.type), kind, rows, rows - present, detail)


def _unreadable(table: Table, column: str, error: pa.ArrowInvalid) -> StagebookError:
    said = str(error).splitlines()[0]
    message = f"The column `{column}` cannot be counted: {said}."
    hint = "Write the file anew, or leave the column out."
    return StagebookError(Problem("no-profile", message, hint, Where(table.path)))
