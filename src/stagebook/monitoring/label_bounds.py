"""The least and the greatest value that metrics can still have when all labels are known."""

import math
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from stagebook.data.profiles.score_histogram import CENTRES, edge_of
from stagebook.monitoring.labelled_rows import BinaryCounts

Counts = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Bounds:
    """Where a metric of all rows is, whatever the labels of the others are.

    Both ends are attained: some labels give them, with scores as the histogram has them.

    Attributes:
        low: The least value.
        high: The greatest value.
    """

    low: float
    high: float

    def as_json(self) -> dict[str, Any]:
        """Plain values."""
        return asdict(self)


def bounds(counts: BinaryCounts, threshold: float = 0.5) -> dict[str, Bounds]:
    """The bounds of each metric over all ways to label the rows without a label.

    Rows with a rejected label count as rows without one. Rows without a score are in no metric. The
    bounds are over those labels that give a metric a value: the AUC needs rows of both classes. A
    metric is left out if no labels give it one.

    Args:
        counts: The scores of labelled and other rows.
        threshold: Scores from here on are predicted to be positive.

    Returns:
        Bounds of ``accuracy``, ``precision``, ``recall``, ``specificity``, ``f1``, ``brier``,
        ``log_loss``, ``positive_rate`` and ``auc``, as they exist.

    Example:
        >>> from stagebook.data.profiles.score_histogram import ScoreHistogram
        >>> from stagebook.monitoring.label_bounds import bounds
        >>> from stagebook.monitoring.labelled_rows import BinaryCounts
        >>> counts = BinaryCounts(
        ...     ScoreHistogram.of([0.9, 0.8]),
        ...     ScoreHistogram.of([0.2]),
        ...     ScoreHistogram.of([0.6]),
        ... )
        >>> bounds(counts)["accuracy"], bounds(counts)["auc"]
        (Bounds(low=0.75, high=1.0), Bounds(low=1.0, high=1.0))
    """
    positives, negatives, others = (
        side.counts for side in (counts.positives, counts.negatives, counts.unlabelled)
    )
    limits = {
        **_of_confusion(positives, negatives, others, edge_of(threshold)),
        "brier": _of_loss(positives, negatives, others, (1 - CENTRES) ** 2, CENTRES**2),
        "log_loss": _of_loss(positives, negatives, others, -np.log(CENTRES), -np.log1p(-CENTRES)),
        "auc": auc_bounds(positives, negatives, others),
    }
    return {name: limit for name, limit in limits.items() if limit is not None}


def _of_confusion(
    positives: Counts, negatives: Counts, others: Counts, edge: int
) -> dict[str, Bounds | None]:
    """Of metrics that count right and wrong predictions.

    Of the other rows above the threshold, each is a hit or a false alarm; of those below, a miss or
    a pass. Each metric rises or falls with each of the two choices, so its ends are at their ends.
    """
    hits, misses = int(positives[edge:].sum()), int(positives[:edge].sum())
    alarms, passes = int(negatives[edge:].sum()), int(negatives[:edge].sum())
    above, below = int(others[edge:].sum()), int(others[:edge].sum())
    rows = hits + misses + alarms + passes + above + below
    alarmed, spared = alarms + above, misses + below
    return {
        "accuracy": _between(hits + passes, rows, hits + passes + above + below, rows),
        "precision": _between(hits, hits + alarmed, hits + above, hits + alarmed),
        "recall": _between(hits, hits + spared, hits + above, hits + above + misses),
        "specificity": _between(passes, passes + alarmed, passes + below, passes + below + alarms),
        "f1": _between(
            2 * hits,
            2 * hits + alarmed + spared,
            2 * (hits + above),
            2 * (hits + above) + alarms + misses,
        ),
        "positive_rate": _between(hits + misses, rows, hits + misses + above + below, rows),
    }


def _between(part: int, whole: int, most: int, whole_of_most: int) -> Bounds | None:
    """Two shares; None if both have no value. If one has none, all labels give the other."""
    shares = [own / of for own, of in ((part, whole), (most, whole_of_most)) if of]
    return Bounds(shares[0], shares[-1]) if shares else None


def _of_loss(
    positives: Counts,
    negatives: Counts,
    others: Counts,
    of_positive: npt.NDArray[np.float64],
    of_negative: npt.NDArray[np.float64],
) -> Bounds | None:
    """Of a mean of losses: each other row has the label of the smaller or of the larger loss."""
    rows = int(positives.sum() + negatives.sum() + others.sum())
    if not rows:
        return None
    known = float(positives @ of_positive + negatives @ of_negative)
    low = known + float(others @ np.minimum(of_positive, of_negative))
    high = known + float(others @ np.maximum(of_positive, of_negative))
    return Bounds(low / rows, high / rows)


def auc_bounds(positives: Counts, negatives: Counts, others: Counts) -> Bounds | None:
    """The bounds of the AUC.

    Proof. Take any labels of the other rows, and two of these rows: one is positive, the other is
    negative and has a score at least as high. If they exchange their labels, the numbers of rows of
    both classes stay; the positive row is above as many negative rows as before or more, and the
    negative one below as many positive rows or more. So for each number of positive rows, the AUC
    is greatest if these are the rows with the highest scores. All such numbers are tried, so the
    bound is exact. The least AUC is one minus the greatest of the reversed scores.

    Args:
        positives: Positive rows in each bin; bins ascend.
        negatives: Negative rows in each bin.
        others: Rows without a label in each bin.

    Returns:
        Bounds over the labels with rows of both classes; None if there are none.
    """
    high = _greatest_auc(positives, negatives, others)
    turned = _greatest_auc(positives[::-1], negatives[::-1], others[::-1])
    if math.isnan(high) or math.isnan(turned):
        return None
    return Bounds(1 - turned, high)


def _greatest_auc(positives: Counts, negatives: Counts, others: Counts) -> float:
    """The greatest AUC if the highest others are positive, for each number of these.

    Pairs are counted twice, so that a tie is one. When a row of a bin turns positive, it loses the
    positive rows above it as partners, and gains the negative rows below it.
    """
    m, n, rows = int(positives.sum()), int(negatives.sum()), int(others.sum())
    below = negatives + others
    all_below = np.cumsum(below) - below
    above = positives + others
    all_above = np.cumsum(above[::-1])[::-1] - above
    bins = np.repeat(np.arange(len(others))[::-1], others[::-1])  # the bin of each, from above
    first = np.cumsum(others[::-1]) - others[::-1]
    turned = np.arange(rows) - np.repeat(first, others[::-1])  # that are positive in its bin
    gained = 2 * all_below[bins] + below[bins] - 1 - turned
    lost = 2 * all_above[bins] + positives[bins] + turned
    start = int(positives @ (2 * all_below + below))
    pairs = start + np.concatenate(([0], np.cumsum(gained - lost)))
    number = np.arange(rows + 1)
    all_pairs = 2 * (m + number) * (n + rows - number)
    is_valid = all_pairs > 0
    return float(np.max(pairs[is_valid] / all_pairs[is_valid])) if is_valid.any() else math.nan
