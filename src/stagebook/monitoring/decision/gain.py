"""What is gained against keeping a model, with an interval, and what it is worth to know it."""

from dataclasses import dataclass
from statistics import NormalDist
from typing import Self

from stagebook.monitoring.figure import Z


@dataclass(frozen=True, slots=True)
class Gain:
    """A gain against keeping the model; negative if keeping is better.

    Attributes:
        expected: The expected gain.
        low: Where its 95 % interval begins.
        high: Where it ends.

    Example:
        >>> from stagebook.monitoring.decision.gain import Gain
        >>> gain = Gain(20.0, -80.0, 120.0)
        >>> gain.is_open, round(gain.worth_knowing, 1)
        (True, 12.0)
    """

    expected: float
    low: float
    high: float

    @classmethod
    def certain(cls, amount: float) -> Self:
        """A gain that is known."""
        return cls(amount, amount, amount)

    @property
    def is_open(self) -> bool:
        """Whether the interval has values on both sides of zero."""
        return self.low < 0 < self.high

    @property
    def at_best(self) -> float:
        """The expected gain if one knew it before, and kept the model if it is negative.

        The gain is taken for normal, with the standard deviation of its interval.
        """
        deviation = (self.high - self.low) / (2 * Z)
        if not self.is_open or not deviation:
            return max(self.expected, 0.0)
        ratio = self.expected / deviation
        standard = NormalDist()
        return self.expected * standard.cdf(ratio) + deviation * standard.pdf(ratio)

    @property
    def worth_knowing(self) -> float:
        """How much better one does on average if one knows the gain before; 0 if it is not open.

        The expected value of perfect information. Source: Raiffa and Schlaifer, Applied
        Statistical Decision Theory, 1961.
        """
        return self.at_best - max(self.expected, 0.0)

    def __mul__(self, factor: float) -> "Gain":
        return Gain(self.expected * factor, self.low * factor, self.high * factor)

    def __sub__(self, cost: float) -> "Gain":
        return Gain(self.expected - cost, self.low - cost, self.high - cost)
