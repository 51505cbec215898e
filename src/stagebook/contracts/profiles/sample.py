"""Rows from all over a table, the same ones however it lies in files and row groups."""

import math
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa

from stagebook.contracts.profiles.values import Values
from stagebook.contracts.tables.array import Array
from stagebook.contracts.tables.arrow import to_arrow

MOST_ROWS = 100_000
MULTIPLIER = 2_654_435_761  # Knuth, The Art of Computer Programming 3, 6.4: 2**32 / golden ratio


def picked(rows: int) -> Array | None:
    """Numbers of rows, ascending; None for all.

    Of every stretch of rows one row is taken, at a place in it that changes from stretch to
    stretch: at even distances, a table with a row for every hour could show one hour of the day.
    A stretch is a power of two long.

    Args:
        rows: How many there are.
    """
    bits = max(0, math.ceil(math.log2(max(1, rows) / MOST_ROWS)))
    if not bits:
        return None
    stretches = np.arange((rows >> bits) + 1, dtype=np.int64)
    numbers = (stretches << bits) + (((stretches * MULTIPLIER) >> 16) & (2**bits - 1))
    return np.asarray(numbers[numbers < rows])


@dataclass(slots=True)
class Sample:
    """Values of a column of numbers or times.

    Attributes:
        rows: Numbers of the rows to take, ascending; None for all.
    """

    rows: Array | None
    _parts: list[Array] = field(default_factory=list)

    def add(self, column: pa.ChunkedArray, start: int) -> None:
        """Takes what is to be taken of some rows more, of which the first has this number."""
        for chunk in column.chunks:
            if self.rows is not None:
                first, last = np.searchsorted(self.rows, (start, start + len(chunk)))
                start += len(chunk)
                chunk = chunk.take(to_arrow(self.rows[first:last] - (start - len(chunk))))
            self._parts.append(Values.of(chunk).finite)

    def values(self) -> Array:
        """The values, without nulls."""
        return np.concatenate(self._parts) if self._parts else np.arange(0)
