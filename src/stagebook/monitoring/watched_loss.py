"""One daily loss of a deployed model, compared with that of the package's test split."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import stdev
from typing import Any

from stagebook.monitoring.change_detector import (
    BETS,
    DAYS,
    ChangeDetector,
    limit_of,
    resampled_rate,
)

ALPHA = 0.05
"""How often the mean loss of the reference may be above its confidence limit."""

RECENT = 28
"""Days whose mean loss says whether an alarm is over."""


@dataclass(frozen=True, slots=True)
class WatchedLoss:
    """A daily loss, and the days on which its rise was noticed.

    Attributes:
        name: ``ranking`` for one minus the AUC, or ``error`` for the Brier score or the error.
        source: ``estimate`` or ``labels``.
        reference: Its mean over the reference's days.
        limit: The limit that it must not rise above for long.
        days: Its value by day, ascending.
        alarms: The days on which a rise was noticed.
        resampled: False alarms in a year when the reference's own days go on; None if the
            reference has too few days.
        reference_error: The standard error of ``reference``; a day is one observation.
    """

    name: str
    source: str
    reference: float
    limit: float
    days: Mapping[str, float]
    alarms: tuple[str, ...]
    resampled: float | None
    reference_error: float = 0.0

    @classmethod
    def of(
        cls,
        name: str,
        source: str,
        reference: Mapping[str, float],
        days: Mapping[str, float],
        rate: float,
        tolerance: float = 0.0,
    ) -> "WatchedLoss | None":
        """Looks through all days.

        Args:
            name: The loss.
            source: Where its values come from.
            reference: The losses of the reference's days.
            days: The losses of the days to judge.
            rate: False alarms in a year that are expected at most.
            tolerance: A rise that does no harm.

        Returns:
            None if the reference has fewer than two days.
        """
        ordered = [reference[day] for day in sorted(reference)]
        limit = limit_of(ordered, ALPHA, tolerance)
        if limit is None:
            return None
        between = max(DAYS / rate, 1.0)  # more than an alarm a day is every day
        current = ChangeDetector.start(limit, between)
        alarms = []
        for day in sorted(days):
            current = current.update(days[day])
            if current.alarm:
                alarms.append(day)
                current = replace(current, evidence=(0.0,) * BETS)
        rate_seen = resampled_rate(ordered, ALPHA, between, tolerance)
        own = {day: days[day] for day in sorted(days)}
        error = stdev(ordered) / math.sqrt(len(ordered))
        return cls(name, source, _mean(ordered), limit, own, tuple(alarms), rate_seen, error)

    @property
    def recent(self) -> float | None:
        """The mean of the last days; None without days."""
        last = list(self.days.values())[-RECENT:]
        return _mean(last) if last else None

    @property
    def means(self) -> Mapping[str, float]:
        """By day, the mean of it and the days before it, as many as ``recent`` has."""
        values = list(self.days.values())
        windows = (values[max(0, end - RECENT) : end] for end in range(1, len(values) + 1))
        return {
            day: sum(window) / len(window) for day, window in zip(self.days, windows, strict=True)
        }

    @property
    def risen(self) -> bool:
        """Whether a rise was noticed, and has not ended since.

        It has ended when the mean of the last days, from its beginning on, is within the limit.
        """
        return bool(self.since)

    @property
    def unproven(self) -> bool:
        """Whether the last days are above the limit, without enough evidence for an alarm."""
        return not self.alarms and (self.recent or 0.0) > self.limit

    @property
    def since(self) -> str:
        """The day from which on the loss has been above the limit; empty if it has not risen."""
        names, losses = list(self.days), list(self.days.values())
        alarms = set(self.alarms)
        began, searched = None, 0
        for place, name in enumerate(names):
            if began is None:
                if name in alarms:
                    began = searched + _rise(losses[searched : place + 1], self.limit)
            elif _mean(losses[max(began, place + 1 - RECENT) : place + 1]) <= self.limit:
                began, searched = None, place + 1
        return "" if began is None else names[began]

    def as_json(self) -> dict[str, Any]:
        """Plain values."""
        return {
            "name": self.name,
            "source": self.source,
            "reference": self.reference,
            "reference_error": self.reference_error,
            "limit": self.limit,
            "recent": self.recent,
            "risen": self.risen,
            "since": self.since or None,
            "alarms": list(self.alarms),
            "resampled_false_alarms": self.resampled,
            "days": [[day, loss] for day, loss in self.days.items()],
        }


def _mean(losses: Sequence[float]) -> float:
    return sum(losses) / len(losses)


def _rise(losses: Sequence[float], limit: float) -> int:
    """The place of the first loss of a rise that was noticed at the last one.

    The alarm comes later than the rise, when there is enough evidence. The rise began where the sum
    of the distances to the limit, from there to the alarm, is largest. Source: Page, Continuous
    inspection schemes, Biometrika 41, 1954.
    """
    total, least, place = 0.0, 0.0, 0
    for number, loss in enumerate(losses[:-1], start=1):
        total += loss - limit
        if total < least:
            least, place = total, number
    return place
