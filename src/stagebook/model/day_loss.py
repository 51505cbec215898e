"""How bad predictions were on one day: two losses from 0 to 1, in which days can be compared."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from stagebook.data.drift.day_profiles import UNDATED
from stagebook.data.profiles.moment import iso
from stagebook.data.profiles.scale import DAY
from stagebook.project import typed_json

MOST_DAYS = 400
"""The last days with labels are kept, more than a year."""

SCALE = 10.0
"""An error of so many mean absolute errors counts as the worst."""

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class DayLoss:
    """The losses of the labelled rows of a day.

    Attributes:
        day: The day (UTC), such as ``2013-10-01``.
        rows: Rows with a label and a score.
        ranking: One minus the AUC; None for a regression, or if all labels are alike.
        error: The Brier score; for a regression the mean absolute error as a share of ``SCALE``
            times that of the whole split, at most 1. None without rows.
    """

    day: str
    rows: int
    ranking: float | None
    error: float | None

    def as_json(self) -> dict[str, Any]:
        """Plain values."""
        return asdict(self)

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Self:
        """The losses in plain values; ValueError for others."""
        loss = typed_json.convert(values, cls)
        shares = [share for share in (loss.ranking, loss.error) if share is not None]
        if loss.rows < 0 or not all(0 <= share <= 1 for share in shares):
            raise ValueError("a loss is not from 0 to 1")
        return loss


def binary_losses(days: npt.NDArray[np.int64], labels: Floats, scores: Floats) -> list[DayLoss]:
    """The losses of a classifier by day; rows without a label or score are left out.

    Args:
        days: The day of each row, as in ``day_profiles``.
        labels: 1 or 0; NaN for none.
        scores: From 0 to 1; NaN for none.
    """
    losses = []
    for day, rows in _by_day(days, ~np.isnan(labels) & ~np.isnan(scores)):
        own, given = labels[rows], scores[rows]
        brier = math.fsum((own - given) ** 2) / len(rows)
        losses.append(DayLoss(day, len(rows), _ranking(own == 1, given), brier))
    return losses


def scale_of(labels: Floats, scores: Floats) -> float | None:
    """The error of a regression that counts as the worst; None without rows or errors."""
    errors = np.abs(labels - scores)
    errors = errors[np.isfinite(errors)]
    scale = SCALE * math.fsum(errors) / len(errors) if len(errors) else 0.0
    return scale or None


def regression_losses(
    days: npt.NDArray[np.int64], labels: Floats, scores: Floats, scale: float | None
) -> list[DayLoss]:
    """The losses of a regression by day; rows without a label or score are left out."""
    errors = np.abs(labels - scores)
    return [
        DayLoss(day, len(rows), None, error_share(math.fsum(errors[rows]), len(rows), scale))
        for day, rows in _by_day(days, np.isfinite(errors))
    ]


def error_share(absolute_errors: float, rows: int, scale: float | None) -> float | None:
    """The error of a regression as a share of the worst, see ``DayLoss.error``.

    Args:
        absolute_errors: The sum of the absolute errors.
        rows: Their number.
        scale: See ``scale_of``.
    """
    return min(absolute_errors / rows / scale, 1.0) if rows and scale else None


def _by_day(
    days: npt.NDArray[np.int64], usable: npt.NDArray[np.bool_]
) -> Iterator[tuple[str, npt.NDArray[np.int64]]]:
    """The last days that have usable rows, with the places of these."""
    dated = usable & (days != UNDATED)
    for day in sorted(set(days[dated].tolist()))[-MOST_DAYS:]:
        yield iso(day * DAY, "date32[day]"), np.flatnonzero(dated & (days == day))


def _ranking(positive: npt.NDArray[np.bool_], scores: Floats) -> float | None:
    """One minus the AUC, from the ranks of the scores; ties count half."""
    positives, negatives = int(positive.sum()), int((~positive).sum())
    if not positives or not negatives:
        return None
    _, inverse, counts = np.unique(scores, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(counts) - (counts - 1) / 2)[inverse]
    wins = float(ranks[positive].sum()) - positives * (positives + 1) / 2
    return min(max(1 - wins / (positives * negatives), 0.0), 1.0)
