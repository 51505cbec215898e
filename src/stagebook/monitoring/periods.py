"""Days as weeks and months, and the days between them that had no requests."""

import itertools
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Literal

from stagebook.monitoring import side_summary
from stagebook.monitoring.cadence import Cadence
from stagebook.monitoring.day_summary import DaySummary, merge
from stagebook.monitoring.side_summary import SideSummary

_DAY = timedelta(days=1)

Side = Literal["features", "answers"]


@dataclass(frozen=True, slots=True)
class Period:
    """A day, week or month of one package.

    Attributes:
        cadence: How long it is.
        name: Such as ``2026-11-29``, ``2026-W48`` or ``2026-11``.
        first: Its first day.
        last: Its last day.
        summary: All its days together; without features and predictions if there are parts.
        parts: Its days, if ``side`` has to merge their features and predictions.
    """

    cadence: Cadence
    name: str
    first: date
    last: date
    summary: DaySummary
    parts: tuple[DaySummary, ...] = ()

    def rows(self, side: Side) -> int | None:
        """How many rows have a side; None if it was not counted."""
        own = self._sides(side)
        return sum(part.rows for part in own) if own else None

    def side(self, side: Side) -> SideSummary | None:
        """The features or the predictions of all its days; None if they were not counted.

        They are merged when they are asked for: of a closed period nobody asks again.
        """
        own = self._sides(side)
        return side_summary.merge(own) if own else None

    def _sides(self, side: Side) -> list[SideSummary]:
        days = self.parts or (self.summary,)
        return [own for day in days if (own := getattr(day, side)) is not None]

    @property
    def days(self) -> int:
        """How many of its days have a summary; a running or first period has fewer than others."""
        return len(self.summary.days)

    @property
    def length(self) -> int:
        """How many days it has in the calendar."""
        return (self.last - self.first).days + 1

    def is_edge(self, first: str, last: str) -> bool:
        """Whether a log may begin or end within it.

        Args:
            first: The log's first day.
            last: The log's last day.
        """
        return self.first.isoformat() <= first or self.last.isoformat() >= last


@dataclass(frozen=True, slots=True)
class Gap:
    """Days without any request, one after the other, between days with some.

    Attributes:
        first: The first of them.
        last: The last of them.
    """

    first: date
    last: date

    @property
    def days(self) -> int:
        """How many days these are."""
        return (self.last - self.first).days + 1


def periods(
    summaries: Iterable[DaySummary], cadence: Cadence, *, has_parts: bool = False
) -> tuple[Period, ...]:
    """The periods that have a summary, ascending.

    Args:
        summaries: Each of one day; in any order, all of one package.
        cadence: How long a period is.
        has_parts: Whether features and predictions are merged only when they are asked for.

    Raises:
        StagebookError: The summaries are of different packages (``packages-differ``).
        ValueError: A summary is not of one calendar day.
    """
    days: dict[str, list[DaySummary]] = defaultdict(list)
    first_days: dict[str, date] = {}
    for summary in summaries:
        day = _day_of(summary)
        name = cadence.name_of(day)
        days[name].append(summary)
        first_days[name] = cadence.first_of(day)
    return tuple(
        _period(cadence, name, first, days[name], has_parts)
        for name, first in sorted(first_days.items(), key=lambda item: item[1])
    )


def _period(
    cadence: Cadence, name: str, first: date, days: Sequence[DaySummary], has_parts: bool
) -> Period:
    last = cadence.last_of(first)
    if not has_parts or len(days) == 1:
        return Period(cadence, name, first, last, merge(days))
    return Period(cadence, name, first, last, merge(without_sides(days)), tuple(days))


def without_sides(days: Iterable[DaySummary]) -> list[DaySummary]:
    """The same days without features and predictions, which take long to merge."""
    return [replace(day, features=None, answers=None) for day in days]


def gaps(summaries: Iterable[DaySummary]) -> tuple[Gap, ...]:
    """The stretches of days without any request between days with some, ascending.

    Args:
        summaries: Each of one day; in any order, also of several packages.

    Raises:
        ValueError: A summary is not of one calendar day.
    """
    busy = sorted(
        {_day_of(summary) for summary in summaries if summary.requests or summary.shadow.requests}
    )
    pairs = itertools.pairwise(busy)
    return tuple(
        Gap(earlier + _DAY, later - _DAY) for earlier, later in pairs if later - earlier > _DAY
    )


def calendar_day(name: str) -> date | None:
    """The day of a name such as ``2026-11-29``; None for any other text."""
    try:
        day = date.fromisoformat(name)
    except ValueError:
        return None
    return day if day.isoformat() == name else None


def _day_of(summary: DaySummary) -> date:
    day = calendar_day(summary.days[0]) if len(summary.days) == 1 else None
    if day is None:
        raise ValueError(f"not a summary of one day: {', '.join(summary.days)}")
    return day
