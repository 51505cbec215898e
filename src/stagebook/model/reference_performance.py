"""How good a model is on its test split: by month as counts that merge, by day as losses."""

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal, Self

import numpy as np
import numpy.typing as npt

from stagebook.data.profiles.score_histogram import ScoreHistogram
from stagebook.model.day_loss import DayLoss
from stagebook.project import typed_json

THRESHOLD = 0.5
"""The score from which a row counts as predicted to come true."""

LARGEST = 1e140
"""Larger numbers count as missing: sums of their squares could overflow."""

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class BinaryMonth:
    """The scores of the rows of one month with a label that is true or false.

    Attributes:
        start: Its first day, in ISO 8601.
        came_true: Scores of rows whose label is true.
        others: Scores of the rows whose label is false.
    """

    start: str
    came_true: ScoreHistogram
    others: ScoreHistogram

    @classmethod
    def of(cls, start: str, labels: Floats, scores: Floats) -> Self:
        """The month of some rows, all of them with a label."""
        came = labels == 1
        return cls(start, ScoreHistogram.of(scores[came]), ScoreHistogram.of(scores[~came]))

    def as_json(self) -> dict[str, Any]:
        """The same as plain values."""
        sides = {"came_true": self.came_true.as_json(), "others": self.others.as_json()}
        return {"start": self.start, **sides}

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Self:
        """The month in plain values; KeyError, TypeError or ValueError for others."""
        sides = [ScoreHistogram.from_json(values[name]) for name in ("came_true", "others")]
        return cls(typed_json.convert(values["start"], str), *sides)


@dataclass(frozen=True, slots=True)
class RegressionMonth:
    """The errors of the rows of one month with a label that is a number.

    An error is the score less the label. Sums are those of the exact values, rounded once, so
    they do not depend on the order of the rows.

    Attributes:
        start: Its first day, in ISO 8601.
        rows: Rows with a label and a score.
        unscored: Rows with a label and without a finite score, which are in no sum.
        errors: Sum of the errors.
        absolute_errors: Sum of their absolute values.
        squared_errors: Sum of their squares.
        label_mean: The mean of the labels; 0 without rows.
        label_squares: Sum of the squares of the labels' deviations from it.
    """

    start: str
    rows: int
    unscored: int
    errors: float
    absolute_errors: float
    squared_errors: float
    label_mean: float
    label_squares: float

    @classmethod
    def of(cls, start: str, labels: Floats, scores: Floats) -> Self:
        """The month of some rows, all of them with a label."""
        scored = usable(scores)
        labels, scores = labels[scored], scores[scored]
        rows, errors = len(labels), scores - labels
        mean = math.fsum(labels) / rows if rows else 0.0
        return cls(
            start,
            rows,
            unscored=int((~scored).sum()),
            errors=math.fsum(errors),
            absolute_errors=math.fsum(abs(errors)),
            squared_errors=math.fsum(errors**2),
            label_mean=mean,
            label_squares=math.fsum((labels - mean) ** 2),
        )

    def as_json(self) -> dict[str, Any]:
        """The same as plain values."""
        return asdict(self)

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Self:
        """The month in plain values; ValueError for others."""
        month = typed_json.convert(values, cls)
        numbers = [value for value in asdict(month).values() if not isinstance(value, str)]
        if min(month.rows, month.unscored) < 0 or not all(map(math.isfinite, numbers)):
            raise ValueError("a count is negative, or a sum is not finite")
        return month


Kind = Literal["binary", "regression"]
Month = BinaryMonth | RegressionMonth
_MONTHS: Mapping[str, type[Month]] = {
    "binary": BinaryMonth,
    "regression": RegressionMonth,
}


@dataclass(frozen=True, slots=True)
class Performance:
    """How good a model is on its test split, by month and by day.

    Attributes:
        kind: Whether the label is true or false, or a number.
        label: Column of the test split with what came true.
        score: Column of the predictions that is compared with it.
        threshold: The score from which a row counts as predicted to come true; None for numbers.
        unlabelled: Rows without a label, which are in no month.
        undated: Rows with a label and without a time, which are in no month either.
        scale: The error that counts as the worst; None for a label that is true or false.
        months: Months with rows, ascending; all of one kind.
        days: The losses of the last days with rows, ascending.
    """

    kind: Kind
    label: str
    score: str
    threshold: float | None
    unlabelled: int
    undated: int
    scale: float | None
    months: tuple[Month, ...]
    days: tuple[DayLoss, ...]

    def as_json(self) -> dict[str, Any]:
        """The same as plain values."""
        own = {name: getattr(self, name) for name in _OWN}
        months = [month.as_json() for month in self.months]
        return {**own, "months": months, "days": [day.as_json() for day in self.days]}

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Self:
        """The performance in plain values.

        Raises:
            KeyError: A value is missing.
            TypeError: A value is of the wrong kind.
            ValueError: A value is impossible.
        """
        kind, *head = (values[name] for name in _OWN)
        months = tuple(_MONTHS[kind].from_json(month) for month in values["months"])
        days = tuple(map(DayLoss.from_json, values["days"]))
        checked = typed_json.convert(head, tuple[str, str, float | None, int, int, float | None])
        performance = cls(kind, *checked, months, days)
        fits = (kind == "binary") == (performance.threshold is not None)
        if not fits or min(performance.unlabelled, performance.undated) < 0:
            raise ValueError("the threshold or a count does not fit")
        return performance


_OWN = ("kind", "label", "score", "threshold", "unlabelled", "undated", "scale")


def usable(values: Floats) -> npt.NDArray[np.bool_]:
    """Which numbers can be summed."""
    return np.asarray(abs(values) <= LARGEST)
