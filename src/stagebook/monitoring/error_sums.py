"""The errors of a regression's labelled rows as exact sums, and the metrics from them."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from fractions import Fraction
from typing import Any, Self

import numpy as np

from stagebook.data.profiles.column_json import count
from stagebook.monitoring.exact_sum import ExactSum
from stagebook.monitoring.figure import Figure, Z
from stagebook.monitoring.label_values import LARGEST, Floats

NO_ROWS = "there are no rows with a label and a score"
ONE_LABEL = "all labels are equal"


@dataclass(frozen=True, slots=True)
class ErrorSums:
    """Sums over rows with a label and a score. An error is the score less the label.

    Attributes:
        rows: Number of these rows.
        missing: Rows with a label and without a finite score, which are in no sum.
        error: Sum of the errors.
        absolute: Sum of their absolute values.
        square: Sum of their squares.
        fourth: Sum of their fourth powers, for the interval of the RMSE.
        label: Sum of the labels.
        label_square: Sum of the squares of the labels.
    """

    rows: int = 0
    missing: int = 0
    error: ExactSum = field(default_factory=ExactSum)
    absolute: ExactSum = field(default_factory=ExactSum)
    square: ExactSum = field(default_factory=ExactSum)
    fourth: ExactSum = field(default_factory=ExactSum)
    label: ExactSum = field(default_factory=ExactSum)
    label_square: ExactSum = field(default_factory=ExactSum)

    @classmethod
    def of(cls, scores: Floats, labels: Floats) -> Self:
        """The sums of rows that all have a label."""
        is_scored = np.abs(scores) <= LARGEST  # not for NaN
        labels = labels[is_scored]
        errors = scores[is_scored] - labels
        squares = errors**2
        columns = (errors, np.abs(errors), squares, squares**2, labels, labels**2)
        sums = (ExactSum.of(column.tolist()) for column in columns)
        return cls(len(errors), len(scores) - len(errors), *sums)

    def __add__(self, other: "ErrorSums") -> "ErrorSums":
        names = [item.name for item in fields(self)]
        return ErrorSums(*(getattr(self, name) + getattr(other, name) for name in names))

    def as_json(self) -> dict[str, Any]:
        """Plain values."""
        sums = {name: getattr(self, name).as_json() for name in _SUMS}
        return {"rows": self.rows, "missing": self.missing, **sums}

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Self:
        """The sums in plain values; a KeyError, TypeError or ValueError if they are not."""
        sums = (ExactSum.from_json(values[name]) for name in _SUMS)
        return cls(count(values["rows"]), count(values["missing"]), *sums)

    @property
    def figures(self) -> dict[str, Figure]:
        """``mae``, ``rmse`` and ``bias`` with 95 % intervals, and ``r2`` without one.

        The bias is the mean error: above zero, scores are too high. MAE and bias have the normal
        interval of a mean. That of the RMSE is the interval of the mean squared error, of which the
        roots are taken; its standard error is that of the mean squared error over twice the RMSE
        (delta method). Source: Lehmann, Elements of Large-Sample Theory, 1999, 2.5 and 4.1.
        """
        if not self.rows:
            return dict.fromkeys(("mae", "rmse", "bias", "r2"), Figure.absent(NO_ROWS))
        return {
            "mae": _mean(self.absolute, self.square, self.rows, lowest=0.0),
            "rmse": self._rmse(),
            "bias": _mean(self.error, self.square, self.rows, lowest=-math.inf),
            "r2": self._r2(),
        }

    def _rmse(self) -> Figure:
        square = _mean(self.square, self.fourth, self.rows, lowest=0.0)
        root = math.sqrt(square.value or 0.0)
        if square.standard_error is None or square.low is None or square.high is None:
            return Figure(root)
        error = square.standard_error / (2 * root) if root else 0.0
        return Figure(root, error, math.sqrt(square.low), math.sqrt(square.high))

    def _r2(self) -> Figure:
        label, squares = self.label.exact, self.label_square.exact
        around = squares - label**2 / self.rows
        # squares are rounded, so equal labels may leave a little
        if around <= squares * Fraction(1, 2**50):
            return Figure.absent(ONE_LABEL)
        return Figure(1 - float(self.square.exact / around))


_SUMS = ("error", "absolute", "square", "fourth", "label", "label_square")


def _mean(total: ExactSum, squares: ExactSum, rows: int, lowest: float) -> Figure:
    """A mean of values, from their sum and that of their squares."""
    mean = float(total.exact / rows)
    if rows == 1:
        return Figure(mean)
    around = max(squares.exact - total.exact**2 / rows, Fraction())
    error = math.sqrt(around / (rows - 1) / rows)
    return Figure(mean, error, max(mean - Z * error, lowest), mean + Z * error)
