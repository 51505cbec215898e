"""Numbers and times, counted in one pass over a column."""

from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa

from stagebook.contracts.profiles.column import Numbers
from stagebook.contracts.profiles.frequent import Frequent
from stagebook.contracts.profiles.grid import Grid
from stagebook.contracts.profiles.places import Places
from stagebook.contracts.profiles.quanta import Sums, is_double, sums, weighted
from stagebook.contracts.profiles.scale import Number
from stagebook.contracts.profiles.scratch import BLOCK, ROOM
from stagebook.contracts.profiles.values import Values
from stagebook.contracts.tables.array import Array


@dataclass(slots=True)
class NumberTally:
    """A column on a grid, as far as it was counted.

    Attributes:
        grid: Its grid.
        frequent: Values that are counted by themselves, if some are frequent.
        present: How many values are not null.
    """

    grid: Grid
    frequent: Frequent | None = None
    present: int = 0
    _places: Places = field(init=False)
    _counts: Array = field(init=False)
    _wide_counts: Array = field(init=False)
    _rare: list[Array] = field(default_factory=list)
    _ends: list[Number] = field(default_factory=list)
    _odd: list[int] = field(default_factory=lambda: [0, 0, 0])
    _sums: Sums = field(default_factory=Sums)

    def __post_init__(self) -> None:
        self._places = Places.of(self.grid.edges)
        self._counts = self._places.empty
        self._wide_counts = np.zeros(len(self.grid.edges) + 1, dtype=np.int64)

    def add(self, column: pa.ChunkedArray, start: int) -> None:
        """Counts some rows more."""
        self.present += len(column) - column.null_count
        for chunk in column.chunks:
            for first in range(0, len(chunk), BLOCK):
                self._add(Values.of(chunk.slice(first, BLOCK)))

    def _add(self, block: Values) -> None:
        for place, number in enumerate((block.nan, block.below, block.above)):
            self._odd[place] += number
        values = block.finite
        if not len(values):
            return
        low, high = values.min().item(), values.max().item()
        # -0.0 and 0.0 are equal, and which of them comes first is chance
        self._ends = [min([low + 0, *self._ends]), max([high + 0, *self._ends])]
        if not is_double(values, low, high, self.grid):
            self._wide_counts += _searched(values, self.grid)
            self._sums += sums(values, low, high, self.grid)
        elif self.frequent:
            self._rare.append(self.frequent.count(_doubles(values)))
            if sum(map(len, self._rare)) > BLOCK:
                self._count_rare()
        else:
            self._count(_doubles(values), low, high)

    def _count(self, values: Array, low: Number, high: Number) -> None:
        self._counts += self._places.counts(values)
        self._sums += sums(values, low, high, self.grid)

    def _count_rare(self) -> None:
        """Counts what was left over of many blocks, which takes hardly longer than of one."""
        values, self._rare = np.concatenate(self._rare), []
        for first in range(0, len(values), BLOCK):
            self._count(values[first : first + BLOCK], *self._ends)

    def _count_frequent(self, values: Array, times: Array) -> None:
        places = np.searchsorted(self._places.edges, values, side="right")
        np.add.at(self._wide_counts, places, times)
        self._sums += weighted(values, times, self.grid)

    def found(self) -> Numbers:
        """What there is to say of the column."""
        if self._rare:
            self._count_rare()
        if self.frequent:
            self._count_frequent(*self.frequent.found())
            self.frequent = None
        counts = self._places.by_edge(self._counts) + self._wide_counts
        minimum, maximum = self._ends or (None, None)
        nan, below, above = self._odd
        return Numbers(
            grid=self.grid,
            counts=tuple(counts.tolist()),
            minimum=minimum,
            maximum=maximum,
            nan=nan,
            infinite_below=below,
            infinite_above=above,
            far=int(counts.sum()) - self._sums.count,
            total=self._sums.total,
            squares=self._sums.squares,
        )


def _doubles(values: Array) -> Array:
    if values.dtype == np.float64:
        return values
    np.copyto(ROOM.values[: len(values)], values)
    return ROOM.values[: len(values)]


def _searched(values: Array, grid: Grid) -> Array:
    """Counts by place, of whole numbers that doubles cannot hold."""
    bounds = np.iinfo(values.dtype)
    within = [edge for edge in grid.edges if bounds.min < edge <= bounds.max]
    reached = sum(edge <= bounds.min for edge in grid.edges)
    places = np.searchsorted(np.array(within, dtype=values.dtype), values, side="right")
    return np.bincount(places + reached, minlength=len(grid.edges) + 1)
