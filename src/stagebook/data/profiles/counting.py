"""Counts numbers and times in one pass over a column."""

from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa

from stagebook.data.profiles.column import Numbers
from stagebook.data.profiles.grid import Grid
from stagebook.data.profiles.quanta import BLOCK, Sums, sums
from stagebook.data.profiles.scale import Number
from stagebook.data.profiles.values import Values
from stagebook.data.tables.array import Array

STRETCH = 8 * BLOCK
"""Number of values that are taken from Arrow at a time."""

EXACT = 2**52
"""Whole numbers up to here, and their differences, are exact as doubles."""


@dataclass(slots=True)
class NumberTally:
    """The counts of a column on a grid so far.

    Attributes:
        grid: Its grid.
        present: How many values are not null.
    """

    grid: Grid
    present: int = 0
    _below: Array = field(init=False)
    _finite: int = 0
    _extremes: list[Number] = field(default_factory=list)
    _odd: list[int] = field(default_factory=lambda: [0, 0, 0])
    _sums: Sums = field(default_factory=Sums)

    def __post_init__(self) -> None:
        self._below = np.zeros(len(self.grid.edges), dtype=np.int64)

    def add(self, column: pa.ChunkedArray, start: int) -> None:
        """Counts more rows."""
        self.present += len(column) - column.null_count
        for chunk in column.chunks:
            for first in range(0, len(chunk), STRETCH):
                self._add(Values.of(chunk.slice(first, STRETCH)))

    def _add(self, stretch: Values) -> None:
        for place, number in enumerate((stretch.nan, stretch.below, stretch.above)):
            self._odd[place] += number
        values = stretch.finite
        if not len(values):
            return
        low, high = values.min().item(), values.max().item()
        # -0.0 and 0.0 are equal, and their order is random
        self._extremes = [min([low + 0, *self._extremes]), max([high + 0, *self._extremes])]
        self._finite += len(values)
        values = _comparable(values, low, high, self.grid)
        for first in range(0, len(values), BLOCK):
            block = np.sort(values[first : first + BLOCK])
            self._below += _below(block, self.grid.edges)
            self._sums += sums(block, self.grid)

    def detail(self) -> Numbers:
        """The counts and sums."""
        minimum, maximum = self._extremes or (None, None)
        nan, below, above = self._odd
        return Numbers(
            grid=self.grid,
            counts=tuple(np.diff(self._below, prepend=0, append=self._finite).tolist()),
            minimum=minimum,
            maximum=maximum,
            nan=nan,
            infinite_below=below,
            infinite_above=above,
            far=self._finite - self._sums.count,
            total=self._sums.total,
            squares=self._sums.squares,
        )


def _comparable(values: Array, low: Number, high: Number, grid: Grid) -> Array:
    """Values as doubles if that is exact, otherwise as 64-bit integers.

    The profile of a whole number on a grid of reals is that of the nearest double.
    """
    is_real = any(isinstance(mark, float) for mark in (grid.centre, *grid.edges[:1]))
    is_exact = low >= -EXACT and high <= EXACT and abs(grid.centre) <= EXACT
    if values.dtype.kind == "f" or is_real or is_exact:
        return values.astype(np.float64, copy=False)
    return values.astype(np.uint64 if values.dtype.kind == "u" else np.int64, copy=False)


def _below(values: Array, edges: tuple[Number, ...]) -> Array:
    """How many of some ascending values are below each edge."""
    if values.dtype.kind == "f":
        return values.searchsorted(np.array(edges, dtype=np.float64))
    bounds = np.iinfo(values.dtype)
    within = [max(int(edge), bounds.min) for edge in edges if edge <= bounds.max]
    beyond = np.full(len(edges) - len(within), len(values))
    return np.append(values.searchsorted(np.array(within, dtype=values.dtype)), beyond)
