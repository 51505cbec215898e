"""The profile of one column."""

import enum
import math
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Self

from stagebook.data.profiles.grid import Grid
from stagebook.data.profiles.moment import iso
from stagebook.data.profiles.scale import Number
from stagebook.data.profiles.sketch import Sketch

MOST_VALUES = 10_000
MOST_CHARACTERS = 1_000_000


class ColumnKind(enum.StrEnum):
    """How a column is profiled."""

    NUMBER = "number"
    TIME = "time"
    TEXT = "text"
    BOOLEAN = "boolean"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Numbers:
    """A column of numbers or times; times are microseconds, instants since 1970 in UTC.

    Attributes:
        grid: Its bins and its quantum.
        counts: Finite values in each bin, one more than there are edges: first those below
            ``edges[0]``, then those in ``edges[i] <= value < edges[i + 1]``, last those from
            ``edges[-1]`` upwards.
        minimum: The smallest finite value; None without a finite value. Times finer than a
            microsecond are cut, decimals are the nearest float.
        maximum: The largest finite value.
        nan: How many are not a number.
        infinite_below: How many are minus infinity.
        infinite_above: How many are plus infinity.
        far: How many finite values are too far out for the sums; mean and standard deviation
            leave them out.
        total: Sum of ``round((value - centre) / quantum)``, in quanta.
        squares: Sum of the squares of the same.
    """

    grid: Grid
    counts: tuple[int, ...]
    minimum: Number | None
    maximum: Number | None
    nan: int
    infinite_below: int
    infinite_above: int
    far: int
    total: int
    squares: int

    @property
    def infinite(self) -> int:
        """How many are plus or minus infinity."""
        return self.infinite_below + self.infinite_above

    @property
    def finite(self) -> int:
        """How many are finite."""
        return sum(self.counts)

    @property
    def mean(self) -> float | None:
        """The mean of the finite values that are not far, to half a quantum; None without any."""
        summed = self.finite - self.far
        if not summed:
            return None
        quantum = Fraction(2) ** self.grid.exponent
        return _float(Fraction(self.grid.centre) + quantum * Fraction(self.total, summed))

    @property
    def std(self) -> float | None:
        """The standard deviation, with n - 1, of the values in ``mean``; None below two values."""
        summed = self.finite - self.far
        if summed < 2:
            return None
        spread = Fraction(self.squares * summed - self.total**2, summed * (summed - 1))
        return math.sqrt(spread) * self.grid.quantum


@dataclass(frozen=True, slots=True)
class Texts:
    """A column of texts or of categories.

    Attributes:
        counts: How often each value occurs; None if there are more than ``MOST_VALUES``
            different values, or if together they are longer than ``MOST_CHARACTERS``.
        sketch: An estimate of the number of different values; None if they are counted, or if
            merged profiles were hashed by different versions of DuckDB.
        values: Number of values, without nulls.
        shortest: Length of the shortest, in characters; None without values.
        longest: Length of the longest.
        characters: Total length.
    """

    counts: Mapping[str, int] | None
    sketch: Sketch | None
    values: int
    shortest: int | None
    longest: int | None
    characters: int

    @classmethod
    def counted(cls, counts: Mapping[str, int]) -> Self:
        """The profile of values that are all counted, each at least once."""
        return cls(
            counts=dict(sorted(counts.items())),
            sketch=None,
            values=sum(counts.values()),
            shortest=min(map(len, counts), default=None),
            longest=max(map(len, counts), default=None),
            characters=sum(len(value) * n for value, n in counts.items()),
        )

    @property
    def distinct(self) -> int | None:
        """Number of different values: exact with ``counts``, or an estimate; None if unknown."""
        if self.counts is not None:
            return len(self.counts)
        return self.sketch.estimate if self.sketch else None

    @property
    def mean_length(self) -> float | None:
        """The mean length in characters; None without values."""
        return self.characters / self.values if self.values else None

    @property
    def ranked(self) -> tuple[tuple[str, int], ...]:
        """Values with counts, the most frequent first and equals by name; empty if not counted."""
        return tuple(sorted((self.counts or {}).items(), key=lambda item: (-item[1], item[0])))

    def top(self, most: int = 50) -> tuple[tuple[str, int], ...]:
        """The most frequent values with their counts; empty if not counted."""
        return self.ranked[:most]

    @property
    def rest(self) -> int:
        """How many values are not among the top 50; all of them if not counted."""
        return self.values - sum(count for _, count in self.top())

    @property
    def note(self) -> str:
        """Why something is missing, in words; empty if nothing is."""
        notes = []
        if self.counts is None:
            notes.append(
                f"more than {MOST_VALUES:,} different values, or more than {MOST_CHARACTERS:,} "
                "characters in them"
            )
        if self.counts is None and self.sketch is None:
            notes.append(
                "the number of different values is unknown: the profiles are from different "
                "versions of DuckDB"
            )
        return "; ".join(notes)


def small(counts: Mapping[str, int]) -> bool:
    """Whether a profile keeps these counts; if not, it keeps those of no union with them."""
    return len(counts) <= MOST_VALUES and sum(map(len, counts)) <= MOST_CHARACTERS


@dataclass(frozen=True, slots=True)
class Booleans:
    """A column of booleans.

    Attributes:
        true: How many are true.
        false: How many are false.
    """

    true: int
    false: int


Detail = Numbers | Texts | Booleans | None


@dataclass(frozen=True, slots=True)
class Column:
    """One column.

    Attributes:
        name: Its name.
        type: Its type, by Arrow's name.
        kind: How it is profiled.
        rows: Rows of the table.
        nulls: How many are null.
        detail: ``Numbers`` for numbers and times, otherwise by kind; None for other kinds.
    """

    name: str
    type: str
    kind: ColumnKind
    rows: int
    nulls: int
    detail: Detail

    def shown(self, value: Number | None) -> str:
        """A value for people: times in ISO 8601, numbers to six digits; empty for None."""
        if value is None:
            return ""
        return iso(value, self.type) if self.kind is ColumnKind.TIME else f"{value:.6g}"

    @property
    def spread(self) -> str:
        """The standard deviation for people; for times as a duration."""
        detail = self.detail
        if not isinstance(detail, Numbers) or detail.std is None:
            return ""
        return iso(detail.std, "duration") if self.kind is ColumnKind.TIME else f"{detail.std:.6g}"


def _float(value: Fraction) -> float:
    try:
        return float(value)
    except OverflowError:  # rounding can exceed the largest float by half a quantum
        return math.copysign(float.fromhex("0x1.fffffffffffffp+1023"), value)
