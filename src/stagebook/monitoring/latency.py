"""How long answers took: counts in bins that grow with the time, and that merge."""

import math
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import accumulate
from typing import Any, Self

import numpy as np
import numpy.typing as npt

GROWTH = 1.02
"""The upper edge of a bin, divided by its lower edge."""

ERROR = math.sqrt(GROWTH) - 1
"""The largest relative error of a quantile between ``SHORTEST`` and ``LONGEST``: under 1 %."""

SHORTEST, LONGEST = 0.001, 1e8
"""Milliseconds; shorter times count in the first bin, longer ones (a day and more) in the last."""

BINS = math.ceil(math.log(LONGEST / SHORTEST) / math.log(GROWTH))


@dataclass(frozen=True, slots=True)
class LatencyHistogram:
    """How many answers took how long, in ``BINS`` bins whose width is 2 % of the time.

    Attributes:
        counts: Answers by bin, ascending; bins without any are left out.
        minimum: The shortest time in milliseconds; None without answers.
        maximum: The longest.
        odd: Times that are negative or not finite, which are in no bin.

    Example:
        >>> from stagebook.monitoring.latency import LatencyHistogram, merge
        >>> morning = LatencyHistogram.of([2.0, 2.1, 2.2])
        >>> evening = LatencyHistogram.of([2.0, 90.0])
        >>> day = merge([morning, evening])
        >>> day.answers, round(day.p50, 1), day.p99
        (5, 2.1, 90.0)
    """

    counts: Mapping[int, int] = field(default_factory=dict)
    minimum: float | None = None
    maximum: float | None = None
    odd: int = 0

    @classmethod
    def of(cls, milliseconds: npt.ArrayLike) -> Self:
        """The histogram of some times."""
        times = np.asarray(milliseconds, dtype=np.float64).ravel()
        sound = times[np.isfinite(times) & (times >= 0)]
        if not len(sound):
            return cls(odd=len(times))
        places = np.log(np.maximum(sound, SHORTEST) / SHORTEST) / math.log(GROWTH)
        bins, counts = np.unique(np.clip(places, 0, BINS - 1).astype(np.int64), return_counts=True)
        counted = dict(zip(bins.tolist(), counts.tolist(), strict=True))
        return cls(counted, float(sound.min()), float(sound.max()), len(times) - len(sound))

    @property
    def answers(self) -> int:
        """How many answers are in a bin."""
        return sum(self.counts.values())

    @property
    def p50(self) -> float | None:
        """The median in milliseconds; see ``quantile``."""
        return self.quantile(0.5)

    @property
    def p99(self) -> float | None:
        """The time that 99 % of the answers did not exceed; see ``quantile``."""
        return self.quantile(0.99)

    def quantile(self, share: float) -> float | None:
        """The time, in milliseconds, that a share of the answers did not exceed.

        It is the middle of the bin that has the answer of rank ``ceil(share * answers)``, so it
        differs from that answer's time by at most ``ERROR`` of it; below ``SHORTEST`` by a
        microsecond.

        Args:
            share: Over 0, at most 1.
        """
        if self.minimum is None or self.maximum is None:
            return None
        rank = max(1, math.ceil(share * self.answers))
        ranks = zip(accumulate(self.counts.values()), self.counts, strict=True)
        place = next(place for count, place in ranks if count >= rank)
        middle = SHORTEST * math.pow(GROWTH, place + 0.5)
        return min(max(middle, self.minimum), self.maximum)

    def as_json(self) -> dict[str, Any]:
        """Plain values, with what the bins are."""
        return {
            "growth": GROWTH,
            "shortest": SHORTEST,
            "filled": list(self.counts),
            "counts": list(self.counts.values()),
            "minimum": self.minimum,
            "maximum": self.maximum,
            "odd": self.odd,
        }

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Self:
        """The histogram in plain values.

        Raises:
            KeyError: A value is missing.
            TypeError: A value is of the wrong kind.
            ValueError: A value is impossible, or the bins are others.
        """
        if (values["growth"], values["shortest"]) != (GROWTH, SHORTEST):
            raise ValueError("the latencies are in other bins")
        counts = dict(zip(values["filled"], values["counts"], strict=True))
        numbers = [*counts, *counts.values(), values["odd"]]
        if set(map(type, numbers)) - {int} or min(numbers) < 0 or max(counts, default=0) >= BINS:
            raise ValueError("a bin does not exist, or a count is not a whole number")
        return cls(dict(sorted(counts.items())), values["minimum"], values["maximum"], numbers[-1])


def merge(histograms: Iterable[LatencyHistogram]) -> LatencyHistogram:
    """The histogram of all answers together; that of none if there is no histogram."""
    counts: Counter[int] = Counter()
    odd = 0
    extremes: list[float] = []
    for histogram in histograms:
        counts.update(histogram.counts)
        odd += histogram.odd
        if histogram.minimum is not None and histogram.maximum is not None:
            extremes += [histogram.minimum, histogram.maximum]
    return LatencyHistogram(
        dict(sorted(counts.items())),
        min(extremes, default=None),
        max(extremes, default=None),
        odd,
    )
