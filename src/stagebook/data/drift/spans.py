"""The length of a reference's blocks: a stretch of time, or a number of rows."""

import enum
from bisect import bisect_right
from dataclasses import dataclass
from typing import Self

from stagebook.data.profiles.nice_edges import MONDAY, MONTH, month_start
from stagebook.data.profiles.scale import DAY


class Span(enum.StrEnum):
    """A stretch of time, which begins in UTC."""

    YEAR = "year"
    QUARTER = "quarter"
    MONTH = "month"
    WEEK = "week"
    DAY = "day"

    @property
    def length(self) -> int:
        """Its approximate length in microseconds."""
        days = {Span.YEAR: 365, Span.QUARTER: 91, Span.MONTH: 30, Span.WEEK: 7, Span.DAY: 1}
        return days[self] * DAY

    def start(self, microseconds: int) -> int:
        """The start of the block that contains an instant, in microseconds since 1970 in UTC."""
        if self is Span.DAY:
            return microseconds // DAY * DAY
        if self is Span.WEEK:
            return (microseconds - MONDAY) // (7 * DAY) * 7 * DAY + MONDAY
        guess = int(microseconds // MONTH) + 1970 * 12
        starts = [month_start(place) for place in range(guess - 1, guess + 3)]
        place = guess - 1 + bisect_right(starts, microseconds) - 1
        return month_start(place - place % {Span.YEAR: 12, Span.QUARTER: 3}.get(self, 1))


@dataclass(frozen=True, slots=True)
class RowCount:
    """A number of rows, in the order of the table.

    Attributes:
        count: The number of rows.
    """

    count: int

    @property
    def value(self) -> str:
        """The text that ``parse`` reads."""
        return f"{self.count} rows"

    @classmethod
    def parse(cls, text: str) -> Self:
        """The rows in a text such as ``5000`` or ``5000 rows``; ValueError otherwise."""
        count = int(text.removesuffix("rows").strip().replace("_", "").replace(",", ""))
        if count < 1:
            raise ValueError("no rows")
        return cls(count)


def parse(text: str) -> Span | RowCount:
    """The length in a text: a stretch of time, or a number of rows.

    Raises:
        ValueError: It is neither.
    """
    return Span(text) if text in list(Span) else RowCount.parse(text)


def fitting(length: float) -> Span:
    """The longest of month, week and day that is about as long as a stretch of time, or shorter.

    Args:
        length: In microseconds.
    """
    return next((span for span in (Span.MONTH, Span.WEEK) if length >= span.length / 2), Span.DAY)
