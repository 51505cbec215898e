"""The losses to expect of each day before labels are known."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Self

from stagebook.data.profiles import score_histogram
from stagebook.model.reference_performance import BinaryMonth, Performance
from stagebook.monitoring.binary_metrics import BinaryMetrics, realized
from stagebook.monitoring.calibration import Calibration
from stagebook.monitoring.cbpe import estimate
from stagebook.monitoring.day_summary import DaySummary

RANKING, ERROR = "ranking", "error"
"""The losses that are watched: one minus the AUC, and the Brier score or the error."""

FEWEST_ROWS = 30
"""A day with fewer rows has no loss of its own."""


@dataclass(frozen=True, slots=True)
class Estimator:
    """Estimates the performance of a classifier from its scores.

    Attributes:
        calibration: The probability of a positive label by score, from the test split.
        threshold: The score from which a row is predicted to be positive.
        reference: The metrics of the test split.
        expected: Those that are estimated for the test split, without its labels.
    """

    calibration: Calibration
    threshold: float
    reference: BinaryMetrics
    expected: BinaryMetrics

    @classmethod
    def of(cls, performance: Performance | None) -> Self | None:
        """The estimator of a package; None for a regression, or without labels of both kinds."""
        if performance is None or performance.threshold is None:
            return None
        months = [month for month in performance.months if isinstance(month, BinaryMonth)]
        positives = score_histogram.merge(month.came_true for month in months)
        negatives = score_histogram.merge(month.others for month in months)
        if not positives.rows or not negatives.rows:
            return None
        calibration = Calibration.of(positives, negatives)
        reference = realized(positives, negatives, performance.threshold)
        scores = score_histogram.merge([positives, negatives])
        expected = estimate(scores, calibration, performance.threshold)
        return cls(calibration, performance.threshold, reference, expected)

    def metrics(self, summary: DaySummary) -> BinaryMetrics | None:
        """The metrics to expect of the rows of a period; None without scores."""
        if summary.scores is None or not summary.scores.rows:
            return None
        return estimate(summary.scores, self.calibration, self.threshold)

    def losses(self, days: Sequence[DaySummary]) -> Mapping[str, Mapping[str, float]]:
        """The losses to expect, by name and day.

        They are less by as much as the estimate for the test split is more than what came true
        there. Otherwise, scores that are no exact probabilities would look like a rise.
        """
        losses: dict[str, dict[str, float]] = {RANKING: {}, ERROR: {}}
        came_true, expected = _losses(self.reference), _losses(self.expected)
        for day in days:
            metrics = self.metrics(day)
            if metrics is not None and metrics.rows >= FEWEST_ROWS:
                for name, loss in _losses(metrics).items():
                    corrected = loss - expected.get(name, 0.0) + came_true.get(name, 0.0)
                    losses[name][day.days[0]] = min(max(corrected, 0.0), 1.0)
        return losses


def _losses(metrics: BinaryMetrics) -> dict[str, float]:
    """The losses of some metrics by name, as far as they can be computed."""
    area, brier = metrics.auc.value, metrics.brier.value
    losses = {RANKING: None if area is None else 1 - area, ERROR: brier}
    return {name: loss for name, loss in losses.items() if loss is not None}


def reference_losses(performance: Performance) -> Mapping[str, Mapping[str, float]]:
    """The losses of the days of the test split, by name and day; days with few rows have none."""
    days = [day for day in performance.days if day.rows >= FEWEST_ROWS]
    return {
        RANKING: {day.day: day.ranking for day in days if day.ranking is not None},
        ERROR: {day.day: day.error for day in days if day.error is not None},
    }
