"""The finite values of an Arrow array, and the counts of NaN and infinities."""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.types as types

from stagebook.data.profiles.kinds import scale_of
from stagebook.data.profiles.nice_edges import month_start
from stagebook.data.profiles.scale import DAY, Scale
from stagebook.data.tables.array import Array
from stagebook.data.tables.arrow import to_numpy

PER_SECOND = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}
FIRST_DAY = month_start(-289_999 * 12) // DAY
LAST_DAY = month_start(290_000 * 12) // DAY
"""Dates from 290000 BC to 290000; 64 bits of microseconds end 300 years beyond."""

LAST = 2**63 - 1
"""A timestamp of so many units before or after 1970 means infinity, as in PostgreSQL."""


@dataclass(frozen=True, slots=True)
class Values:
    """The values of an array of numbers or times, without nulls.

    Attributes:
        finite: The finite values: whole numbers as they are stored, reals as doubles, times in
            microseconds, cut; times that 64 bits cannot store are infinite.
        nan: How many are not a number.
        below: How many are minus infinity.
        above: How many are plus infinity.
    """

    finite: Array
    nan: int = 0
    below: int = 0
    above: int = 0

    @classmethod
    def of(cls, array: pa.Array) -> "Values":
        """The values of an array of numbers or times."""
        if array.null_count:
            array = array.drop_null()
        if types.is_integer(array.type):
            return cls(to_numpy(array))
        if scale_of(array.type) is Scale.REAL:
            return cls._of_reals(array)
        return cls._of_dates(array) if types.is_date(array.type) else cls._of_times(array)

    @classmethod
    def _of_reals(cls, array: pa.Array) -> "Values":
        if types.is_decimal(array.type):
            array = array.cast(pa.float64())
        reals = to_numpy(array).astype(np.float64, copy=False)
        # both extremes of an array with NaN are NaN
        if not len(reals) or (np.isfinite(reals.min()) and np.isfinite(reals.max())):
            return cls(reals)
        nan = int(np.count_nonzero(np.isnan(reals)))
        below, above = (int(np.count_nonzero(reals == item)) for item in (-np.inf, np.inf))
        return cls(reals[np.isfinite(reals)], nan, below, above)

    @classmethod
    def _of_dates(cls, array: pa.Array) -> "Values":
        days = to_numpy(array.cast(pa.date32()).view(pa.int32())).astype(np.int64)
        return cls._within(days, FIRST_DAY, LAST_DAY, DAY)

    @classmethod
    def _of_times(cls, array: pa.Array) -> "Values":
        bits, per_second = array.type.bit_width, PER_SECOND[array.type.unit]
        raw = to_numpy(array.view(pa.int32() if bits == 32 else pa.int64()))
        last = LAST - 1 if types.is_timestamp(array.type) else LAST
        if per_second > 10**6:
            values = cls._within(raw, -last, last, 1)
            finite = values.finite // (per_second // 10**6)
            return cls(finite, 0, values.below, values.above)
        unit = 10**6 // per_second
        return cls._within(raw.astype(np.int64, copy=False), -(last // unit), last // unit, unit)

    @classmethod
    def _within(cls, raw: Array, first: int, last: int, unit: int) -> "Values":
        """Units converted to microseconds, if 64 bits can store these."""
        below = int(np.count_nonzero(raw < first))
        above = int(np.count_nonzero(raw > last))
        if below or above:
            raw = raw[(raw >= first) & (raw <= last)]
        return cls(raw * unit if unit > 1 else raw, 0, below, above)
