"""The drift of a batch from its reference, column by column."""

import enum
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from stagebook.data.drift.column_drift import ColumnComparison, ColumnDrift
from stagebook.data.drift.effects import BlockEffects
from stagebook.data.drift.fitted import CalibrationSample
from stagebook.data.drift.reference import Reference
from stagebook.data.drift.spans import Span
from stagebook.data.drift.threshold import ALPHA
from stagebook.data.profiles.column import Column
from stagebook.data.profiles.profile import Profile
from stagebook.project.errors import Problem, StagebookError

FORMAT = 1


class DriftVerdict(enum.StrEnum):
    """The verdict on a batch."""

    DRIFT = "drift"
    NO_DRIFT = "no drift"


@dataclass(frozen=True, slots=True)
class Drift:
    """The differences between a batch and its reference.

    Attributes:
        columns: Columns of both, first those that drifted, then by ratio of effect to threshold.
        problems: Columns that only one of both has, or that changed their kind.
        calibration: Where the thresholds come from, in a sentence.
        calibrated: Whether they come from blocks of the reference.
        notes: Further remarks about the comparison, in sentences.
        rows: Rows of the reference and of the batch.
        alpha: Rate at which a batch like the reference's blocks is reported.
    """

    columns: tuple[ColumnDrift, ...]
    problems: tuple[Problem, ...]
    calibration: str
    calibrated: bool
    notes: tuple[str, ...]
    rows: tuple[int, int]
    alpha: float = ALPHA

    @property
    def drifted(self) -> tuple[ColumnDrift, ...]:
        """The columns that drifted."""
        return tuple(column for column in self.columns if column.drifted)

    @property
    def missing(self) -> tuple[Problem, ...]:
        """The columns of the reference that the batch does not have."""
        return tuple(problem for problem in self.problems if problem.code == "column-lost")

    @property
    def verdict(self) -> DriftVerdict:
        """Drift, if a column drifted or one of the reference is missing."""
        return DriftVerdict.DRIFT if self.drifted or self.missing else DriftVerdict.NO_DRIFT

    def as_json(self) -> dict[str, Any]:
        """The same as plain values, with a format version."""
        return {
            "format": FORMAT,
            "verdict": self.verdict.value,
            "calibrated": self.calibrated,
            "calibration": self.calibration,
            "alpha": self.alpha,
            "rows": {"reference": self.rows[0], "batch": self.rows[1]},
            "columns": [column.as_json() for column in self.columns],
            "problems": [problem.as_json() for problem in self.problems],
            "notes": list(self.notes),
        }


def drift(
    reference: Reference,
    batch: Profile,
    *,
    alpha: float = ALPHA,
    effects: BlockEffects | None = None,
    span: Span | None = None,
) -> Drift:
    """Compares a batch with a reference.

    Args:
        reference: The reference.
        batch: The batch's profile, made with the grids of the reference's.
        alpha: Rate at which a batch like the reference's blocks may be reported as drifted in any
            column.
        effects: The effects of the reference's blocks, in place of the blocks.
        span: The length of the batch, which is needed with effects. With fewer than four blocks of
            this length, thresholds are ``threshold.DEFAULT``, and the calibration says so.

    Raises:
        StagebookError: One of both has no rows (``nothing-to-compare``), or they share no column
            (``no-common-column``).
        ValueError: Effects are given without a span, or a span without effects.
    """
    if (effects is None) != (span is None):
        raise ValueError("give the effects of the reference's blocks and the batch's span together")
    reference_profile = reference.profile
    pairs = _pairs(reference_profile, batch)
    fitted = (
        CalibrationSample.of_effects(effects, span)
        if effects is not None and span is not None
        else CalibrationSample.of(reference, batch)
    )
    rows = [_alongside(fitted, pair) for pair in pairs]
    comparisons = sum(row.comparisons for row in rows)
    columns = [row.judged(comparisons, alpha) for row in rows]
    columns.sort(key=lambda column: (not column.drifted, -column.ratio))
    retyped = [_retyped(column) for column in columns if column.retyped]
    return Drift(
        tuple(columns),
        (*_sides(reference_profile, batch), *retyped),
        fitted.calibration,
        fitted.calibrated,
        tuple(_notes(fitted, columns)),
        (reference_profile.rows, batch.rows),
        alpha,
    )


def _pairs(reference_profile: Profile, batch: Profile) -> list[tuple[Column, Column]]:
    for name, profile in (("reference", reference_profile), ("batch", batch)):
        if not profile.rows:
            message, hint = f"The {name} has no rows.", f"Give a {name} with at least one row."
            raise StagebookError(Problem("nothing-to-compare", message, hint))
    pairs = [
        (left, right) for left in reference_profile.columns if (right := batch.column(left.name))
    ]
    if not pairs:
        message = "The batch and the reference have no column in common."
        raise StagebookError(
            Problem("no-common-column", message, "Check that both are of the same table.")
        )
    return pairs


def _alongside(fitted: CalibrationSample, pair: tuple[Column, Column]) -> ColumnComparison:
    if fitted.effects:
        return ColumnComparison.calibrated(*pair, fitted.effects.get(pair[0].name, {}))
    columns = [block.column(pair[0].name) for block in fitted.blocks]
    return ColumnComparison.of(
        *pair, [column for column in columns if column is not None and column.rows]
    )


def _sides(reference_profile: Profile, batch: Profile) -> list[Problem]:
    missing = [column.name for column in reference_profile.columns if not batch.column(column.name)]
    new = [column.name for column in batch.columns if not reference_profile.column(column.name)]
    return [
        Problem(
            "column-lost",
            f"Column `{name}` of the reference is not in the batch.",
            "Find out where the column was lost, or create a reference without it.",
        )
        for name in missing
    ] + [
        Problem(
            "column-added",
            f"Column `{name}` is not in the reference, so it is not compared.",
            "Create the reference again if the column is permanent.",
        )
        for name in new
    ]


def _retyped(drift: ColumnDrift) -> Problem:
    return Problem(
        "column-retyped",
        f"Column `{drift.name}` is {drift.batch.type}, "
        f"but {drift.reference.type} in the reference.",
        "Only the share of missing values is compared; use the same type in both tables.",
    )


def _notes(fitted: CalibrationSample, columns: Sequence[ColumnDrift]) -> list[str]:
    notes = [fitted.note] if fitted.note else []
    for reason in sorted(
        {column.reason for column in columns if column.reason and not column.retyped}
    ):
        names = ", ".join(f"`{column.name}`" for column in columns if column.reason == reason)
        notes.append(f"Only the missing values of {names} are compared: {reason}.")
    blind = [f"{on.value} of `{column.name}`" for column in columns for on in column.blind]
    if blind:
        names = ", ".join(sorted(blind))
        why = "The blocks of the reference differ too much, or have too few rows."
        notes.append(f"Only gross drift can be detected in {names}. {why}")
    return notes
