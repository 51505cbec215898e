"""The losses of rows as sums, which is all that a confidence sequence needs to know of a day."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from stagebook.data.profiles.score_histogram import CENTRES, ScoreHistogram, edge_of
from stagebook.monitoring.calibration import Calibration


@dataclass(frozen=True, slots=True)
class LossSums:
    """The losses of some rows, each from 0 to 1.

    Attributes:
        rows: Number of rows.
        total: Sum of their losses.
        squares: Sum of the squares of their losses.
    """

    rows: int
    total: float
    squares: float

    def __post_init__(self) -> None:
        slack = 1e-9 * max(self.rows, 1)  # of sums that were rounded
        if not -slack <= self.squares <= self.total + slack <= self.rows + 2 * slack:
            raise ValueError("the sums are not those of losses from 0 to 1")
        if self.total**2 > self.rows * self.squares + slack * max(self.rows, 1):
            raise ValueError("the sum of squares is too small for the sum")

    @classmethod
    def of(cls, losses: npt.ArrayLike) -> Self:
        """The sums of losses."""
        values = np.asarray(losses, dtype=np.float64)
        return cls(len(values), float(values.sum()), float(values @ values))

    def __add__(self, other: "LossSums") -> "LossSums":
        return LossSums(
            self.rows + other.rows, self.total + other.total, self.squares + other.squares
        )

    @property
    def mean(self) -> float:
        """The mean loss; a ZeroDivisionError without rows."""
        return self.total / self.rows

    def about(self, centre: float) -> float:
        """The sum of squared distances to a value, at least 0."""
        return max(self.squares - 2 * centre * self.total + self.rows * centre**2, 0.0)

    def as_json(self) -> dict[str, Any]:
        """Plain values."""
        return asdict(self)

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Self:
        """The sums in plain values; a KeyError, TypeError or ValueError if they are not."""
        return cls(int(values["rows"]), float(values["total"]), float(values["squares"]))


def errors(
    positives: ScoreHistogram, negatives: ScoreHistogram, threshold: float = 0.5
) -> LossSums:
    """Wrong predictions of labelled rows: each is a loss of 1."""
    edge = edge_of(threshold)
    wrong = int(positives.counts[:edge].sum() + negatives.counts[edge:].sum())
    return LossSums(positives.rows + negatives.rows, float(wrong), float(wrong))


def squared_errors(positives: ScoreHistogram, negatives: ScoreHistogram) -> LossSums:
    """The squared distance of score and label, of labelled rows; its mean is the Brier score."""
    return _of_bins((1 - CENTRES) ** 2, positives) + _of_bins(CENTRES**2, negatives)


def expected_errors(
    histogram: ScoreHistogram, calibration: Calibration, threshold: float = 0.5
) -> LossSums:
    """How probably each row without a label is predicted wrongly.

    The mean is one minus the estimated accuracy, see ``cbpe.estimate``.
    """
    wrong = calibration.probabilities.copy()
    edge = edge_of(threshold)
    wrong[edge:] = 1 - wrong[edge:]
    return _of_bins(wrong, histogram)


def _of_bins(losses: npt.NDArray[np.float64], histogram: ScoreHistogram) -> LossSums:
    counts = histogram.counts
    return LossSums(histogram.rows, float(counts @ losses), float(counts @ losses**2))
