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
    """

    calibration: Calibration
    threshold: float
    reference: BinaryMetrics

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
        return cls(calibration, performance.threshold, reference)

    def metrics(self, summary: DaySummary) -> BinaryMetrics | None:
        """The metrics to expect of the rows of a period; None without scores."""
        if summary.scores is None or not summary.scores.rows:
            return None
        return estimate(summary.scores, self.calibration, self.threshold)

    def losses(self, days: Sequence[DaySummary]) -> Mapping[str, Mapping[str, float]]:
        """The losses to expect, by name and day."""
        losses: dict[str, dict[str, float]] = {RANKING: {}, ERROR: {}}
        for day in days:
            metrics = self.metrics(day)
            if metrics is not None and metrics.rows >= FEWEST_ROWS:
                if metrics.auc.value is not None:
                    losses[RANKING][day.days[0]] = 1 - metrics.auc.value
                if metrics.brier.value is not None:
                    losses[ERROR][day.days[0]] = metrics.brier.value
        return losses


def reference_losses(performance: Performance) -> Mapping[str, Mapping[str, float]]:
    """The losses of the days of the test split, by name and day; days with few rows have none."""
    days = [day for day in performance.days if day.rows >= FEWEST_ROWS]
    return {
        RANKING: {day.day: day.ranking for day in days if day.ranking is not None},
        ERROR: {day.day: day.error for day in days if day.error is not None},
    }
