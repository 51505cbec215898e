"""What is known of some predicted rows and their labels, as counts and sums that merge."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from stagebook.data.profiles import score_histogram
from stagebook.data.profiles.column_json import count
from stagebook.data.profiles.score_histogram import ScoreHistogram
from stagebook.monitoring.error_sums import ErrorSums
from stagebook.monitoring.label_values import Floats, Kind

UNLABELLED, LABELLED, REJECTED = 0, 1, 2
"""The states of a row."""

States = npt.NDArray[np.int8]


@dataclass(frozen=True, slots=True, eq=False)
class ScoredRows:
    """Rows in memory.

    Attributes:
        scores: What the package predicted; NaN where it is no number.
        labels: What came true; NaN where the state is not ``LABELLED``.
        states: ``UNLABELLED``, ``LABELLED``, or ``REJECTED``: its label does not count.
    """

    scores: Floats
    labels: Floats
    states: States

    def __len__(self) -> int:
        return len(self.scores)

    def where(self, rows: npt.NDArray[Any]) -> "ScoredRows":
        """Some of the rows."""
        return ScoredRows(self.scores[rows], self.labels[rows], self.states[rows])


@dataclass(frozen=True, slots=True)
class BinaryCounts:
    """The scores of a classifier.

    Attributes:
        positives: Scores of rows whose label is positive.
        negatives: Scores of rows whose label is negative.
        unlabelled: Scores of all other rows.
    """

    positives: ScoreHistogram
    negatives: ScoreHistogram
    unlabelled: ScoreHistogram

    @classmethod
    def of(cls, rows: ScoredRows) -> Self:
        """The counts of some rows."""
        is_labelled = rows.states == LABELLED
        parts = (is_labelled & (rows.labels == 1), is_labelled & (rows.labels == 0), ~is_labelled)
        return cls(*(ScoreHistogram.of(rows.scores[part]) for part in parts))

    def __add__(self, other: "BinaryCounts") -> "BinaryCounts":
        pairs = (
            (self.positives, other.positives),
            (self.negatives, other.negatives),
            (self.unlabelled, other.unlabelled),
        )
        return BinaryCounts(*map(score_histogram.merge, pairs))

    def as_json(self) -> dict[str, Any]:
        """Plain values."""
        names = ("positives", "negatives", "unlabelled")
        return {name: getattr(self, name).as_json() for name in names}

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Self:
        """The counts in plain values; a KeyError, TypeError or ValueError if they are not."""
        names = ("positives", "negatives", "unlabelled")
        return cls(*(ScoreHistogram.from_json(values[name]) for name in names))


@dataclass(frozen=True, slots=True)
class LabelledRows:
    """Some predicted rows. Each is labelled, rejected, or neither.

    Attributes:
        rows: All of them.
        labelled: Those with a label that counts.
        rejected: Those whose label does not count: labels that contradict each other, or one that
            was known before the prediction.
        binary: The scores of a classifier; None for a regression.
        errors: The errors of a regression; None for a classifier.
    """

    rows: int
    labelled: int
    rejected: int
    binary: BinaryCounts | None = None
    errors: ErrorSums | None = None

    @classmethod
    def of(cls, rows: ScoredRows, kind: Kind) -> Self:
        """The counts of some rows."""
        is_labelled = rows.states == LABELLED
        labelled, rejected = int(is_labelled.sum()), int((rows.states == REJECTED).sum())
        if kind == "binary":
            return cls(len(rows), labelled, rejected, binary=BinaryCounts.of(rows))
        errors = ErrorSums.of(rows.scores[is_labelled], rows.labels[is_labelled])
        return cls(len(rows), labelled, rejected, errors=errors)

    @property
    def unlabelled(self) -> int:
        """Rows without a label."""
        return self.rows - self.labelled - self.rejected

    @property
    def share(self) -> float:
        """The share of rows with a label that counts; 1 without rows."""
        return self.labelled / self.rows if self.rows else 1.0

    def __add__(self, other: "LabelledRows") -> "LabelledRows":
        binary = [part.binary for part in (self, other) if part.binary is not None]
        errors = [part.errors for part in (self, other) if part.errors is not None]
        if len(binary) == 1 or len(errors) == 1:
            raise ValueError("rows of a classifier and of a regression have no sum")
        return LabelledRows(
            self.rows + other.rows,
            self.labelled + other.labelled,
            self.rejected + other.rejected,
            binary[0] + binary[1] if binary else None,
            errors[0] + errors[1] if errors else None,
        )

    def as_json(self) -> dict[str, Any]:
        """Plain values."""
        return {
            "rows": self.rows,
            "labelled": self.labelled,
            "rejected": self.rejected,
            "binary": self.binary and self.binary.as_json(),
            "errors": self.errors and self.errors.as_json(),
        }

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Self:
        """The counts in plain values; a KeyError, TypeError or ValueError if they are not."""
        binary, errors = values["binary"], values["errors"]
        return cls(
            count(values["rows"]),
            count(values["labelled"]),
            count(values["rejected"]),
            BinaryCounts.from_json(binary) if binary else None,
            ErrorSums.from_json(errors) if errors else None,
        )


def merge(parts: Iterable[LabelledRows]) -> LabelledRows:
    """All rows together.

    Args:
        parts: At least one; all of one kind.
    """
    first, *others = parts
    for other in others:
        first = first + other
    return first
