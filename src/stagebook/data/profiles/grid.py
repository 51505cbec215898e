"""The grid of a column of numbers: its bins, and the resolution of its sums."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from stagebook.data.profiles import nice_edges
from stagebook.data.profiles.scale import Number, Scale
from stagebook.data.tables.array import Array

REACH = 2**48
"""Largest distance in quanta from the centre within the sums; squares then fit into 128 bits."""

FINENESS = 31
"""A column's range is this power of two in quanta, or half of it."""

FEW = 50
"""Whole numbers with at most this many different values get one bin for each value."""

TAIL = 0.005
"""The share of values that may be outside the edges on each side."""

MOST_EXPONENT = 1000
WHOLE_EXPONENT = -10  # fine enough for fractions in a later batch, with room for large values
SPAN_EXPONENT = 16  # in microseconds: 2**48 quanta of it reach over all of 64 bits


@dataclass(frozen=True, slots=True)
class Grid:
    """The grid that is chosen once, from the reference, for all profiles to compare.

    A bin contains its lower edge and not its upper one. The open tails are also bins: below the
    first edge, and from the last edge upwards. Sums are sums of whole quanta, which are the same
    in any order; so profiles repeat to the byte and can be merged.

    Attributes:
        edges: Ascending, in the column's unit, for times in microseconds; empty if the reference
            has no finite value, and then all values are in one bin.
        centre: Where quanta are counted from.
        exponent: A quantum is two to this power.
    """

    edges: tuple[Number, ...]
    centre: Number
    exponent: int

    @property
    def quantum(self) -> float:
        """The unit of the sums, in the column's unit."""
        return 2.0**self.exponent

    @classmethod
    def of(cls, sample: Sequence[Number] | Array, scale: Scale) -> "Grid":
        """The grid for values like these.

        Args:
            sample: Finite values, in any order; whole ones for every scale except reals.
            scale: Their scale.
        """
        if not len(sample):
            return cls((), 0, _EMPTY[scale])
        # -0.0 and 0.0 are equal, and their order is random
        sample = np.asarray(sample) + 0
        low, high = sample.min().item(), sample.max().item()
        if scale is Scale.REAL:
            centre = low / 2 + high / 2 if low < high else low
            return cls(_real_edges(sample), centre, _exponent(low, high))
        exponent = _exponent(low, high)
        if scale is Scale.WHOLE:
            edges = _few(sample) or _between(sample, scale)
            return cls(edges, (int(low) + int(high)) // 2, max(exponent, WHOLE_EXPONENT))
        return cls(_between(sample, scale), (int(low) + int(high)) // 2, max(exponent, 0))


_EMPTY = {
    Scale.WHOLE: 0,
    Scale.REAL: -20,
    Scale.INSTANT: SPAN_EXPONENT,
    Scale.DATE: SPAN_EXPONENT,
    Scale.SPAN: SPAN_EXPONENT,
}


def _exponent(low: Number, high: Number) -> int:
    """The power of two of a quantum; for a constant, by its size."""
    half = (high / 2 - low / 2) or abs(high) / 2 or 0.5
    exponent = math.frexp(half)[1] + 1 - FINENESS
    return max(-MOST_EXPONENT, min(MOST_EXPONENT, exponent))


def _real_edges(sample: Array) -> tuple[Number, ...]:
    if (few := _few(sample)) and _are_whole(sample):
        return tuple(float(edge) for edge in few)
    low, high = _middle(sample)
    edges = nice_edges.reals(low, high) if low < high else ()
    if len(edges) > 1:
        return edges
    above = math.nextafter(high, math.inf)
    return (low, above) if math.isfinite(above) else (low,)


def _are_whole(sample: Array) -> bool:
    return bool(np.all(np.abs(sample) < 2**53) and np.all(sample == np.floor(sample)))


def _between(sample: Array, scale: Scale) -> tuple[Number, ...]:
    low, high = (int(value) for value in _middle(sample))
    if low == high:
        return (low, low + 1)
    if scale is Scale.WHOLE:
        return nice_edges.wholes(low, high)
    if scale is Scale.SPAN:
        return nice_edges.spans(low, high)
    return nice_edges.instants(low, high, scale)


def _middle(sample: Array) -> tuple[Number, Number]:
    """The outer quantiles, each a value of the sample."""
    cut = math.floor(TAIL * len(sample))
    ordered = np.partition(sample, [cut, len(sample) - 1 - cut])
    return ordered[cut].item(), ordered[-1 - cut].item()


def _few(sample: Array) -> tuple[int, ...]:
    """One bin for each value; empty if there are too many values, or too few of each."""
    low, high = int(sample.min()), int(sample.max())
    if high - low < FEW:
        return tuple(range(low, high + 2))
    if len(np.unique(sample[:: max(1, len(sample) // 1000)])) > FEW:
        return ()
    values = _different(sample)
    if len(values) > FEW or len(sample) < 10 * len(values):
        return ()
    return (*(int(value) for value in values), int(values[-1]) + 1)


def _different(sample: Array) -> Array:
    """The different values, ascending; 0.0 and -0.0 count as one."""
    from stagebook.data.tables.arrow import to_arrow, to_numpy

    values = np.sort(to_numpy(to_arrow(sample).unique()))  # few values are left to sort
    return values[np.append(True, values[1:] > values[:-1])] if len(values) else values
