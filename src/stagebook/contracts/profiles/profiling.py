"""The profile of a table, counted over Arrow's batches."""

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Protocol

import pyarrow as pa

from stagebook.contracts.profiles.column import Booleans, Column, Detail, Kind, Numbers
from stagebook.contracts.profiles.counting import NumberTally
from stagebook.contracts.profiles.frequent import Frequent
from stagebook.contracts.profiles.grid import Grid
from stagebook.contracts.profiles.kinds import kind_of, scale_of
from stagebook.contracts.profiles.profile import Profile
from stagebook.contracts.profiles.sample import Sample, picked
from stagebook.contracts.profiles.scale import Array, Scale
from stagebook.contracts.profiles.texts import TextTally
from stagebook.contracts.tables.table import Table
from stagebook.errors import Problem, StagebookError, Where


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


def profile(table: Table, reference: Profile | None = None, threads: int = 2) -> Profile:
    """The profile of a table: the same to the byte for the same rows, however they are stored.

    Args:
        table: The table. Unless it is held in memory or small, it is read twice.
        reference: A profile to compare with. Its grids are taken over, for columns of the same
            kind; the others get their own.
        threads: How many columns are counted at a time.

    Raises:
        StagebookError: The table cannot be read, or a column holds what it cannot
            (``no-profile``).
    """
    table = table.held()
    rows = table.counted
    with ThreadPoolExecutor(threads) as pool:
        numbers = _numbers(table, rows, reference, pool)
        tallies = {field.name: numbers.get(field.name) or _tally(field) for field in table.columns}
        _sweep(table, tallies, pool)
        columns = zip(table.columns, pool.map(_found, tallies.values()), strict=True)
        return Profile(tuple(_column(*one, rows) for one in columns), rows)


def _sweep(table: Table, tallies: Mapping[str, Tally], pool: ThreadPoolExecutor) -> None:
    """Shows all rows to the tallies of some columns."""
    start = 0

    def add(name: str, column: pa.ChunkedArray) -> None:
        try:
            tallies[name].add(column, start)
        except pa.ArrowInvalid as error:
            raise _unreadable(table, name, error) from error

    for some in table.stretches(list(tallies)):
        for _ in pool.map(add, some.column_names, some.columns):
            pass
        start += some.num_rows


def _numbers(
    table: Table, rows: int, reference: Profile | None, pool: ThreadPoolExecutor
) -> Mapping[str, NumberTally]:
    """Tallies of the columns of numbers and times, on the reference's grids or on new ones."""
    scales = {one.name: scale for one in table.columns if (scale := scale_of(one.type))}
    grids = {name: grid for name in scales if (grid := _known(table, name, reference))}
    some = picked(rows)
    samples = {name: Sample(some) for name in scales if name not in grids}
    _sweep(table, samples, pool)
    fresh = pool.map(lambda name: _fresh(samples[name].values(), scales[name]), samples)
    known = {name: NumberTally(grid) for name, grid in grids.items()}
    return {**known, **dict(zip(samples, fresh, strict=True))}


def _fresh(sample: Array, scale: Scale) -> NumberTally:
    return NumberTally(Grid.of(sample, scale), Frequent.of(sample))


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


def _tally(field: pa.Field) -> DetailTally:
    kind = kind_of(field.type)
    if kind is Kind.TEXT:
        return TextTally()
    return BooleanTally() if kind is Kind.BOOLEAN else OtherTally()


def _found(tally: DetailTally) -> tuple[int, Detail]:
    return tally.present, tally.found()


def _column(field: pa.Field, found: tuple[int, Detail], rows: int) -> Column:
    present, detail = found
    kind = kind_of(field.type)
    return Column(field.name, str(field.type), kind, rows, rows - present, detail)


def _unreadable(table: Table, column: str, error: pa.ArrowInvalid) -> StagebookError:
    said = str(error).splitlines()[0]
    message = f"The column `{column}` cannot be counted: {said}."
    hint = "Write the file anew, or leave the column out."
    return StagebookError(Problem("no-profile", message, hint, Where(table.path)))
