"""Metrics of two models on the same rows, with the interval of each difference.

The error of a metric is, to first order, a sum of one part for each row. The variance of a
difference follows from the differences of these parts, so a row that is hard for both models
adds nothing to it. For AUC, the parts are those of DeLong, DeLong and Clarke-Pearson (Biometrics
44, 1988). Parts of rows that are not independent are added up first (Obuchowski, Biometrics 53,
1997).
"""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Codes = npt.NDArray[np.intp]

PROBABILITY, NUMBER = "probability", "number"
"""The tasks of a model: the probability of an event, or a number."""

_NAMES = {
    PROBABILITY: ("auc", "brier", "log_loss", "accuracy"),
    NUMBER: ("mae", "rmse", "bias"),
}
_HIGHER = {"auc": True, "accuracy": True, "bias": None}
ONE_CLASS = "the rows have only one class"


@dataclass(frozen=True, slots=True)
class PairedScores:
    """What happened on n rows, and what two models predict for them.

    Attributes:
        truth: Shape (n,); 1 for the event and 0 otherwise, or any number.
        champion: Shape (n,), probabilities of the event, or numbers.
        challenger: Shape (n,), the same of the other model.
        clusters: Shape (n,), equal for rows that are not independent; None if all are.
    """

    truth: Floats
    champion: Floats
    challenger: Floats
    clusters: Codes | None = None

    def at(self, rows: npt.NDArray[np.bool_]) -> "PairedScores":
        """The rows that a mask of shape (n,) marks."""
        clusters = None if self.clusters is None else self.clusters[rows]
        return PairedScores(self.truth[rows], self.champion[rows], self.challenger[rows], clusters)


@dataclass(frozen=True, slots=True)
class PairedMetric:
    """A metric of two models.

    Attributes:
        name: Its name.
        higher_is_better: Its direction; None if it has none.
        champion: Its value for the champion; None if it cannot be computed.
        challenger: Its value for the challenger.
        difference: The challenger's value minus the champion's.
        low: Lower end of the interval of the difference; None with too few rows for one.
        high: Upper end.
        reason: Why it cannot be computed; empty if it can.
    """

    name: str
    higher_is_better: bool | None
    champion: float | None = None
    challenger: float | None = None
    difference: float | None = None
    low: float | None = None
    high: float | None = None
    reason: str = ""

    @property
    def gain(self) -> tuple[float, float, float] | None:
        """How much better the challenger is, and the ends of the interval; None if unknown."""
        if self.difference is None or self.low is None or self.high is None:
            return None
        if self.higher_is_better is False:
            return -self.difference, -self.high, -self.low
        return self.difference, self.low, self.high


@dataclass(frozen=True, slots=True)
class Measured:
    """A metric of one model, with the part that each row has in its error.

    Attributes:
        value: The metric.
        parts: Shape (n,), the parts, whose sum over all rows is 0.
        corrections: Shape (n,), what makes the sum of squared parts an unbiased variance.
    """

    value: float
    parts: Floats
    corrections: Floats


def names(task: str) -> tuple[str, ...]:
    """The metrics of a task."""
    return _NAMES[task]


def metrics(
    task: str, scores: PairedScores, confidence: float, threshold: float
) -> tuple[PairedMetric, ...]:
    """Every metric of a task.

    Args:
        task: ``probability`` or ``number``.
        scores: At least one row.
        confidence: The confidence of the intervals.
        threshold: The probability from which on a decision is yes.
    """
    return tuple(_paired(name, scores, confidence, threshold) for name in _NAMES[task])


def _paired(name: str, scores: PairedScores, confidence: float, threshold: float) -> PairedMetric:
    higher = _HIGHER.get(name, False)
    if name == "auc" and len(np.unique(scores.truth)) < 2:
        return PairedMetric(name, higher, reason=ONE_CLASS)
    measure = _measure(name, threshold)
    champion = measure(scores.truth, scores.champion)
    challenger = measure(scores.truth, scores.challenger)
    difference = challenger.value - champion.value
    same = np.array_equal(scores.champion, scores.challenger)
    apart = challenger.parts - champion.parts
    spread = 0.0 if same else _deviation(apart, champion.corrections, scores.clusters)
    half = NormalDist().inv_cdf((1 + confidence) / 2) * spread
    known = math.isfinite(half)
    return PairedMetric(
        name,
        higher,
        champion.value,
        challenger.value,
        difference,
        difference - half if known else None,
        difference + half if known else None,
    )


