"""How often a classifier gave which score: counts that merge, from which metrics are computed."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import numpy.typing as npt

BINS = 2000
"""Bins over [0, 1]. Their edges are the multiples of 0.0005, so 0.5 or 0.35 are edges."""

EDGES: npt.NDArray[np.float64] = np.arange(BINS + 1) / BINS
"""Where bins begin, and where the last one ends. A score at an edge is in the bin that begins."""

CENTRES: npt.NDArray[np.float64] = (EDGES[:-1] + EDGES[1:]) / 2
"""The score that all rows of a bin count as."""

for _fixed in (EDGES, CENTRES):
    _fixed.setflags(write=False)


@dataclass(frozen=True, slots=True, eq=False)
class ScoreHistogram:
    """The scores of some rows, as counts in ``BINS`` equal bins over [0, 1].

    Attributes:
        counts: Rows in each bin. A bin has its lower edge, and the last bin has 1 too.
        missing: Rows without a score (None or NaN), which are in no bin.
        outside: Rows with a score below 0 or above 1, which are in no bin either.

    Example:
        >>> from stagebook.data.profiles.score_histogram import ScoreHistogram, merge
        >>> monday = ScoreHistogram.of([0.25, 0.25, 0.9, None])
        >>> tuesday = ScoreHistogram.of([1.0, 1.5])
        >>> week = merge([monday, tuesday])
        >>> week.rows, week.missing, week.outside
        (4, 1, 1)
        >>> week.as_json()["filled"], week.as_json()["counts"]
        ([500, 1800, 1999], [2, 1, 1])
    """

    counts: npt.NDArray[np.int64]
    missing: int = 0
    outside: int = 0

    def __post_init__(self) -> None:
        if self.counts.shape != (BINS,) or self.counts.dtype != np.int64:
            raise ValueError(f"the counts are not {BINS} 64-bit integers")
        if self.missing < 0 or self.outside < 0 or np.any(self.counts < 0):
            raise ValueError("a count is negative")
        self.counts.setflags(write=False)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, ScoreHistogram):
            return NotImplemented
        alike = (self.missing, self.outside) == (other.missing, other.outside)
        return alike and np.array_equal(self.counts, other.counts)

    __hash__ = None  # type: ignore[assignment]  # arrays have no hash

    @classmethod
    def of(cls, scores: npt.ArrayLike) -> Self:
        """The histogram of scores; None counts as missing."""
        values = np.asarray(scores, dtype=np.float64).ravel()
        missing = np.isnan(values)
        inside = (values >= 0) & (values <= 1)
        counts = np.bincount(_bins(values[inside]), minlength=BINS).astype(np.int64)
        absent = int(missing.sum())
        return cls(counts, absent, len(values) - absent - int(inside.sum()))

    @property
    def rows(self) -> int:
        """Rows that are in a bin."""
        return int(self.counts.sum())

    def as_json(self) -> dict[str, Any]:
        """Plain values: the bins that have rows, and their counts."""
        filled = np.flatnonzero(self.counts)
        return {
            "bins": BINS,
            "filled": filled.tolist(),
            "counts": self.counts[filled].tolist(),
            "missing": self.missing,
            "outside": self.outside,
        }

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Self:
        """The histogram in plain values.

        Raises:
            KeyError: A value is missing.
            TypeError: A value is of the wrong kind.
            ValueError: A value is impossible, or the number of bins is another.
        """
        if values["bins"] != BINS:
            raise ValueError(f"the histogram has {values['bins']} bins, not {BINS}")
        filled, held = _integers(values["filled"]), _integers(values["counts"])
        if np.any((filled < 0) | (filled >= BINS)):
            raise ValueError("a bin does not exist")
        if len(filled) != len(held) or np.any(np.bincount(filled, minlength=BINS) > 1):
            raise ValueError("the filled bins and the counts do not fit")
        counts = np.zeros(BINS, np.int64)
        counts[filled] = held
        beside = _integers([values["missing"], values["outside"]])
        return cls(counts, int(beside[0]), int(beside[1]))


def merge(histograms: Iterable[ScoreHistogram]) -> ScoreHistogram:
    """The histogram of all rows together; an empty one if no histogram is given."""
    counts = np.zeros(BINS, np.int64)
    missing = outside = 0
    for histogram in histograms:
        counts += histogram.counts
        missing += histogram.missing
        outside += histogram.outside
    return ScoreHistogram(counts, missing, outside)


def edge_of(threshold: float) -> int:
    """The number of the edge that is nearest to a threshold.

    Rows in the bin with this number and in later ones have a score of at least that edge. With a
    multiple of 0.0005, these are exactly the rows at or above the threshold; with another, some
    rows of one bin are on the wrong side.

    Raises:
        ValueError: The threshold is not in [0, 1].
    """
    if not 0 <= threshold <= 1:
        raise ValueError("the threshold is not from 0 to 1")
    return round(threshold * BINS)


def _bins(scores: npt.NDArray[np.float64]) -> npt.NDArray[np.int64]:
    """The bin of each score. Products are rounded, so those at an edge are compared with it."""
    bins = np.minimum((scores * BINS).astype(np.int64), BINS - 1)
    bins -= scores < EDGES[bins]
    bins += (scores >= EDGES[bins + 1]) & (bins < BINS - 1)
    return bins


def _integers(values: Any) -> npt.NDArray[np.int64]:
    array = np.asarray(values)
    if array.size and not np.issubdtype(array.dtype, np.integer):
        raise TypeError("a count is not an integer")
    return array.astype(np.int64).ravel()
