"""How much of the rise of a loss goes with the change of single columns."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from stagebook.monitoring.day_evidence import QUANTUM, DayEvidence
from stagebook.monitoring.figure import Z

FEWEST_DAYS = 7
"""Fewer days before the rise are no comparison."""

LEAST = 0.1
"""A smaller share is not worth a person's time."""

MOST = 3
"""Columns that are named."""

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class RiseShare:
    """A part of a rise, with its 95 % interval; days are what varies.

    Attributes:
        share: The part. One below 0 made the loss smaller.
        low: Its lower limit.
        high: Its upper limit.
    """

    share: float
    low: float
    high: float

    @property
    def words(self) -> str:
        """The share and its interval, between 0 and 100 %."""
        low, share, high = (
            f"{100 * min(max(value, 0.0), 1.0):.0f}" for value in (self.low, self.share, self.high)
        )
        return f"{share} % ({low} to {high})"


@dataclass(frozen=True, slots=True)
class ColumnShare:
    """What goes with the change of one column.

    Attributes:
        column: Its name.
        part: Its part of the rise. Columns that change together have the same part, so parts do
            not add up to 1.
    """

    column: str
    part: RiseShare


@dataclass(frozen=True, slots=True)
class Explanation:
    """What a rise of the loss consists of.

    Attributes:
        before: Mean loss of the rows before it.
        now: Mean loss of the rows since.
        columns: The share of each feature, the largest first.
        relation: The share that is left when scores are as often as before: with the same score,
            predictions are worse than they were. None for an expected loss, which the score gives.
    """

    before: float
    now: float
    columns: tuple[ColumnShare, ...]
    relation: RiseShare | None

    @classmethod
    def of(
        cls,
        before: Sequence[DayEvidence],
        now: Sequence[DayEvidence],
        features: Iterable[str],
        score: str | None,
    ) -> "Explanation | None":
        """The explanation of a rise; None if there is no rise.

        Args:
            before: The days before the rise.
            now: The days since.
            features: The columns that may explain it.
            score: The column of the prediction, if its share says what the relation explains.
        """
        days = [*before, *now]
        names = [name for name in features if all(name in day.columns for day in days)]
        if not names or not before or not now:
            return None
        first, last = (_mean(_matrices(side, names[0])) for side in (before, now))
        if not last - first > 0:  # NaN without rows
            return None
        columns = [ColumnShare(name, _part(before, now, name, last - first)) for name in names]
        columns.sort(key=lambda item: (-item.part.share, item.column))
        relation = None
        if score is not None and all(score in day.columns for day in days):
            own = _part(before, now, score, last - first)
            relation = RiseShare(1 - own.share, 1 - own.high, 1 - own.low)
        return cls(first, last, tuple(columns), relation)

    @property
    def sentence(self) -> str:
        """What explains how much of the rise; shares that may be chance are not named."""
        named = [item for item in self.columns if item.part.share >= LEAST and item.part.low > 0]
        parts = [f"`{item.column}` explains {item.part.words}" for item in named[:MOST]]
        if parts:
            alone = " by itself" if len(parts) == 1 else ", each by itself"
            first = f"Of the rise since the days before, {', '.join(parts)}{alone}"
        else:
            first = "No change of a single feature explains the rise since the days before"
        if self.relation is None or self.relation.share < LEAST or self.relation.low <= 0:
            return f"{first}."
        meaning = "is that a score is wrong more often than it was"
        return f"{first}; {self.relation.words} of it {meaning}."


def composition(before: "_Bins", now: "_Bins") -> Floats:
    """How much the mean loss rises because rows are in other bins.

    The rest of the rise is from losses within bins. Each bin counts with the mean of its losses
    before and now, so both parts are the whole; a bin that was empty has the loss that it has now,
    and the other way round. Source: Kitagawa, Components of a difference between two rates,
    Journal of the American Statistical Association 50, 1955.

    Args:
        before: Rows and losses by bin, as the last axis; at least one row.
        now: The same.
    """
    shares = [rows / rows.sum(axis=-1, keepdims=True) for rows, _ in (before, now)]
    losses = _losses(before, now) + _losses(now, before)
    return np.asarray(np.sum((shares[1] - shares[0]) * losses, axis=-1) / 2)


_Bins = tuple[Floats, Floats]


def _losses(own: _Bins, other: _Bins) -> Floats:
    """The mean loss of each bin; that of the other rows in an empty one."""
    is_filled = own[0] > 0
    rows = np.where(is_filled, own[0], other[0])
    return np.asarray(np.where(is_filled, own[1], other[1]) / np.maximum(rows, 1))


def _part(
    before: Sequence[DayEvidence], now: Sequence[DayEvidence], name: str, rise: float
) -> RiseShare:
    """The part of a column, with the interval of the jackknife over days.

    Source: Efron and Tibshirani, An Introduction to the Bootstrap, 1993, chapter 11.
    """
    sides = [_matrices(side, name) for side in (before, now)]
    whole = [(rows.sum(axis=0), losses.sum(axis=0)) for rows, losses in sides]
    share = float(composition(*whole)) / rise
    without = [_without(days, total) for days, total in zip(sides, whole, strict=True)]
    others = [composition(without[0], whole[1]), composition(whole[0], without[1])]
    width = Z * float(np.sqrt(sum(map(_variance, others)))) / rise
    return RiseShare(share, share - width, share + width)


def _without(days: _Bins, total: _Bins) -> _Bins:
    """The totals without each of the days; without the only day that has rows, there is none."""
    rows, losses = total[0] - days[0], total[1] - days[1]
    is_left = rows.sum(axis=-1) > 0
    return rows[is_left], losses[is_left]


def _variance(values: Floats) -> float:
    """The variance of an estimate, from its values without each of the days."""
    count = len(values)
    return float(np.sum((values - values.mean()) ** 2)) * (count - 1) / count if count else 0.0


def _matrices(days: Sequence[DayEvidence], name: str) -> _Bins:
    """The rows and losses of a column, by day and bin."""
    columns = [day.columns[name] for day in days]
    rows = np.array([column.rows for column in columns], np.float64)
    return rows, np.array([column.losses for column in columns], np.float64) * QUANTUM


def _mean(bins: _Bins) -> float:
    rows, losses = (float(part.sum()) for part in bins)
    return losses / rows if rows else float("nan")
