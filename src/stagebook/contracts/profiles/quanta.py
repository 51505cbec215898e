"""Sums of whole quanta and of their squares, exactly, whatever the order."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Self

import numpy as np

from stagebook.contracts.profiles.grid import REACH, Grid
from stagebook.contracts.profiles.scale import Number
from stagebook.contracts.profiles.scratch import ROOM
from stagebook.contracts.tables.array import Array

EXACT = 2**52
"""Whole numbers up to here, and their differences, are exact as doubles."""

BIGGEST = 1.7976931348623157e308
MOST_REACHING = 970  # 2**48 quanta of this exponent are still a float
HALF = 0.49999999999999994  # the double before 0.5: added, it never carries what is below a half
DIGIT = 16
"""Bits of a digit: 2**20 products of two digits add up to what a double holds exactly."""


@dataclass(slots=True)
class Sums:
    """Sums over some values.

    Attributes:
        count: How many they are; values that are far from the centre are left out.
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


def is_double(values: Array, low: Number, high: Number, grid: Grid) -> bool:
    """Whether values between these can be counted and summed as doubles without any loss.

    The profile of a whole number on a grid of reals is that of the nearest double.
    """
    if values.dtype.kind == "f" or any(
        isinstance(one, float) for one in (grid.centre, *grid.edges[:1])
    ):
        return True
    return low >= -EXACT and high <= EXACT and abs(grid.centre) <= EXACT


def sums(values: Array, low: Number, high: Number, grid: Grid) -> Sums:
    """The sums of a block.

    Args:
        values: Doubles, or whole numbers that doubles cannot hold.
        low: The smallest of them.
        high: The largest.
        grid: Where quanta are counted from, and how large they are.
    """
    first, last = _reach(values, grid)
    if low < first or high > last:
        values = values[(values >= first) & (values <= last)]
    return _sums(_quanta(values, grid)) if len(values) else Sums()


def weighted(values: Array, times: Array, grid: Grid) -> Sums:
    """The sums of doubles that occur so many times each."""
    first, last = _reach(values, grid)
    near = (values >= first) & (values <= last)
    quanta = _quanta(values[near], grid).astype(np.int64).astype(object)
    count = times[near].astype(object)
    return Sums(int(count.sum()), int((quanta * count).sum()), int((quanta**2 * count).sum()))


def _quanta(values: Array, grid: Grid) -> Array:
    """How many quanta lie between the centre and each value, in room of the thread's own."""
    per_unit = 2.0**-grid.exponent
    quanta, step = ROOM.digits[0, : len(values)], ROOM.step[: len(values)]
    if values.dtype.kind == "f":
        np.multiply(values, per_unit, out=quanta)
        quanta -= float(grid.centre) * per_unit
    else:
        np.multiply(_apart(values, int(grid.centre)), per_unit, out=quanta)
    quanta += np.copysign(HALF, quanta, out=step)
    return np.trunc(quanta, out=quanta)


def _reach(values: Array, grid: Grid) -> tuple[Number, Number]:
    """Between which values they enter the sums."""
    if values.dtype.kind == "f":
        reach = REACH * grid.quantum if grid.exponent < MOST_REACHING else BIGGEST
        middle = float(grid.centre)
        return max(middle - reach, -BIGGEST), min(middle + reach, BIGGEST)
    quanta = REACH << max(grid.exponent, 0) >> max(-grid.exponent, 0)
    return int(grid.centre) - quanta, int(grid.centre) + quanta


def _apart(values: Array, centre: int) -> Array:
    """How far they are from the centre, as the nearest doubles; it may need 65 bits."""
    high, low = centre >> 32, centre & 0xFFFFFFFF
    upper = (values >> 32).astype(np.float64) - high
    lower = (values & 0xFFFFFFFF).astype(np.float64) - low
    return upper * 2.0**32 + lower


def _sums(quanta: Array) -> Sums:
    """The sums, from products of digits, which doubles hold exactly."""
    digits = list(_digits(quanta))
    found = Sums(len(quanta))
    for place, one in enumerate(digits):
        found.total += int(one.sum()) << DIGIT * place
        found.squares += int(np.einsum("i,i", one, one)) << 2 * DIGIT * place
        for above, other in enumerate(digits[place + 1 :], place + 1):
            product = int(np.einsum("i,i", one, other))
            found.squares += product << DIGIT * (place + above) + 1
    return found


def _digits(quanta: Array) -> Iterator[Array]:
    """The lowest digit first; the last one has the sign."""
    step, largest = ROOM.step[: len(quanta)], max(quanta.max(), -quanta.min())
    for upper in ROOM.digits[1:, : len(quanta)]:
        if largest < 2**DIGIT:
            break
        np.multiply(quanta, 2.0**-DIGIT, out=upper)
        np.floor(upper, out=upper)
        quanta -= np.multiply(upper, 2.0**DIGIT, out=step)
        yield quanta
        quanta, largest = upper, largest * 2.0**-DIGIT
    yield quanta
