"""A metric's value with its standard error and its 95 % interval."""

import math
from dataclasses import asdict, dataclass
from statistics import NormalDist
from typing import Any, Self

import numpy as np
import numpy.typing as npt

Weights = npt.NDArray[np.float64]

LEVEL = 0.95
"""How often an interval holds the value that more and more rows would lead to."""

Z = NormalDist().inv_cdf((1 + LEVEL) / 2)

NO_ROWS = "there are no rows with a score"


@dataclass(frozen=True, slots=True)
class Figure:
    """A metric of some rows.

    Attributes:
        value: None if it cannot be computed.
        standard_error: The standard deviation of the value over samples of as many rows; None with
            too few rows.
        low: Where the 95 % interval begins; None with too few rows.
        high: Where it ends.
        reason: Why there is no value; empty if there is one.
    """

    value: float | None
    standard_error: float | None = None
    low: float | None = None
    high: float | None = None
    reason: str = ""

    def as_json(self) -> dict[str, Any]:
        """Plain values; each attribute under its name."""
        return asdict(self)

    @classmethod
    def absent(cls, reason: str) -> Self:
        """A metric that cannot be computed."""
        return cls(None, reason=reason)


def share(part: float, whole: float, reason: str) -> Figure:
    """A share, with Wilson's score interval.

    The standard error is ``sqrt(p (1 - p) / n)``. Source: Wilson, Probable inference, the law of
    succession, and statistical inference, Journal of the American Statistical Association 22, 1927.

    Args:
        part: Rows that count; expected numbers need not be integers.
        whole: All rows.
        reason: Why there is no value, if there are no rows.
    """
    if whole <= 0:
        return Figure.absent(reason)
    p = min(max(part / whole, 0.0), 1.0)  # rounding of expected numbers
    middle = p + Z**2 / (2 * whole)
    half = Z * math.sqrt(p * (1 - p) / whole + Z**2 / (4 * whole**2))
    scale = 1 + Z**2 / whole
    low, high = max((middle - half) / scale, 0.0), min((middle + half) / scale, 1.0)
    return Figure(p, math.sqrt(p * (1 - p) / whole), min(low, p), max(high, p))


def f1(hits: float, errors: float, reason: str) -> Figure:
    """The F1 score, with an interval.

    F1 is ``2 q / (1 + q)``, where ``q`` is the share of true positives among the rows that are
    positive, predicted to be, or both. It rises with ``q``, so the interval is Wilson's for ``q``,
    transformed; the standard error is that of ``q`` times the slope ``2 / (1 + q)^2``. Source:
    Takahashi et al., Confidence interval for micro-averaged F1 and macro-averaged F1 scores,
    Applied Intelligence 52, 2022, for the delta method; van Rijsbergen, Information Retrieval,
    1979, for the relation to Jaccard's index.

    Args:
        hits: True positives.
        errors: False positives and false negatives.
        reason: Why there is no value, if there are neither.
    """
    jaccard = share(hits, hits + errors, reason)
    if jaccard.value is None:
        return jaccard
    q, error = jaccard.value, jaccard.standard_error or 0.0
    low, high = (
        None if end is None else 2 * end / (1 + end) for end in (jaccard.low, jaccard.high)
    )
    return Figure(2 * q / (1 + q), 2 * error / (1 + q) ** 2, low, high)


def mean(values: Weights, weights: Weights, highest: float) -> Figure:
    """A weighted mean, with the normal interval of large samples.

    The standard error is ``s / sqrt(n)`` with the sample's standard deviation. The interval is cut
    where no value can be. Source: Lehmann, Elements of Large-Sample Theory, 1999, 4.1.

    Args:
        values: The value of each bin, at least 0.
        weights: Rows in each bin.
        highest: The largest value that is possible.
    """
    rows = float(weights.sum())
    if rows <= 0:
        return Figure.absent(NO_ROWS)
    centre = float(weights @ values) / rows
    if rows <= 1:
        return Figure(centre)
    variance = float(weights @ (values - centre) ** 2) / (rows - 1)
    error = math.sqrt(variance / rows)
    low, high = max(centre - Z * error, 0.0), min(centre + Z * error, highest)
    return Figure(centre, error, min(low, centre), max(high, centre))
