"""How one column of a batch differs from the reference's, and whether that is drift."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from stagebook.data.drift import distances
from stagebook.data.drift.alignment import ComparisonBasis, counts, is_instant, obstacle
from stagebook.data.drift.compared import Distances, compare
from stagebook.data.drift.threshold import (
    ALPHA,
    FEWEST_BLOCKS,
    GROSS,
    Threshold,
    leave_one_out,
    threshold,
)
from stagebook.data.profiles.column import Column

MOVING = 0.9
"""If every block is so far from the others, values advance with time, as dates do."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One comparison of a column.

    Attributes:
        basis: The aspect that is compared.
        effect: The Jensen-Shannon distance; gaps have bins of their own in both comparisons.
        threshold: The largest effect without drift.
    """

    basis: ComparisonBasis
    effect: float
    threshold: Threshold

    @property
    def ratio(self) -> float:
        """The effect divided by the threshold."""
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
    """The drift of one column.

    The Jensen-Shannon distance decides. It needs no smoothing, is the same for numbers and
    categories, and has a bound. Every change in a column moves rows between bins, and so changes
    the distance. Gaps (nulls, NaN, infinities) are also compared without the values, since they
    would be invisible in a column whose values change with the season.

    Attributes:
        reference: The reference's column.
        batch: The batch's.
        reason: Why values are not compared; empty if they are.
        findings: The comparison of gaps, and that of values if there is one.
    """

    reference: Column
    batch: Column
    reason: str
    findings: tuple[Finding, ...]

    @property
    def name(self) -> str:
        """Its name."""
        return self.batch.name

    @property
    def distances(self) -> Distances:
        """All distances, of the values if they are compared; computed when they are asked for."""
        return compare(self.reference, self.batch, self.findings[-1].basis)

    @property
    def decisive(self) -> Finding:
        """The comparison with the largest ratio of effect to threshold."""
        return max(self.findings, key=lambda finding: finding.ratio)

    @property
    def ratio(self) -> float:
        """The ratio of the decisive comparison."""
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
        """The comparisons whose threshold only gross drift, or none, can exceed."""
        return tuple(item.basis for item in self.findings if item.threshold.value >= GROSS)

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
        reference: The reference's column, with rows.
        batch: The batch's column, with rows.
        blocks: The columns of the reference's blocks, all with rows; none if only their effects
            are known.
        effects: The effect of each block against all others; empty with too few blocks.
        reason: Why values are not compared; empty if they are.
    """

    reference: Column
    batch: Column
    blocks: tuple[Column, ...]
    effects: Mapping[ComparisonBasis, Sequence[float]]
    reason: str

    @classmethod
    def of(cls, reference: Column, batch: Column, blocks: Sequence[Column]) -> "ColumnComparison":
        """The comparison of a column, as far as it is possible."""
        reason = obstacle((reference, batch, *blocks))
        bases = (
            (ComparisonBasis.GAPS,) if reason else (ComparisonBasis.GAPS, ComparisonBasis.VALUES)
        )
        enough = len(blocks) >= FEWEST_BLOCKS
        effects = {on: leave_one_out(counts(blocks, on)) for on in bases} if enough else {}
        reason = reason or _advance(reference, effects)
        return cls(reference, batch, tuple(blocks), effects, reason)

    @classmethod
    def calibrated(
        cls,
        reference: Column,
        batch: Column,
        effects: Mapping[ComparisonBasis, Sequence[float]],
    ) -> "ColumnComparison":
        """The comparison of a column with effects of blocks that are not here themselves."""
        reason = obstacle((reference, batch)) or _advance(reference, effects)
        return cls(reference, batch, (), effects, reason)

    @property
    def bases(self) -> tuple[ComparisonBasis, ...]:
        """The aspects that are compared."""
        return (
            (ComparisonBasis.GAPS,)
            if self.reason
            else (ComparisonBasis.GAPS, ComparisonBasis.VALUES)
        )

    @property
    def comparisons(self) -> int:
        """The number of comparisons with more than one bin in use, which can show a difference."""
        every = (self.reference, self.batch, *self.blocks)
        return sum(int((counts(every, on).sum(axis=0) > 0).sum()) > 1 for on in self.bases)

    def judged(self, comparisons: int, alpha: float = ALPHA) -> ColumnDrift:
        """The column's drift.

        Args:
            comparisons: Total number of comparisons in all columns.
            alpha: See ``threshold``.
        """
        pair = (self.reference, self.batch)
        findings = tuple(
            Finding(
                on,
                distances.jensen_shannon(*counts(pair, on)),
                threshold(pair, self.effects.get(on, ()), on, comparisons, alpha),
            )
            for on in self.bases
        )
        return ColumnDrift(*pair, self.reason, findings)


def _advance(reference: Column, effects: Mapping[ComparisonBasis, Sequence[float]]) -> str:
    """Why values that change with time are not compared, in words; empty for others."""
    of_values = effects.get(ComparisonBasis.VALUES, ())
    if len(of_values) >= FEWEST_BLOCKS:
        return "values advance with time" if min(of_values) >= MOVING else ""
    return "a later batch has later times" if is_instant(reference) else ""
