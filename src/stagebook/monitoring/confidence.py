"""An interval for a mean that may be looked at every day, and holds on all days together."""

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any, Self

from stagebook.monitoring.losses import LossSums

MOST_WEIGHT = 0.5
"""No row has a larger weight; the penalty of a row with the weight 1 would be infinite."""


@dataclass(frozen=True, slots=True)
class ConfidenceSequence:
    """A time-uniform confidence sequence for the mean of values from 0 to 1.

    It is the predictable plug-in empirical Bernstein sequence: with a weight ``w`` for each row,
    set before the row is known, the mean is at all times together, with probability ``1 - alpha``,
    within ::

        (sum w x  +-  (ln(2 / alpha) + sum (x - m)^2 (-ln(1 - w) - w))) / sum w

    where ``m`` is a guess of the mean from the rows before. Each side alone holds with
    ``1 - alpha / 2``. Source: Waudby-Smith and Ramdas, Estimating means of bounded random variables
    by betting, Journal of the Royal Statistical Society B 86, 2023, theorem 2.

    All rows of a day have one weight and one guess, from the values of the days before, so sums are
    enough. The weight depends on the number of rows of the day too. It is assumed that this number
    says nothing about their values.

    If the mean changes, the sequence is one for the weighted mean of the means so far. The lower
    side is then still right about a mean that is never above a value, and the upper side about one
    that is never below.

    Attributes:
        alpha: How often the interval may be wrong on any day.
        guess: The mean that is expected before the first day.
        spread: The variance that is expected before the first day, above 0.
        seen: The sums of all days so far.
        weight: The sum of the weights.
        weighted: The sum of the weighted values.
        penalty: The sum in the numerator.
        low: The largest lower end so far.
        high: The smallest upper end so far; below ``low`` if the mean has changed, or by chance.

    Example:
        >>> from stagebook.monitoring.confidence import ConfidenceSequence
        >>> from stagebook.monitoring.losses import LossSums
        >>> state = ConfidenceSequence.start(alpha=0.05)
        >>> for wrong in (90, 110, 95):
        ...     state = state.update(LossSums(rows=1000, total=wrong, squares=wrong))
        >>> low, high = state.interval
        >>> round(low, 3), round(high, 3)
        (0.076, 0.123)
    """

    alpha: float
    guess: float
    spread: float
    seen: LossSums
    weight: float
    weighted: float
    penalty: float
    low: float
    high: float

    @classmethod
    def start(cls, alpha: float, guess: float = 0.5, spread: float = 0.25) -> Self:
        """The state before the first day.

        Args:
            alpha: How often the interval may be wrong on any day; above 0 and below 1.
            guess: The mean to expect, from 0 to 1. A good guess makes the interval narrower; a bad
                one does not make it wrong.
            spread: The variance to expect, above 0 and at most 0.25.
        """
        if not (0 < alpha < 1 and 0 <= guess <= 1 and 0 < spread <= 0.25):
            raise ValueError("the start of a confidence sequence is impossible")
        return cls(alpha, guess, spread, LossSums(0, 0.0, 0.0), 0.0, 0.0, 0.0, 0.0, 1.0)

    def update(self, day: LossSums) -> Self:
        """The state after a day; the same state if the day has no rows."""
        if not day.rows:
            return self
        per_row = self._weight_of(day.rows)
        weight = self.weight + day.rows * per_row
        weighted = self.weighted + per_row * day.total
        penalty = self.penalty + day.about(self._expected) * (-math.log1p(-per_row) - per_row)
        middle, half = weighted / weight, (math.log(2 / self.alpha) + penalty) / weight
        return replace(
            self,
            seen=self.seen + day,
            weight=weight,
            weighted=weighted,
            penalty=penalty,
            low=max(self.low, middle - half),
            high=min(self.high, middle + half),
        )

    @property
    def interval(self) -> tuple[float, float]:
        """The ends of the interval: the intersection of those of all days."""
        return self.low, self.high

    @property
    def _expected(self) -> float:
        """The mean of the days before, the guess counting as one row."""
        return (self.guess + self.seen.total) / (1 + self.seen.rows)

    def _weight_of(self, rows: int) -> float:
        """The weight of each row of the next day.

        For a fixed number of rows ``t``, ``sqrt(2 ln(2 / alpha) / (variance t))`` is best; with
        ``t ln(1 + t)`` the width shrinks at all times. Source: Waudby-Smith and Ramdas, eq. 15.
        """
        after = self.seen.rows + rows
        squares = self.seen.about(self.seen.mean) if self.seen.rows else 0.0
        variance = (self.spread + squares) / (1 + self.seen.rows)
        best = math.sqrt(2 * math.log(2 / self.alpha) / (variance * after * math.log1p(after)))
        return min(best, MOST_WEIGHT)

    def as_json(self) -> dict[str, Any]:
        """Plain values; each attribute under its name."""
        return asdict(self)

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Self:
        """The state in plain values.

        Raises:
            KeyError: A value is missing.
            TypeError: A value is of the wrong kind.
            ValueError: A value is impossible.
        """
        start = cls.start(*(float(values[name]) for name in ("alpha", "guess", "spread")))
        names = ("weight", "weighted", "penalty", "low", "high")
        sums = {name: float(values[name]) for name in names}
        return replace(start, seen=LossSums.from_json(values["seen"]), **sums)
