"""The threshold of drift for a column, from the reference's own time blocks."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from stagebook.data.drift import distances
from stagebook.data.drift.alignment import ComparisonBasis, Matrix, counts
from stagebook.data.profiles.column import Column

Floats = npt.NDArray[np.float64]

ALPHA = 0.05
"""Rate at which a batch like the reference's blocks is reported as drifted in any column."""

FLOOR = 0.05
"""A smaller Jensen-Shannon distance is not important.

About 0.5 % nulls in a column that had none, or a share of 50 % that becomes 44 %. Near 0 the
squared distance is PSI / (8 ln 2), see ``DEFAULT``; this one is a PSI of 0.014.
"""

LEAST = FLOOR / 5
"""Smaller effects of blocks count as this; chance is of this size with a few thousand rows."""

DEFAULT = 0.134
"""The threshold with too few blocks: a PSI of 0.1, by rule of thumb a small change.

For neighbouring distributions both are chi-square distances to the second order: PSI is
``sum((q - p)**2 / p)``, and the squared Jensen-Shannon distance an eighth of it, in bits. Source:
Lin 1991 and Siddiqi 2006, see ``distances``.
"""

FEWEST_BLOCKS = 4
"""With fewer blocks, Student's t is so wide that hardly any drift would be detected."""

FEW_BLOCKS = 8
"""With fewer blocks, the limit is bounded by the effects of the blocks."""

LARGE = 0.212
"""An effect that is large by rule of thumb: a PSI of 0.25, see ``DEFAULT``."""

BEYOND = 1.5
"""How far beyond the largest effect of few blocks the limit may be."""

GROSS = 0.9
"""A limit up to this comes from logarithms; above it, only from logits, which stay below 1."""

ODD = 0.01
"""So many blocks of the reference may be odd themselves; what more of them do is usual."""


@dataclass(frozen=True, slots=True)
class Threshold:
    """The largest effect that is no drift.

    Attributes:
        value: A Jensen-Shannon distance, at most 1.
        limit: The part of it that is variation between blocks or, uncalibrated, the default.
        noise: The part of it that is chance, because the number of rows is limited.
        blocks: The effect of each block against all others; empty if it is not calibrated.
    """

    value: float
    limit: float
    noise: float
    blocks: tuple[float, ...]

    @property
    def calibrated(self) -> bool:
        """Whether it comes from blocks of the reference, and not from a rule of thumb."""
        return bool(self.blocks)


def threshold(
    pair: tuple[Column, Column],
    effects: Sequence[float],
    on: ComparisonBasis,
    comparisons: int,
    alpha: float = ALPHA,
) -> Threshold:
    """The threshold of one comparison.

    Variation between blocks and chance add up in squares, as independent deviations do.

    Args:
        pair: The reference's column and the batch's; there are rows in both.
        effects: The effect of each block of the reference against all others, on the same basis;
            with fewer than ``FEWEST_BLOCKS`` of them, the limit is ``DEFAULT``.
        on: The aspect to compare.
        comparisons: Total number of comparisons, for Bonferroni's correction. Source: Dunn,
            Multiple comparisons among means, Journal of the American Statistical Association 56,
            1961.
        alpha: Rate at which a batch like the blocks may be reported, in any of the comparisons.
    """
    each = alpha / max(comparisons, 1)
    used = tuple(effects) if len(effects) >= FEWEST_BLOCKS else ()
    limit = bounded(prediction_limit(used, each), used) if used else DEFAULT
    if used and each <= ODD:
        limit = max(limit, usual(used))
    noise = sampling_noise(counts(pair, on), each)
    return Threshold(min(math.hypot(limit, noise), 1.0), limit, noise, used)


def leave_one_out(blocks: Matrix) -> tuple[float, ...]:
    """The Jensen-Shannon distance of each block to all the others together.

    Args:
        blocks: Counts in the shape (blocks, bins); at least two blocks, none of them empty.
    """
    others = blocks.sum(axis=0) - blocks
    return tuple(
        distances.jensen_shannon(rest, block) for rest, block in zip(others, blocks, strict=True)
    )


