"""Exact sums of whole quanta and of their squares, independent of the order."""

from dataclasses import dataclass
from typing import Self

import numpy as np

from stagebook.data.profiles.grid import REACH, Grid
from stagebook.data.profiles.scale import Number
from stagebook.data.tables.array import Array

BLOCK = 2**14
"""Values at a time: the sum of this many products of two digits is less than 2**63.

A block also fits into the cache of a processor, so sorting takes a few nanoseconds per value.
"""

DIGIT = 24
"""Bits of the lower of a quantum's two digits; the upper one has as many, since REACH is 2**48."""

BIGGEST = 1.7976931348623157e308
MOST_REACHING = 970  # 2**48 quanta of this exponent are still a float
HALF = 0.49999999999999994  # the double before 0.5: added, it never carries what is below a half
FEW = 4  # a block with a quarter as many different values is summed by different values


@dataclass(slots=True)
class Sums:
    """Sums over some values.

    Attributes:
        count: Number of values, without those that are far from the centre.
        total: Sum of ``round((value - centre) / quantum)``, halves away from zero.
        squares: Sum of the squares of the same.
    """

    count: int = 0
    total: int = 0
    squares: int = 0

    def __iadd__(self, other: "Sums") -> Self:
        self.count += other.count
        self.total += other.total
        self.squares += other.squares
        return self


def sums(values: Array, grid: Grid) -> Sums:
    """The sums of a block.

    Args:
        values: Shape (n,), n from 1 to ``BLOCK``, ascending; float64, int64 or uint64.
        grid: The grid, for the centre and the size of quanta.
    """
    first, last = _reach(values, grid)
    if values[0] < first or values[-1] > last:
        values = values[(values >= first) & (values <= last)]
    count = len(values)
    values, times = _different(values)
    quanta = _quanta(values, grid)
    high, low = quanta >> DIGIT, quanta & 2**DIGIT - 1
    highs, lows = (high, low) if times is None else (high * times, low * times)
    return Sums(
        count,
        (int(highs.sum()) << DIGIT) + int(lows.sum()),
        (int(high @ highs) << 2 * DIGIT) + (int(high @ lows) << DIGIT + 1) + int(low @ lows),
    )


def _different(values: Array) -> tuple[Array, Array | None]:
    """The different values and how often each occurs; all values and None if few repeat."""
    is_last = values[1:] != values[:-1]
    if np.count_nonzero(is_last) * FEW > len(values):
        return values, None
    last = np.flatnonzero(np.append(is_last, [True] * bool(len(values))))
    return values[last], np.diff(last, prepend=-1)


def _quanta(values: Array, grid: Grid) -> Array:
    """How many quanta lie between the centre and each value, as int64."""
    per_unit = 2.0**-grid.exponent
    if values.dtype.kind == "f":
        quanta = values * per_unit
        quanta -= float(grid.centre) * per_unit
    else:
        quanta = _apart(values, int(grid.centre)) * per_unit
    quanta += np.copysign(HALF, quanta)
    return quanta.astype(np.int64)  # which cuts towards zero


def _reach(values: Array, grid: Grid) -> tuple[Number, Number]:
    """The range of the values that enter the sums."""
    if values.dtype.kind == "f":
        reach = REACH * grid.quantum if grid.exponent < MOST_REACHING else BIGGEST
        middle = float(grid.centre)
        return max(middle - reach, -BIGGEST), min(middle + reach, BIGGEST)
    quanta = REACH << max(grid.exponent, 0) >> max(-grid.exponent, 0)
    return int(grid.centre) - quanta, int(grid.centre) + quanta


def _apart(values: Array, centre: int) -> Array:
    """Distances from the centre, which may need 65 bits, as the nearest doubles."""
    high, low = centre >> 32, centre & 0xFFFFFFFF
    upper = (values >> 32).astype(np.float64) - high
    lower = (values & 0xFFFFFFFF).astype(np.float64) - low
    return upper * 2.0**32 + lower
