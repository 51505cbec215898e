"""The performance of a classifier on rows whose labels are not known yet."""

from stagebook.data.profiles.score_histogram import ScoreHistogram
from stagebook.monitoring.binary_metrics import BinaryMetrics, of_weights
from stagebook.monitoring.calibration import Calibration


def estimate(
    histogram: ScoreHistogram, calibration: Calibration, threshold: float = 0.5
) -> BinaryMetrics:
    """The metrics to expect of rows without labels: confidence-based performance estimation.

    A row of a bin with probability ``p`` counts as ``p`` of a positive row and ``1 - p`` of a
    negative one. The sums are the expected confusion matrix, and a metric is the ratio of such
    sums; the AUC is the area under the expected ROC curve. Source: NannyML's documentation, How it
    works, Estimation of performance of the monitored model, Confidence-based performance
    estimation; it assumes that the probability of a label given the score stays as it was (no
    concept drift).

    Args:
        histogram: The scores of the rows.
        calibration: The probability of a positive label in each bin, from labelled rows.
        threshold: Scores from here on are predicted to be positive.

    Returns:
        Metrics with the standard error and the interval of labelled rows in these numbers. They
        hold what comes from the sample of rows and from the labels: how far the realized metric may
        be from this estimate by chance. What the calibration does not know is not part of them.

    Example:
        >>> from stagebook.monitoring.calibration import Calibration
        >>> from stagebook.monitoring.cbpe import estimate
        >>> from stagebook.data.profiles.score_histogram import ScoreHistogram
        >>> calibration = Calibration.of(
        ...     ScoreHistogram.of([0.9] * 80 + [0.4] * 10),
        ...     ScoreHistogram.of([0.9] * 20 + [0.4] * 90),
        ... )
        >>> round(estimate(ScoreHistogram.of([0.9, 0.4]), calibration).accuracy.value, 3)
        0.85
    """
    probabilities = calibration.probabilities
    positives = histogram.counts * probabilities
    return of_weights(positives, histogram.counts - positives, histogram.rows, threshold)
