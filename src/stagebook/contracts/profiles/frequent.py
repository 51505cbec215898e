"""Values that are frequent in a column of numbers, each counted by itself."""

from dataclasses import dataclass, field
from typing import Self

import numpy as np

from stagebook.contracts.profiles.distinct import distinct
from stagebook.contracts.profiles.places import cells_of, spread
from stagebook.contracts.profiles.scratch import ROOM
from stagebook.contracts.tables.array import Array

LOOKED_AT = 10_000
"""Values of a sample that are looked at, about."""

MOST_VALUES = 4096
MOST_CELLS = 2**15


@dataclass(slots=True)
class Frequent:
    """Some values with counts: what is counted here needs neither a bin nor a sum of its own.

    Over the values lie cells of one width that hold at most one of them each, so that arithmetic
    finds the one that another value may be equal to.

    Attributes:
        owned: For each cell its value, or else NaN.
        first: The smallest value.
        per_unit: Cells in one unit.
    """

    owned: Array
    first: float
    per_unit: float
    _counts: Array = field(init=False)

    def __post_init__(self) -> None:
        self._counts = np.zeros(len(self.owned), dtype=np.int64)

    @classmethod
    def of(cls, sample: Array) -> Self | None:
        """The values of a sample; None if most of them are rare, or too near to each other."""
        some = np.ascontiguousarray(sample[:: max(1, len(sample) // LOOKED_AT)], dtype=np.float64)
        values = distinct(some)
        cells = (
            spread(values, MOST_CELLS) if len(values) <= min(MOST_VALUES, len(some) / 4) else None
        )
        if cells is None:
            return None
        per_unit, taken, number = cells
        owned = np.full(number + 1, np.nan)
        owned[taken] = values
        return cls(owned, values[0], per_unit)

    def count(self, values: Array) -> Array:
        """Counts those of a block's values that are among these.

        Args:
            values: Doubles that are finite.

        Returns:
            The others.
        """
        cells = cells_of(values, self.first, self.per_unit, len(self.owned) - 1)
        nearest = self.owned.take(cells, out=ROOM.step[: len(values)], mode="clip")
        known = np.equal(values, nearest, out=ROOM.reached[: len(values)])
        self._counts += np.bincount(cells, minlength=len(self.owned))
        if known.all():
            return values[:0]
        others = np.flatnonzero(~known)
        self._counts -= np.bincount(cells[others], minlength=len(self.owned))
        return values[others]

    def found(self) -> tuple[Array, Array]:
        """The values that there were, ascending, and how often."""
        used = np.flatnonzero(self._counts)
        return self.owned[used], self._counts[used]
