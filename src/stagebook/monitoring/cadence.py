"""Days, weeks and months: how long a period is."""

import calendar
import enum
from datetime import date, timedelta

from stagebook.data.drift.spans import Span


class Cadence(enum.StrEnum):
    """How long a period is."""

    DAY = "day"
    WEEK = "week"
    """From Monday to Sunday, with the number and the year of ISO 8601."""
    MONTH = "month"

    def name_of(self, day: date) -> str:
        """The name of the period that has a day.

        Example:
            >>> from datetime import date
            >>> from stagebook.monitoring.cadence import Cadence
            >>> [cadence.name_of(date(2027, 1, 1)) for cadence in Cadence]
            ['2027-01-01', '2026-W53', '2027-01']
        """
        if self is Cadence.WEEK:
            year, week, _ = day.isocalendar()
            return f"{year:04}-W{week:02}"
        return day.isoformat() if self is Cadence.DAY else day.isoformat()[:7]

    def first_of(self, day: date) -> date:
        """The first day of the period that has a day."""
        if self is Cadence.WEEK:
            return day - timedelta(days=day.weekday())
        return day if self is Cadence.DAY else day.replace(day=1)

    def last_of(self, day: date) -> date:
        """The last day of the period that has a day."""
        if self is Cadence.WEEK:
            return self.first_of(day) + timedelta(days=6)
        if self is Cadence.DAY:
            return day
        return day.replace(day=calendar.monthrange(day.year, day.month)[1])

    @property
    def in_a_year(self) -> int:
        """How many periods of this length a year has."""
        return {Cadence.DAY: 365, Cadence.WEEK: 52, Cadence.MONTH: 12}[self]

    @property
    def span(self) -> Span:
        """The length of a reference's blocks that a period is compared with."""
        return Span(self.value)
