"""Distances between two distributions, from the counts in the same bins.

Each function takes counts, not shares, for bins in the same order. Neither side may be empty.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Counts = Sequence[int] | npt.NDArray[np.int64]
Shares = npt.NDArray[np.float64]

LEAST_SHARE = 1e-4
"""The share that an emptier bin has in the population stability index."""


def shares(counts: Counts) -> Shares:
    """The share of each bin.

    Raises:
        ValueError: All bins are empty.
    """
    values = np.asarray(counts, dtype=np.float64)
    total = values.sum()
    if not total:
        raise ValueError("all bins are empty")
    return np.asarray(values / total)


def population_stability_index(reference: Counts, batch: Counts) -> float:
    """PSI, in nats: the sum of ``(q - p) ln(q / p)``; 0 for equal shares, without an upper bound.

    The logarithm needs shares above 0: those below ``LEAST_SHARE`` count as that, so that one
    empty bin does not decide alone. A bin that is empty on both sides adds nothing. It is Jeffreys'
    divergence. Source: Siddiqi, Credit Risk Scorecards, 2006, whose rule of thumb is: below 0.1
    nothing to speak of, above 0.25 a large change.
    """
    p, q = (np.maximum(shares(item), LEAST_SHARE) for item in (reference, batch))
    return float(np.sum((q - p) * np.log(q / p)))


def jensen_shannon(reference: Counts, batch: Counts) -> float:
    """The Jensen-Shannon distance with logarithms to base 2: 0 for equal, 1 without an overlap.

    The root of half of ``KL(p || m) + KL(q || m)`` with ``m`` midway between; a metric. Empty bins
    need no smoothing. Sources: Lin, Divergence measures based on the Shannon entropy, IEEE Trans.
    Inf. Theory 37, 1991; Endres and Schindelin, A new metric for probability distributions, IEEE
    Trans. Inf. Theory 49, 2003.
    """
    from scipy import special

    p, q = shares(reference), shares(batch)
    middle = (p + q) / 2
    nats = float(np.sum(special.rel_entr(p, middle) + special.rel_entr(q, middle))) / 2
    # rounding can leave a little below 0, or above 1
    return float(np.sqrt(min(max(nats / np.log(2), 0.0), 1.0)))


def kolmogorov_smirnov(reference: Counts, batch: Counts) -> tuple[float, float]:
    """Bounds of the Kolmogorov-Smirnov statistic of the unbinned values.

    The statistic is the largest distance of the two cumulated distributions. They are known at the
    edges, where their largest distance is a lower bound. Inside a bin the one may have risen by all
    its share while the other has not risen yet; this gives the upper bound, and both are sharp.
    Source of the statistic: Conover, Practical Nonparametric Statistics, 3rd ed. 1999, 6.3.

    Args:
        reference: Counts in bins that ascend.
        batch: Counts in the same bins.

    Returns:
        The lower and the upper bound, each from 0 to 1.
    """
    p, q = shares(reference), shares(batch)
    after = np.cumsum(p) - np.cumsum(q)
    before = np.concatenate(([0.0], after[:-1]))
    highest = float(np.max(np.maximum(before + p, q - before)))
    return min(float(np.max(np.abs(after))), 1.0), min(highest, 1.0)


def wasserstein(reference: Counts, batch: Counts, places: Sequence[float]) -> float:
    """The first Wasserstein distance, as if all values of a bin were in one place.

    How far values have to move on average to make one distribution of the other; in the unit of
    the places. Source: Ramdas, Garcia Trillos, Cuturi, On Wasserstein two-sample testing and
    related families of nonparametric tests, Entropy 19, 2017.

    Args:
        reference: Counts in bins.
        batch: Counts in the same bins.
        places: Where each bin lies, such as its centre. Finite.
    """
    from scipy import stats

    p, q = shares(reference), shares(batch)
    # SciPy subtracts places; those near the largest floats would overflow
    scale = max(max(abs(place) for place in places), 1.0)
    scaled = [place / scale for place in places]
    return float(stats.wasserstein_distance(scaled, scaled, p, q)) * scale


@dataclass(frozen=True, slots=True)
class ChiSquare:
    """A chi-square test of homogeneity.

    Attributes:
        statistic: Pearson's, without Yates' correction.
        p_value: How often two samples of one distribution differ so much; rows have to be
            independent for that, and with many rows it is small for any difference.
        cramers_v: The effect size, 0 for equal shares to 1.
    """

    statistic: float
    p_value: float
    cramers_v: float


def chi_square(reference: Counts, batch: Counts) -> ChiSquare:
    """A test whether two samples of categories have one distribution.

    Sources: Pearson, On the criterion that a given system of deviations ..., Philosophical Magazine
    50, 1900; Cramér, Mathematical Methods of Statistics, 1946, 21.9, for ``V``, which with two
    samples is the root of the statistic over the number of rows.
    """
    from scipy import stats

    table = np.asarray([reference, batch], dtype=np.float64)
    table = table[:, table.sum(axis=0) > 0]
    if table.shape[1] < 2:
        return ChiSquare(0.0, 1.0, 0.0)
    result = stats.chi2_contingency(table, correction=False)
    v = float(np.sqrt(result.statistic / table.sum()))
    return ChiSquare(float(result.statistic), float(result.pvalue), min(v, 1.0))


def unseen_share(reference: Counts, batch: Counts) -> float:
    """The share of the batch that is in bins where the reference is empty."""
    return float(shares(batch)[np.asarray(reference) == 0].sum())