def _measure(name: str, threshold: float) -> Callable[[Floats, Floats], Measured]:
    losses: dict[str, Callable[[Floats, Floats], Floats]] = {
        "brier": lambda truth, score: (score - truth) ** 2,
        "log_loss": _log_losses,
        "accuracy": lambda truth, score: ((score >= threshold) == (truth > 0)).astype(np.float64),
        "mae": lambda truth, score: np.abs(score - truth),
        "bias": lambda truth, score: score - truth,
    }
    if name == "auc":
        return area
    if name == "rmse":
        return _root_mean_square
    return lambda truth, score: _mean(losses[name](truth, score))


def area(truth: Floats, score: Floats) -> Measured:
    """The area under the ROC curve: the share of pairs in the right order; a tie counts half.

    Args:
        truth: Shape (n,), 1 or 0, both of them.
        score: Shape (n,).
    """
    event = truth > 0
    count, others = int(event.sum()), int((~event).sum())
    placed = np.empty(len(score))
    placed[event] = _share_below(np.sort(score[~event]), score[event])
    placed[~event] = 1 - _share_below(np.sort(score[event]), score[~event])
    value = float(placed[event].mean())
    sizes = np.where(event, count, others)
    return Measured(value, (placed - value) / sizes, _corrections(sizes))


def _share_below(ordered: Floats, score: Floats) -> Floats:
    below = np.searchsorted(ordered, score, side="left")
    not_above = np.searchsorted(ordered, score, side="right")
    return np.asarray((below + not_above) / (2 * len(ordered)), dtype=np.float64)


def _corrections(sizes: npt.NDArray[np.int_]) -> Floats:
    with np.errstate(divide="ignore"):
        return np.asarray(np.sqrt(sizes / (sizes - 1)), dtype=np.float64)


def _mean(values: Floats) -> Measured:
    size = len(values)
    value = float(values.mean())
    return Measured(value, (values - value) / size, _corrections(np.full(size, size)))


def _root_mean_square(truth: Floats, score: Floats) -> Measured:
    square = _mean((score - truth) ** 2)
    root = math.sqrt(square.value)
    parts = square.parts / (2 * root) if root else square.parts
    return Measured(root, parts, square.corrections)


def _log_losses(truth: Floats, score: Floats) -> Floats:
    smallest = np.finfo(np.float64).eps  # a certain and wrong forecast has no finite loss
    clipped = np.clip(score, smallest, 1 - smallest)
    return np.asarray(-np.where(truth > 0, np.log(clipped), np.log1p(-clipped)), dtype=np.float64)


def _deviation(parts: Floats, corrections: Floats, clusters: Codes | None) -> float:
    """The standard deviation of a sum of parts; NaN if the rows are too few to know it."""
    if clusters is None:
        with np.errstate(invalid="ignore"):
            spread = float(np.sqrt(np.sum((parts * corrections) ** 2)))
        return spread if math.isfinite(spread) else math.nan
    sums = np.bincount(np.unique(clusters, return_inverse=True)[1], parts)
    count = len(sums)
    return math.sqrt(count / (count - 1) * float(np.sum(sums**2))) if count > 1 else math.nan


def disagreements(scores: PairedScores, threshold: float) -> Iterator[npt.NDArray[np.bool_]]:
    """The rows that only the challenger decides with yes, then those that only the champion does.

    Args:
        scores: Probabilities.
        threshold: The probability from which on a decision is yes.
    """
    champion, challenger = scores.champion >= threshold, scores.challenger >= threshold
    yield challenger & ~champion
    yield champion & ~challenger
