"""Whether a daily loss has risen above a limit; false alarms are rarer than a set rate."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, Self

import numpy as np
import numpy.typing as npt

BETS = 12
"""How many sizes of a rise the detector is prepared for."""

DAYS = 365
"""Days of a year."""

_SMALLEST = 0.5
_LARGEST = 0.9
"""The largest bet, as a share of the one that a day without loss could ruin."""


@dataclass(frozen=True, slots=True)
class ChangeDetector:
    """Watches the loss of each day, from 0 to 1, such as a Brier score or one minus the AUC.

    A day counts as one observation, since rows of one day share its weather, holidays and
    failures. As long as the expected loss of a day, given the days before, is at most the limit,
    the mean number of days until a false alarm is at least ``days_between``. A rise is noticed as
    soon after years as in the first week. Source: Shin, Ramdas and Rinaldo, E-detectors: a
    nonparametric framework for sequential change detection, New England Journal of Statistics in
    Data Science 2, 2024: the Shiryaev-Roberts detector, averaged over bets; Waudby-Smith and
    Ramdas, Estimating means of bounded random variables by betting, 2024, for ``1 + bet (x - m)``.

    Attributes:
        limit: The largest loss that is none of our business.
        days_between: The least mean number of days between false alarms.
        evidence: For each bet, the sum over all days since the start of the evidence that the loss
            rose on that day.

    Example:
        >>> from stagebook.monitoring.change_detector import ChangeDetector
        >>> detector = ChangeDetector.start(limit=0.15, days_between=1000)
        >>> days = 0
        >>> while not detector.alarm:
        ...     detector, days = detector.update(0.25), days + 1
        >>> days
        17
    """

    limit: float
    days_between: float
    evidence: tuple[float, ...] = (0.0,) * BETS

    @classmethod
    def start(cls, limit: float, days_between: float) -> Self:
        """A detector before the first day.

        Args:
            limit: Above 0 and below 1.
            days_between: At least 1.

        Raises:
            ValueError: An argument is impossible.
        """
        if not 0 < limit < 1 or not days_between >= 1:
            raise ValueError("a detector needs a limit between 0 and 1, and at least one day")
        return cls(limit, days_between)

    @property
    def bets(self) -> npt.NDArray[np.float64]:
        """The bets: small ones find small rises, large ones find large rises sooner."""
        largest = _LARGEST / self.limit
        return np.geomspace(min(_SMALLEST, largest / 2), largest, BETS)

    def update(self, loss: float) -> Self:
        """The detector after one more day.

        Args:
            loss: The loss of the day, from 0 to 1.
        """
        if not 0 <= loss <= 1:
            raise ValueError(f"a loss of {loss} is not from 0 to 1")
        factors = 1 + self.bets * (loss - self.limit)
        # beyond the threshold more evidence says nothing, and would overflow after years
        most = BETS * self.days_between * 2
        evidence = np.minimum((np.array(self.evidence) + 1) * factors, most)
        return replace(self, evidence=tuple(map(float, evidence)))

    @property
    def total(self) -> float:
        """The evidence of all bets together; its expected growth is at most 1 per day."""
        return math.fsum(self.evidence) / BETS

    @property
    def alarm(self) -> bool:
        """Whether the loss has risen."""
        return self.total >= self.days_between

    def as_json(self) -> dict[str, Any]:
        """Plain values."""
        return {
            "limit": self.limit,
            "days_between": self.days_between,
            "evidence": list(self.evidence),
        }

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Self:
        """The detector in plain values; a KeyError, TypeError or ValueError if they are not."""
        evidence = tuple(map(float, values["evidence"]))
        if len(evidence) != BETS:
            raise ValueError(f"the detector has {len(evidence)} bets, not {BETS}")
        return cls(float(values["limit"]), float(values["days_between"]), evidence)


def limit_of(losses: Sequence[float], alpha: float, tolerance: float = 0.0) -> float | None:
    """The upper confidence limit of the mean daily loss of a reference, plus a tolerance.

    ``mean + t s / sqrt(n)`` with Student's t, since a reference has weeks or months of days; the
    rigorous limits for bounded values are several times wider with so few.

    Args:
        losses: The losses of the reference's days.
        alpha: How often the mean may be above.
        tolerance: A rise that does no harm.

    Returns:
        At most 0.999; None with fewer than two days.
    """
    from scipy import special

    count = len(losses)
    if count < 2:
        return None
    mean, spread = float(np.mean(losses)), float(np.std(losses, ddof=1))
    width = float(special.stdtrit(count - 1, 1 - alpha)) * spread / math.sqrt(count)
    return min(max(mean + width + tolerance, 1e-6), 0.999)


def resampled_rate(
    losses: Sequence[float],
    alpha: float,
    days_between: float,
    tolerance: float = 0.0,
    years: int = 200,
    block: int = 7,
) -> float | None:
    """False alarms in a year when the days of the reference itself go on, in another order.

    Whole weeks are drawn, since neighbouring days are alike. Source: Kuensch, The jackknife and
    the bootstrap for general stationary observations, Annals of Statistics 17, 1989, for blocks.

    Args:
        losses: The losses of the reference's days, in order.
        alpha: See ``limit_of``.
        days_between: See ``ChangeDetector``.
        tolerance: See ``limit_of``.
        years: How many years are simulated.
        block: Days that are drawn together.

    Returns:
        Alarms per year; None with fewer than two blocks of days.
    """
    limit = limit_of(losses, alpha, tolerance)
    if limit is None or len(losses) < 2 * block:
        return None
    return _resampled_alarms(tuple(losses), limit, days_between, years, block) / years


@lru_cache
def _resampled_alarms(
    losses: tuple[float, ...], limit: float, days_between: float, years: int, block: int
) -> int:
    """Alarms in all years; kept, since estimates and labels have the same reference."""
    generator = np.random.default_rng(20131101)
    values = np.asarray(losses, dtype=float)
    starts = generator.integers(0, len(values) - block + 1, size=(years, -(-DAYS // block)))
    days = values[starts[:, :, None] + np.arange(block)].reshape(years, -1)[:, :DAYS]
    return alarms(days, ChangeDetector.start(limit, days_between))


def alarms(series: npt.NDArray[np.float64], detector: ChangeDetector) -> int:
    """How many alarms there are in several series; the detector starts again after each alarm.

    Args:
        series: Losses, one series in each row.
        detector: The detector before the first day.
    """
    evidence = np.zeros((len(series), BETS))
    count = 0
    for losses in series.T:
        evidence = (evidence + 1) * (1 + detector.bets * (losses[:, None] - detector.limit))
        alarm = evidence.mean(axis=1) >= detector.days_between
        evidence[alarm] = 0.0
        count += int(alarm.sum())
    return count
