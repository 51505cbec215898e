"""Whether what a model predicts is as often, or as large, as what happens."""

from dataclasses import dataclass

import numpy as np

from stagebook.model.paired_metrics import PROBABILITY, Floats

BINS = 10
_STEPS, _CLOSE = 50, 1e-10
_SMALLEST = 1e-12  # a probability of 0 or 1 has no finite logit


@dataclass(frozen=True, slots=True)
class ReliabilityBin:
    """Rows with similar predictions.

    Attributes:
        rows: How many.
        predicted: Mean prediction.
        observed: Mean of what happened.
    """

    rows: int
    predicted: float
    observed: float


@dataclass(frozen=True, slots=True)
class Calibration:
    """How well the predictions of one model fit what happened.

    Attributes:
        intercept: 0 is best: how far the level is off, after the slope; None if it is unknown.
        slope: 1 is best: below 1, predictions are too extreme.
        error: Mean distance of a bin's two means, weighted by rows.
        bins: At most ten bins with about the same number of rows, lowest predictions first.
    """

    intercept: float | None
    slope: float | None
    error: float
    bins: tuple[ReliabilityBin, ...]


def calibration(task: str, truth: Floats, score: Floats) -> Calibration:
    """The calibration of a model.

    Intercept and slope are those of a regression of what happened on the prediction: a logistic
    regression on the logit (Cox, Biometrika 45, 1958), or for numbers a linear one.

    Args:
        task: ``probability`` or ``number``.
        truth: Shape (n,), at least one row.
        score: Shape (n,).
    """
    line = _logistic(truth, score) if task == PROBABILITY else _linear(truth, score)
    intercept, slope = line or (None, None)
    bins = _bins(truth, score)
    error = sum(each.rows * abs(each.predicted - each.observed) for each in bins) / len(truth)
    return Calibration(intercept, slope, error, bins)


def _bins(truth: Floats, score: Floats) -> tuple[ReliabilityBin, ...]:
    """Bins by quantiles; rows with the same prediction are in one bin."""
    inner = np.quantile(score, np.linspace(0, 1, BINS + 1)[1:-1])
    places = np.searchsorted(np.unique(inner), score, side="left")
    return tuple(
        ReliabilityBin(int(chosen.sum()), float(score[chosen].mean()), float(truth[chosen].mean()))
        for chosen in (places == place for place in np.unique(places))
    )


def _linear(truth: Floats, score: Floats) -> tuple[float, float] | None:
    away = score - score.mean()
    spread = float(np.sum(away**2))
    if not spread:
        return None
    slope = float(np.sum(away * truth)) / spread
    return float(truth.mean()) - slope * float(score.mean()), slope


def _logistic(truth: Floats, score: Floats) -> tuple[float, float] | None:
    """The maximum of the likelihood by Newton's steps; None if there is no single one."""
    clipped = np.clip(score, _SMALLEST, 1 - _SMALLEST)
    logit = np.log(clipped) - np.log1p(-clipped)
    if not 0 < truth.mean() < 1 or not np.ptp(logit):
        return None
    columns = np.column_stack([np.ones_like(logit), logit])
    line = np.array([0.0, 1.0])
    for _ in range(_STEPS):
        expected = 1 / (1 + np.exp(-np.clip(columns @ line, -500, 500)))
        weights = expected * (1 - expected)
        try:
            step = np.linalg.solve((columns.T * weights) @ columns, columns.T @ (truth - expected))
        except np.linalg.LinAlgError:  # the classes are apart, so the slope has no end
            return None
        line = line + step
        if np.abs(step).max() < _CLOSE:
            return float(line[0]), float(line[1])
    return None
