"""The blocks of a reference, merged to the length of the batch, since longer ones vary less."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Self

from stagebook.data.drift.effects import BlockEffects, Effects
from stagebook.data.drift.reference import Reference
from stagebook.data.drift.spans import RowCount, Span
from stagebook.data.drift.threshold import FEWEST_BLOCKS
from stagebook.data.profiles.column import Numbers
from stagebook.data.profiles.merge import merge
from stagebook.data.profiles.profile import Profile
from stagebook.data.profiles.scale import DAY

SHORTER = 0.5
"""A batch shorter than this number of blocks varies more than a block does."""

_RULE = "Thresholds are a rule of thumb and do not depend on how this data varies."


@dataclass(frozen=True, slots=True)
class CalibrationSample:
    """The blocks from which thresholds are learned.

    Attributes:
        blocks: Profiles of stretches as long as the batch; empty if there are too few of them.
        calibration: Where the thresholds come from, in words.
        note: A remark about a batch that is much shorter than a block; often empty.
        effects: Instead of blocks, their effects by column; empty if there are too few blocks.
    """

    blocks: tuple[Profile, ...]
    calibration: str
    note: str = ""
    effects: Mapping[str, Effects] = field(default_factory=dict)

    @property
    def calibrated(self) -> bool:
        """Whether thresholds come from blocks, and not from a rule of thumb."""
        return bool(self.blocks or self.effects)

    @classmethod
    def of(cls, reference: Reference, batch: Profile) -> Self:
        """The blocks of a reference, merged to the length of the batch.

        Args:
            reference: The reference.
            batch: The batch's profile.
        """
        span = reference.span
        if span is None:
            reason = reference.note or _few(0)
            return cls((), f"Not calibrated: {reason} {_RULE}")
        size = _size(reference, batch)
        many = max(1, round(size)) if size is not None else 1
        blocks = _together([block.profile for block in reference.blocks], many)
        if len(blocks) < FEWEST_BLOCKS:
            return cls((), f"Not calibrated: {_few(len(blocks), reference, many)} {_RULE}")
        by = f", by `{reference.time}`" if reference.time else ""
        words = f"{len(blocks)} {_stretches(reference, many)} of the reference{by}"
        calibration = f"Thresholds come from the differences between {words}."
        return cls(blocks, calibration, _short(reference, size))

    @classmethod
    def of_effects(cls, effects: BlockEffects, span: Span) -> Self:
        """The effects of blocks that are as long as the batch.

        Args:
            effects: The effects of the reference's blocks.
            span: The length of the batch.
        """
        known = effects.at(span)
        if not known.columns:
            few = f"The reference has {known.blocks} {span.value}s"
            reason = f"{few}; at least {FEWEST_BLOCKS} are required."
            return cls((), f"Not calibrated: {reason} {_RULE}")
        words = f"{known.blocks} {span.value}s of the reference, by `{effects.time}`"
        calibration = f"Thresholds come from the differences between {words}."
        return cls((), calibration, effects=known.columns)


def _size(reference: Reference, batch: Profile) -> float | None:
    """The length of a batch in blocks; None if it has no time."""
    if isinstance(reference.span, RowCount):
        return batch.rows / reference.span.count
    column = batch.column(reference.time or "")
    detail = column.detail if column else None
    if reference.span is None or not isinstance(detail, Numbers) or detail.minimum is None:
        return None
    return float(((detail.maximum or 0) - detail.minimum) / reference.span.length)


def _together(blocks: Sequence[Profile], many: int) -> tuple[Profile, ...]:
    """The profiles of ``many`` blocks each, from the end; the rest at the start is left out."""
    if many == 1:
        return tuple(blocks)
    starts = range(len(blocks) % many, len(blocks), many)
    return tuple(merge(blocks[start : start + many]) for start in starts)


def _stretches(reference: Reference, many: int) -> str:
    if isinstance(reference.span, RowCount):
        return f"blocks of {many * reference.span.count:,} rows"
    name = reference.span.value if reference.span else ""
    return f"{name}s" if many == 1 else f"periods of {many} {name}s"


def _few(count: int, reference: Reference | None = None, many: int = 1) -> str:
    blocks = _stretches(reference, many) if reference and many > 1 else "blocks of time"
    if reference and isinstance(reference.span, RowCount):
        blocks = _stretches(reference, many)
    like = ", as long as the batch" if many > 1 else ""
    return f"The reference has {count} {blocks}{like}; at least {FEWEST_BLOCKS} are required."


def _short(reference: Reference, size: float | None) -> str:
    if size is None or size >= SHORTER or reference.span is None:
        return ""
    name = reference.span.value
    if isinstance(reference.span, RowCount):
        return f"Thresholds are for {name}. The batch is shorter, so chance alone can exceed them."
    days = size * reference.span.length / DAY
    return (
        f"The batch covers {days:.0f} days, but thresholds are for a {name}. "
        "A batch of a shorter period can exceed them by chance."
    )
