"""The area under the ROC curve, from the rows of each class in bins of the score."""

import math

import numpy as np

from stagebook.monitoring.figure import LEVEL, Figure, Weights, Z

ONE_CLASS = "all rows are of one class"


def auc(positives: Weights, negatives: Weights) -> Figure:
    """The AUC: how often a positive row has a higher score than a negative one, ties as a half.

    It is the statistic of Mann and Whitney over the rows. Rows in one bin are ties. The standard
    error is that of DeLong: ``sqrt(s10 / m + s01 / n)``, with the variances of the share of
    negative rows below each positive one, and of positive rows above each negative one. The 95 %
    interval is symmetric for the logit, so that it stays in [0, 1]. Sources: Mann and Whitney,
    Annals of Mathematical Statistics 18, 1947; DeLong, DeLong and Clarke-Pearson, Comparing the
    areas under two or more correlated receiver operating characteristic curves, Biometrics 44,
    1988; Pepe, The Statistical Evaluation of Medical Tests, 2003, 5.2, for the logit.

    Args:
        positives: Rows of the positive class in each bin; bins ascend. Expected numbers need not be
            integers.
        negatives: Rows of the negative class.
    """
    m, n = float(positives.sum()), float(negatives.sum())
    if m <= 0 or n <= 0:
        return Figure.absent(ONE_CLASS)
    below = (np.cumsum(negatives) - negatives / 2) / n
    above = 1 - (np.cumsum(positives) - positives / 2) / m
    # rounding can leave a little more than 1
    area = min(max(float(positives @ below) / m, 0.0), 1.0)
    if m <= 1 or n <= 1:
        return Figure(area)
    first = float(positives @ (below - area) ** 2) / (m - 1)
    second = float(negatives @ (above - area) ** 2) / (n - 1)
    error = math.sqrt(first / m + second / n)
    low, high = _interval(area, error, min(m, n))
    return Figure(area, error, low, high)


def _interval(area: float, error: float, pairs: float) -> tuple[float, float]:
    """The interval of the logit; where there is none, that of pairs without an exception.

    With an area of 1, the standard error is 0. Each row of the smaller class has a partner of its
    own, so there are as many independent pairs in the right order; Clopper and Pearson's bound for
    them is ``(alpha / 2)^(1 / pairs)``. Source: Biometrika 26, 1934.
    """
    bound = ((1 - LEVEL) / 2) ** (1 / pairs)
    if area in (0.0, 1.0):
        return (bound, 1.0) if area else (0.0, 1 - bound)
    logit, half = math.log(area / (1 - area)), Z * error / (area * (1 - area))
    low, high = (_expit(logit + sign * half) for sign in (-1, 1))
    return min(low, area), max(high, area)


def _expit(value: float) -> float:
    """``1 / (1 + exp(-x))``, also where the exponential would overflow."""
    return 0.5 * (1 + math.tanh(value / 2))
