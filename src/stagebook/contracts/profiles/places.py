"""Between which edges values lie, exactly, and mostly without a search."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from stagebook.contracts.profiles.scale import Number
from stagebook.contracts.profiles.scratch import ROOM
from stagebook.contracts.tables.array import Array

MOST_CELLS = 4096


@dataclass(frozen=True, slots=True)
class Places:
    """Edges, and cells of one width over them that hold at most one edge each.

    A value's cell is found by arithmetic. Each step of it keeps order, so a value in a later cell
    than an edge is above it, whatever was rounded; only the edge of its own cell, or else the last
    one before, it has to be compared with.

    Attributes:
        edges: The edges, ascending.
        per_unit: Cells in one unit; 0 where there are no such cells, and values are searched.
        owners: For each cell the position of its edge, or else of the last one before.
        owned: That edge.
    """

    edges: Array
    per_unit: float
    owners: Array
    owned: Array

    @classmethod
    def of(cls, edges: Sequence[Number]) -> "Places":
        """The places among these edges."""
        marks = np.array(edges, dtype=np.float64)
        cells = spread(marks, MOST_CELLS)
        if cells is None:
            return cls(marks, 0.0, np.arange(0), marks[:0])
        per_unit, taken, number = cells
        owners = np.searchsorted(taken, np.arange(number + 1), side="right") - 1
        return cls(marks, per_unit, owners, marks[owners])

    @property
    def empty(self) -> Array:
        """Counts of no value."""
        return np.zeros(2 * len(self.owners) or len(self.edges) + 1, dtype=np.int64)

    def counts(self, values: Array) -> Array:
        """How many of a block's values are where: for each cell below its edge, and from it on."""
        if not self.per_unit:
            found = np.searchsorted(self.edges, values, side="right")
            return np.bincount(found, minlength=len(self.edges) + 1)
        cells = cells_of(values, self.edges[0], self.per_unit, len(self.owners) - 1)
        size = len(values)
        edges = self.owned.take(cells, out=ROOM.step[:size], mode="clip")
        reached = np.greater_equal(values, edges, out=ROOM.reached[:size])
        cells += cells
        cells += reached
        return np.bincount(cells, minlength=2 * len(self.owners))

    def by_edge(self, counts: Array) -> Array:
        """Counts as ``counts`` gives them, summed by how many edges were reached."""
        if not self.per_unit:
            return counts
        places = np.repeat(self.owners, 2) + np.tile([0, 1], len(self.owners))
        found = np.zeros(len(self.edges) + 1, dtype=np.int64)
        np.add.at(found, places, counts)
        return found


def spread(marks: Array, most: int) -> tuple[float, Array, int] | None:
    """Cells of one width that hold at most one mark each.

    Args:
        marks: Doubles, ascending and different.
        most: So many cells at most.

    Returns:
        How many cells there are in one unit, the cells of the marks, and the number of the last
        cell; None if there are no such cells.
    """
    cells = len(marks)
    while 1 < cells <= most:
        with np.errstate(over="ignore", divide="ignore"):
            per_unit = float(cells / (marks[-1] - marks[0]))
        usable = 0 < per_unit < np.inf
        taken = cells_of(marks, marks[0], per_unit, cells).copy() if usable else marks[:0]
        if len(taken) and np.all(taken[1:] > taken[:-1]):  # they ascend, as the marks do
            return per_unit, taken, cells
        cells *= 2
    return None


@np.errstate(over="ignore")  # what is far out is clipped in any case
def cells_of(values: Array, first: float, per_unit: float, last: int) -> Array:
    """The cells of values, in room of the thread's own; those outside are in an outer cell."""
    scaled, cells = ROOM.step[: len(values)], ROOM.cells[: len(values)]
    np.subtract(values, first, out=scaled)
    scaled *= per_unit
    np.clip(scaled, 0, last, out=scaled)
    np.copyto(cells, scaled, casting="unsafe")
    return cells
