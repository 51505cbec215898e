"""How one column of a batch differs from the reference's, and whether that is drift."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from stagebook.data.drift.alignment import ComparisonBasis, counts, is_instant, obstacle
from stagebook.data.drift.calibration import FEWEST_BLOCKS, Threshold, leave_one_out, threshold
from stagebook.data.drift.compared import Distances, compare
from stagebook.data.profiles.column import Column

MOVING = 0.9
"""If every block is so far from the others, values move on with time, as dates and numbers do."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One comparison of a column.

    Attributes:
        basis: What is compared.
        effect: The Jensen-Shannon distance; gaps have bins of their own in both comparisons.
        threshold: Up to where that is no drift.
    """

    basis: ComparisonBasis
    effect: float
    threshold: Threshold

    @property
    def ratio(self) -> float:
        """Effect by threshold."""
        return self.effect / self.threshold.value

    def as_json(self) -> dict[str, Any]:
        """The same as plain values."""
        calibrated = {"calibrated": self.threshold.calibrated}
        return {
            "basis": self.basis.value,
            "effect": self.effect,
            "threshold": asdict(self.threshold) | calibrated,
        }


@dataclass(frozen=True, slots=True)
class ColumnDrift:
    """How one column differs.

    The size that decides is the Jensen-Shannon distance. It needs no smoothing, is the same for
    numbers and categories, and has a bound; whatever changes in a column moves rows from bin to
    bin and therefore shows in it. Gaps (nulls, NaN, infinities) are compared a second time without
    the values, or they would hide in a column whose values change with the season.

    Attributes:
        reference: The reference's column.
        batch: The batch's.
        reason: Why values are not compared; empty if they are.
        distances: All distances.
        findings: The comparison of gaps, and that of values if there is one.
    """

    reference: Column
    batch: Column
    reason: str
    distances: Distances
    findings: tuple[Finding, ...]

    @property
    def name(self) -> str:
        """Its name."""
        return self.batch.name

    @property
    def decisive(self) -> Finding:
        """The comparison that is farthest up to its threshold, or beyond."""
        return max(self.findings, key=lambda finding: finding.ratio)

    @property
    def ratio(self) -> float:
        """Effect by threshold of the decisive comparison."""
        return self.decisive.ratio

    @property
    def retyped(self) -> bool:
        """Whether it is of another kind than in the reference."""
        return self.reference.kind is not self.batch.kind

    @property
    def drifted(self) -> bool:
        """Whether an effect is above its threshold, or the column is of another kind."""
        return self.ratio > 1 or self.retyped

    @property
    def blind(self) -> tuple[ComparisonBasis, ...]:
        """The comparisons whose effect could not be above the threshold, whatever it is."""
        return tuple(finding.basis for finding in self.findings if finding.threshold.value >= 1)

    def as_json(self) -> dict[str, Any]:
        """The same as plain values."""
        return {
            "name": self.name,
            "drifted": self.drifted,
            "ratio": self.ratio,
            "findings": [finding.as_json() for finding in self.findings],
            "reason": self.reason,
            "types": {"reference": self.reference.type, "batch": self.batch.type},
            "distances": self.distances.as_json(),
        }


@dataclass(frozen=True, slots=True)
class ColumnComparison:
    """One column of reference, batch and blocks, before it is judged.

    Attributes:
        reference: The reference's, of a table with rows.
        batch: The batch's, of another.
        blocks: Those of the reference's blocks, all with rows.
        reason: Why values are not compared; empty if they are.
    """

    reference: Column
    batch: Column
    blocks: tuple[Column, ...]
    reason: str

    @classmethod
    def of(cls, reference: Column, batch: Column, blocks: Sequence[Column]) -> "ColumnComparison":
        """What can be compared of a column."""
        reason = obstacle((reference, batch, *blocks))
        if not reason and len(blocks) >= FEWEST_BLOCKS:
            if min(leave_one_out(counts(blocks, ComparisonBasis.VALUES))) >= MOVING:
                reason = "values move on with time"
        elif not reason and is_instant(reference):
            reason = "a later batch has later times"
        return cls(reference, batch, tuple(blocks), reason)

    @property
    def bases(self) -> tuple[ComparisonBasis, ...]:
        """What is compared."""
        return (
            (ComparisonBasis.GAPS,)
            if self.reason
            else (ComparisonBasis.GAPS, ComparisonBasis.VALUES)
        )

    @property
    def comparisons(self) -> int:
        """How many comparisons could show a difference: those with more than one bin in use."""
        every = (self.reference, self.batch, *self.blocks)
        return sum(int((counts(every, on).sum(axis=0) > 0).sum()) > 1 for on in self.bases)

    def judged(self, comparisons: int) -> ColumnDrift:
        """The column's drift.

        Args:
            comparisons: How many are made in all columns together.
        """
        pair = (self.reference, self.batch)
        found = {on: compare(*pair, on) for on in self.bases}
        findings = tuple(
            Finding(on, distances.jensen_shannon, threshold(pair, self.blocks, on, comparisons))
            for on, distances in found.items()
        )
        return ColumnDrift(*pair, self.reason, found[self.bases[-1]], findings)
