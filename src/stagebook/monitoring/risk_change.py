"""Whether a deployed model's loss is above that of the reference; an alarm that may be trusted."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Self

from stagebook.monitoring.confidence import ConfidenceSequence
from stagebook.monitoring.losses import LossSums

LEAST_SPREAD = 0.001
"""The least variance to expect, so that a reference without a loss is no certainty."""

RESTARTS = 12
"""Sequences that begin after the first one."""

PERIOD = 28
"""Days from one beginning to the next; with ``RESTARTS`` they last a year."""


@dataclass(frozen=True, slots=True)
class RiskMonitor:
    """Watches the mean loss of a deployed model, day by day, for a year.

    There is an alarm when a lower confidence sequence of the deployed loss is above the upper
    confidence bound of the reference's loss plus a tolerance. Each of the two may be wrong with
    ``alpha / 2``, so without a change there is ever an alarm with probability ``alpha`` at most,
    however often one looks. An alarm stays. Source: Podkopaev and Ramdas, Tracking the risk of a
    deployed model and detecting harmful distribution shifts, ICLR 2022.

    A sequence is one for the mean of all days since it began, so many good days hide a rise. Every
    ``PERIOD`` days another sequence begins. The first has half of the sequences' alpha, the others
    share the rest. After the year, none begins; start a new monitor.

    Losses of the reference are those of independent rows. Of the deployed losses only this is
    assumed: the expected loss of the next row, given those before, is at most the limit.

    Attributes:
        alpha: How often there may ever be an alarm without a change.
        reference: The mean loss of the reference.
        limit: The upper bound of the reference's loss plus the tolerance.
        days: Days so far, those without rows too.
        sequences: The confidence sequences of the deployed loss that have begun.

    Example:
        >>> from stagebook.monitoring.losses import LossSums
        >>> from stagebook.monitoring.risk_change import RiskMonitor
        >>> reference = LossSums(rows=20_000, total=2_000, squares=2_000)
        >>> monitor = RiskMonitor.of(reference, alpha=0.1)
        >>> alarms = []
        >>> for wrong in (100, 104, 150, 148, 152, 155, 151):
        ...     monitor = monitor.update(LossSums(rows=1000, total=wrong, squares=wrong))
        ...     alarms.append(monitor.alarm)
        >>> alarms
        [False, False, False, False, True, True, True]
    """

    alpha: float
    reference: float
    limit: float
    days: int = 0
    sequences: tuple[ConfidenceSequence, ...] = ()

    @classmethod
    def of(cls, reference: LossSums, alpha: float, tolerance: float = 0.0) -> Self:
        """A monitor before the first day.

        Args:
            reference: The losses of labelled rows that the model did not learn from.
            alpha: How often there may be a false alarm; above 0 and below 1.
            tolerance: A rise of the mean loss that does no harm, at least 0.

        Raises:
            ValueError: An argument is impossible, or the reference has no row.
        """
        if not 0 < alpha < 1 or tolerance < 0 or not reference.rows:
            raise ValueError("a monitor of this kind is impossible")
        limit = upper_bound(reference, alpha / 2) + tolerance
        return cls(alpha, min(max(reference.mean, 0.0), 1.0), limit)

    def update(self, day: LossSums) -> Self:
        """The monitor after a day."""
        sequences = self.sequences
        if self.days % PERIOD == 0 and len(sequences) <= RESTARTS:
            sequences = (*sequences, self._beginning())
        updated = tuple(sequence.update(day) for sequence in sequences)
        return replace(self, days=self.days + 1, sequences=updated)

    def _beginning(self) -> ConfidenceSequence:
        """The next sequence.

        A sequence has half of its alpha on its lower side, so those of all together are alpha.
        """
        part = self.alpha / (2 * RESTARTS if self.sequences else 2)
        spread = max(self.reference * (1 - self.reference), LEAST_SPREAD)
        return ConfidenceSequence.start(part, self.reference, spread)

    @property
    def low(self) -> float:
        """The largest lower end of all sequences."""
        return max((sequence.low for sequence in self.sequences), default=0.0)

    @property
    def alarm(self) -> bool:
        """Whether the loss has risen."""
        return self.low > self.limit

    def as_json(self) -> dict[str, Any]:
        """Plain values; ``alarm`` is for readers and is not read back."""
        return {
            "alpha": self.alpha,
            "reference": self.reference,
            "limit": self.limit,
            "days": self.days,
            "sequences": [sequence.as_json() for sequence in self.sequences],
            "alarm": self.alarm,
        }

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Self:
        """The monitor in plain values; a KeyError, TypeError or ValueError if they are not."""
        return cls(
            alpha=float(values["alpha"]),
            reference=float(values["reference"]),
            limit=float(values["limit"]),
            days=int(values["days"]),
            sequences=tuple(ConfidenceSequence.from_json(item) for item in values["sequences"]),
        )


def upper_bound(losses: LossSums, alpha: float) -> float:
    """The upper confidence bound of the mean of independent losses; at most 1.

    ``mean + sqrt(2 v ln(2 / alpha) / n) + 7 ln(2 / alpha) / (3 (n - 1))`` with the sample's
    variance ``v``, for any distribution on [0, 1]. Source: Maurer and Pontil, Empirical Bernstein
    bounds and sample variance penalization, COLT 2009, theorem 4.

    Args:
        losses: The sums of the losses.
        alpha: How often the mean may be above.
    """
    if losses.rows < 2:
        return 1.0
    variance = losses.about(losses.mean) / (losses.rows - 1)
    logarithm = math.log(2 / alpha)
    deviation = math.sqrt(2 * variance * logarithm / losses.rows)
    return min(losses.mean + deviation + 7 * logarithm / (3 * (losses.rows - 1)), 1.0)
