"""Whether a batch is still like its reference, column by column."""

import enum
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from stagebook.contracts.drift.calibration import ALPHA, FEWEST_BLOCKS
from stagebook.contracts.drift.column_drift import Alongside, ColumnDrift
from stagebook.contracts.drift.reference import Reference
from stagebook.contracts.drift.timeblocks import Span
from stagebook.contracts.profiles.column import Column, Numbers
from stagebook.contracts.profiles.profile import Profile
from stagebook.contracts.profiles.scale import DAY
from stagebook.errors import Problem, StagebookError

FORMAT = 1
LENGTH = {Span.MONTH: 30 * DAY, Span.WEEK: 7 * DAY, Span.DAY: DAY}
SHORTER, LONGER = 0.5, 2.0
"""A batch of less or more than so many blocks' time does not vary as a block does."""


class Verdict(enum.StrEnum):
    """What is said of a batch."""

    DRIFT = "drift"
    NO_DRIFT = "no drift"


@dataclass(frozen=True, slots=True)
class Drift:
    """How a batch differs from its reference.

    Attributes:
        columns: Columns of both, those that drifted first and then by effect over threshold.
        problems: Columns that are only on one side, or of another kind.
        calibration: Where the thresholds come from, in a sentence.
        calibrated: Whether that is time blocks of the reference.
        notes: What else to know about the comparison, in sentences.
        rows: Rows of the reference and of the batch.
    """

    columns: tuple[ColumnDrift, ...]
    problems: tuple[Problem, ...]
    calibration: str
    calibrated: bool
    notes: tuple[str, ...]
    rows: tuple[int, int]

    @property
    def drifted(self) -> tuple[ColumnDrift, ...]:
        """The columns that drifted."""
        return tuple(column for column in self.columns if column.drifted)

    @property
    def missing(self) -> tuple[Problem, ...]:
        """The columns of the reference that the batch does not have."""
        return tuple(problem for problem in self.problems if problem.code == "column-lost")

    @property
    def verdict(self) -> Verdict:
        """Drift, if a column drifted or one of the reference is missing."""
        return Verdict.DRIFT if self.drifted or self.missing else Verdict.NO_DRIFT

    def as_json(self) -> dict[str, Any]:
        """The same as plain values, with a format version."""
        return {
            "format": FORMAT,
            "verdict": self.verdict.value,
            "calibrated": self.calibrated,
            "calibration": self.calibration,
            "alpha": ALPHA,
            "rows": {"reference": self.rows[0], "batch": self.rows[1]},
            "columns": [column.as_json() for column in self.columns],
            "problems": [problem.as_json() for problem in self.problems],
            "notes": list(self.notes),
        }


def drift(reference: Reference, batch: Profile) -> Drift:
    """Holds a batch against a reference.

    Args:
        reference: The reference.
        batch: The batch's profile, made with the grids of the reference's.

    Raises:
        StagebookError: One of both has no rows (``nothing-to-compare``), or they have no column in
            common (``no-common-column``).
    """
    whole = reference.profile
    rows = [_alongside(reference, pair) for pair in _pairs(whole, batch)]
    comparisons = sum(row.comparisons for row in rows)
    columns = [row.judged(comparisons) for row in rows]
    columns.sort(key=lambda one: (not one.drifted, -one.ratio))
    retyped = [_retyped(one) for one in columns if one.retyped]
    return Drift(
        tuple(columns),
        (*_sides(whole, batch), *retyped),
        _calibration(reference),
        len(reference.blocks) >= FEWEST_BLOCKS,
        tuple(_notes(reference, batch, columns)),
        (whole.rows, batch.rows),
    )


def _pairs(whole: Profile, batch: Profile) -> list[tuple[Column, Column]]:
    for name, one in (("reference", whole), ("batch", batch)):
        if not one.rows:
            message, hint = f"The {name} has no rows.", "Give one that has some."
            raise StagebookError(Problem("nothing-to-compare", message, hint))
    found = [(left, right) for left in whole.columns if (right := batch.column(left.name))]
    if not found:
        message = "The batch has none of the reference's columns."
        raise StagebookError(
            Problem("no-common-column", message, "Check that both are of the same table.")
        )
    return found


def _alongside(reference: Reference, pair: tuple[Column, Column]) -> Alongside:
    found = [block.profile.column(pair[0].name) for block in reference.blocks]
    return Alongside.of(*pair, [one for one in found if one is not None and one.rows])


def _sides(whole: Profile, batch: Profile) -> list[Problem]:
    missing = [column.name for column in whole.columns if not batch.column(column.name)]
    new = [column.name for column in batch.columns if not whole.column(column.name)]
    return [
        Problem(
            "column-lost",
            f"Column `{name}` of the reference is not in the batch.",
            "Find out where it was lost, or make a reference without it.",
        )
        for name in missing
    ] + [
        Problem(
            "column-added",
            f"Column `{name}` is not in the reference, and not compared.",
            "Make the reference anew if it is to stay.",
        )
        for name in new
    ]


def _retyped(one: ColumnDrift) -> Problem:
    return Problem(
        "column-retyped",
        f"Column `{one.name}` is {one.batch.type}, and {one.reference.type} in the reference.",
        "Only nulls are compared; give both tables the same types.",
    )


def _calibration(reference: Reference) -> str:
    many = len(reference.blocks)
    if reference.span and many >= FEWEST_BLOCKS:
        spans = f"{many} {reference.span.value}s of the reference, by `{reference.time}`"
        return f"Thresholds are set by how much {spans}, differ from each other."
    few = f"The reference has {many} blocks of time, and {FEWEST_BLOCKS} are needed."
    rule = "Thresholds are a rule of thumb and know nothing of how this data varies."
    return f"Not calibrated: {reference.note or few} {rule}"


def _notes(reference: Reference, batch: Profile, columns: Sequence[ColumnDrift]) -> list[str]:
    length = _length(reference, batch) if len(reference.blocks) >= FEWEST_BLOCKS else ""
    notes = [length] if length else []
    for reason in sorted({one.reason for one in columns if one.reason and not one.retyped}):
        names = ", ".join(f"`{one.name}`" for one in columns if one.reason == reason)
        notes.append(f"Of {names} only gaps are compared: {reason}.")
    blind = [f"{on.value} of `{one.name}`" for one in columns for on in one.blind]
    if blind:
        names = ", ".join(sorted(blind))
        why = "too different from block to block, or with too few rows"
        notes.append(f"No drift could be told, {why}: {names}.")
    return notes


def _length(reference: Reference, batch: Profile) -> str:
    """What to say of a batch that covers much more or less time than a block; often nothing."""
    column = batch.column(reference.time or "")
    detail = column.detail if column else None
    if not reference.span or not isinstance(detail, Numbers) or detail.minimum is None:
        return ""
    days = ((detail.maximum or 0) - detail.minimum) / DAY
    blocks = days * DAY / LENGTH[reference.span]
    if SHORTER <= blocks <= LONGER:
        return ""
    word = "A shorter stretch varies more" if blocks < SHORTER else "A longer one varies less"
    size = reference.span.value
    return f"The batch covers {days:.0f} days, and thresholds are for a {size}. {word}."