def prediction_limit(effects: Sequence[float], alpha: float) -> float:
    """The one-sided upper prediction limit for the effect of one more block; at least ``FLOOR``.

    ``mean + t s sqrt(1 + 1/n)`` of the logarithms, with Student's t of n - 1 degrees of freedom:
    effects are positive and skewed to the right. Those below ``LEAST`` count as that, since the
    logarithm would make much of differences between them. Source: Hahn and Meeker, Statistical
    Intervals, 1991, on prediction intervals for one future observation from a normal distribution.

    Logarithms have no bound where an effect has one, at 1. If blocks differ much, as months of
    temperatures do, the limit would be beyond it, and values in another unit would be no drift. So
    above ``GROSS`` it is that of the logits, but not below any of the effects. Source: Johnson,
    Systems of frequency curves generated by methods of translation, Biometrika 36, 1949, for the
    logit of values with two bounds.

    Args:
        effects: Of at least two blocks.
        alpha: How often a block like these may lie above.
    """
    limit = math.exp(min(_upper(np.log(np.maximum(effects, LEAST)), alpha), 0.0))
    if limit > GROSS:
        bound = np.clip(effects, LEAST, 1 - LEAST)
        logit = _upper(np.log(bound) - np.log1p(-bound), alpha)
        limit = min(limit, max(1 / (1 + math.exp(-logit)), GROSS, *effects))
    return max(limit, FLOOR)


def _upper(values: Floats, alpha: float) -> float:
    """The upper prediction limit for one more normal value."""
    n = len(values)
    width = _student(1 - alpha, n - 1) * float(np.std(values, ddof=1))
    return float(np.mean(values)) + width * math.sqrt(1 + 1 / n)


def usual(effects: Sequence[float]) -> float:
    """The largest effect of a block that is not odd; a batch with it is like the reference.

    A day in forty may be a holiday, which no limit from logarithms allows for.

    Args:
        effects: Of at least one block.
    """
    return sorted(effects)[-1 - int(ODD * len(effects))]


def bounded(limit: float, effects: Sequence[float]) -> float:
    """A limit that still detects gross drift, however wide Student's t is for few blocks.

    Args:
        limit: The prediction limit.
        effects: The effects of the blocks that it comes from.

    Returns:
        For few blocks at most ``LARGE``, or ``BEYOND`` times the largest of their effects.
    """
    if len(effects) >= FEW_BLOCKS:
        return limit
    return min(limit, max(LARGE, BEYOND * max(effects)))


def sampling_noise(pair: Matrix, alpha: float) -> float:
    """The Jensen-Shannon distance that two samples of one distribution exceed by chance.

    With n and m rows, ``8 JSD / (1/n + 1/m)`` in nats is about chi-square with one degree of
    freedom less than there are bins; where most bins hold few rows this is too much rather than
    too little. Rows are taken to be independent. Source: Grosse et al., Analysis of symbolic
    sequences using the Jensen-Shannon divergence, Physical Review E 65, 2002, section III.

    Args:
        pair: Counts in the shape (2, bins), none of the two empty.
        alpha: How often.

    Returns:
        A distance, at most 1.
    """
    bins = int((pair.sum(axis=0) > 0).sum())
    if bins < 2:
        return 0.0
    rows = pair.sum(axis=1)
    spread = _chi_square(1 - alpha, bins - 1) * float(np.sum(1 / rows))
    return min(math.sqrt(spread / (8 * math.log(2))), 1.0)


@lru_cache
def _student(level: float, freedom: int) -> float:
    """A quantile of Student's t; the columns of a table, and many batches, need the same one."""
    from scipy import special  # `stats`, which calls it, takes half a second to import

    return float(special.stdtrit(freedom, level))


@lru_cache
def _chi_square(level: float, freedom: int) -> float:
    """A quantile of chi-square; see ``_student``."""
    from scipy import special

    return float(2 * special.gammaincinv(freedom / 2, level))
