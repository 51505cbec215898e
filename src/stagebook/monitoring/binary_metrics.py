"""Metrics of a binary classifier, from histograms of the scores of both classes."""

from dataclasses import dataclass, fields
from typing import Any

import numpy as np

from stagebook.data.profiles.score_histogram import BINS, CENTRES, ScoreHistogram, edge_of
from stagebook.monitoring import figure, ranks
from stagebook.monitoring.figure import NO_ROWS, Figure, Weights

NO_POSITIVES = "no row is positive"
NO_NEGATIVES = "no row is negative"
NONE_PREDICTED = "no row is predicted to be positive"
NO_HITS_OR_ERRORS = "no row is positive or predicted to be"


@dataclass(frozen=True, slots=True)
class BinaryMetrics:
    """The metrics of some rows.

    A row is predicted to be positive if its score is at least the threshold.

    Attributes:
        rows: Rows with a score; for estimates too.
        threshold: The edge of a bin that is nearest to the threshold that was asked for.
        auc: Area under the ROC curve, see ``ranks.auc``.
        accuracy: Share of the rows whose prediction is right.
        precision: Share of positive rows among those predicted to be positive.
        recall: Share of the positive rows that are predicted to be positive.
        specificity: Share of the negative rows that are predicted to be negative.
        f1: Harmonic mean of precision and recall.
        brier: Mean of the squared difference of score and label.
        log_loss: Mean of minus the natural logarithm of the score of the right class. No score is
            nearer to 0 or 1 than half a bin, so no row adds more than 8.3.
        positive_rate: Share of positive rows.
        predicted_positive_rate: Share of the rows that are predicted to be positive.
        mean_score: Mean of the scores. With calibrated scores, it is the positive rate.
    """

    rows: int
    threshold: float
    auc: Figure
    accuracy: Figure
    precision: Figure
    recall: Figure
    specificity: Figure
    f1: Figure
    brier: Figure
    log_loss: Figure
    positive_rate: Figure
    predicted_positive_rate: Figure
    mean_score: Figure

    @property
    def figures(self) -> dict[str, Figure]:
        """The metrics by name."""
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        return {name: value for name, value in values.items() if isinstance(value, Figure)}

    def as_json(self) -> dict[str, Any]:
        """Plain values."""
        figures = {name: value.as_json() for name, value in self.figures.items()}
        return {"rows": self.rows, "threshold": self.threshold, "metrics": figures}


def realized(
    positives: ScoreHistogram, negatives: ScoreHistogram, threshold: float = 0.5
) -> BinaryMetrics:
    """The metrics of rows whose labels are known.

    Args:
        positives: Scores of the rows whose label is positive.
        negatives: Scores of the others.
        threshold: Scores from here on are predicted to be positive. Exact with a multiple of
            0.0005.

    Returns:
        Metrics with 95 % intervals for the rows that these are a sample of. Shares have Wilson's
        interval, F1 that of a share, the AUC DeLong's, means that of large samples.

    Example:
        >>> from stagebook.monitoring.binary_metrics import realized
        >>> from stagebook.data.profiles.score_histogram import ScoreHistogram
        >>> late = ScoreHistogram.of([0.9, 0.8, 0.3])
        >>> on_time = ScoreHistogram.of([0.1, 0.2, 0.2, 0.6])
        >>> metrics = realized(late, on_time)
        >>> round(metrics.auc.value, 4), round(metrics.recall.value, 4)
        (0.9167, 0.6667)
        >>> realized(late, ScoreHistogram.of([])).auc.reason
        'all rows are of one class'
    """
    rows = positives.rows + negatives.rows
    first, second = (side.counts.astype(np.float64) for side in (positives, negatives))
    return of_weights(first, second, rows, threshold)


def of_weights(
    positives: Weights, negatives: Weights, rows: int, threshold: float
) -> BinaryMetrics:
    """The metrics of numbers of rows in each bin, which need not be integers."""
    edge = edge_of(threshold)
    hits, misses = float(positives[edge:].sum()), float(positives[:edge].sum())
    alarms, passes = float(negatives[edge:].sum()), float(negatives[:edge].sum())
    total = hits + misses + alarms + passes
    both = positives + negatives
    return BinaryMetrics(
        rows=rows,
        threshold=edge / BINS,
        auc=ranks.auc(positives, negatives) if total > 0 else Figure.absent(NO_ROWS),
        accuracy=figure.share(hits + passes, total, NO_ROWS),
        precision=figure.share(hits, hits + alarms, NONE_PREDICTED),
        recall=figure.share(hits, hits + misses, NO_POSITIVES),
        specificity=figure.share(passes, passes + alarms, NO_NEGATIVES),
        f1=figure.f1(hits, misses + alarms, NO_HITS_OR_ERRORS),
        brier=_loss(positives, negatives, (1 - CENTRES) ** 2, CENTRES**2, 1.0),
        log_loss=_loss(positives, negatives, -np.log(CENTRES), -np.log1p(-CENTRES), np.inf),
        positive_rate=figure.share(hits + misses, total, NO_ROWS),
        predicted_positive_rate=figure.share(hits + alarms, total, NO_ROWS),
        mean_score=figure.mean(CENTRES, both, 1.0),
    )


def _loss(
    positives: Weights, negatives: Weights, of_positive: Weights, of_negative: Weights, most: float
) -> Figure:
    """The mean of a loss that depends on the bin and the label."""
    losses = np.concatenate((of_positive, of_negative))
    return figure.mean(losses, np.concatenate((positives, negatives)), most)
