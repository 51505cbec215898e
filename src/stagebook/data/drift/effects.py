"""How far blocks of a reference are from each other: numbers that take the place of the blocks."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Self

import numpy as np

from stagebook.data.drift.alignment import ComparisonBasis, Matrix, counts, obstacle
from stagebook.data.drift.spans import Span
from stagebook.data.drift.threshold import FEW_BLOCKS, FEWEST_BLOCKS, leave_one_out
from stagebook.data.drift.timeblocks import MOST_BLOCKS, full_blocks, sizes_of
from stagebook.data.profiles.column import Column
from stagebook.data.profiles.profile import Profile
from stagebook.data.profiles.scale import DAY
from stagebook.project import typed_json

FORMAT = 1

SPANS = (Span.DAY, Span.WEEK, Span.MONTH)
"""The lengths of blocks whose effects are kept."""

DIGITS = 4
"""Significant digits of an effect: more would change no verdict, and are not alike everywhere."""

MOST_EFFECTS = 200_000
"""About so many effects of a span and basis are kept; with more columns, those of fewer blocks."""

Effects = Mapping[ComparisonBasis, tuple[float, ...]]
"""The effect of each block of a column against all others, by what was compared."""


@dataclass(frozen=True, slots=True)
class SpanEffects:
    """The effects of blocks of one length.

    Attributes:
        blocks: The number of blocks.
        columns: Effects by column, in the blocks' order. Values that cannot be compared, such as
            identifiers, have none; with fewer than four blocks, no column has any.
    """

    blocks: int
    columns: Mapping[str, Effects]

    def __post_init__(self) -> None:
        for by_basis in self.columns.values():
            for effects in by_basis.values():
                if len(effects) != self.blocks or not all(0 <= effect <= 1 for effect in effects):
                    raise ValueError("the effects do not fit the blocks")


@dataclass(frozen=True, slots=True)
class BlockEffects:
    """The effects of a reference's blocks by day, week and month.

    With them, and the profile of the whole reference, ``drift`` needs no blocks.

    Attributes:
        time: The column of time by which the reference was cut.
        spans: The effects by the length of the blocks.

    Example:
        >>> import pyarrow as pa
        >>> from stagebook.data.drift.effects import BlockEffects
        >>> from stagebook.data.drift.spans import Span
        >>> from stagebook.data.profiles.profiling import profile
        >>> from stagebook.data.tables.table import Table
        >>> table = pa.table({"x": [1, 1, 1, 1, 1, 1, 1, 2]})
        >>> whole = profile(Table.of_rows(table))
        >>> days = {
        ...     day: profile(Table.of_rows(table.slice(2 * day, 2)), whole) for day in range(4)
        ... }
        >>> effects = BlockEffects.of(whole, days, "at")
        >>> effects.at(Span.DAY).columns["x"]["values"]
        (0.298, 0.298, 0.298, 0.5579)
        >>> BlockEffects.from_json(effects.as_json()) == effects
        True
    """

    time: str
    spans: Mapping[Span, SpanEffects]

    @classmethod
    def of(cls, reference: Profile, days: Mapping[int, Profile], time: str) -> Self:
        """The effects of a reference's days, and of its weeks and months as sums of days.

        Blocks that are much smaller than the others are left out, as in ``timeblocks.cut``.

        Args:
            reference: The profile of the whole reference.
            days: The profile of each day with rows, by the number of days since 1970 in UTC; all
                with the reference's grids.
            time: The column of time.
        """
        numbers = sorted(days)
        rows = {day: days[day].rows for day in numbers}
        named = [{column.name: column for column in days[day].columns} for day in numbers]
        columns: dict[Span, dict[str, Effects]] = {span: {} for span in SPANS}
        most = max(FEW_BLOCKS, min(MOST_BLOCKS, MOST_EFFECTS // max(1, len(reference.columns))))
        groups = {span: _Blocks.of(rows, span, most) for span in SPANS}
        for whole in reference.columns if days else ():
            matrices = _matrices(whole, [by_name[whole.name] for by_name in named])
            for span, blocks in groups.items():
                if blocks.count >= FEWEST_BLOCKS:
                    effects = {on: blocks.effects(matrix) for on, matrix in matrices.items()}
                    columns[span][whole.name] = effects
        return cls(time, {span: SpanEffects(groups[span].count, columns[span]) for span in SPANS})

    def at(self, span: Span) -> SpanEffects:
        """The effects of blocks of one length; those of no blocks for a length that is not kept."""
        return self.spans.get(span, SpanEffects(0, {}))

    def as_json(self) -> dict[str, Any]:
        """Plain values with a format version."""
        return {
            "format": FORMAT,
            "time": self.time,
            "spans": {
                span.value: {
                    "blocks": effects.blocks,
                    "columns": {
                        name: {
                            on.value: [_short(effect) for effect in own] for on, own in by.items()
                        }
                        for name, by in effects.columns.items()
                    },
                }
                for span, effects in self.spans.items()
            },
        }

    @classmethod
    def from_json(cls, values: Any) -> Self:
        """The effects in plain values.

        Raises:
            ValueError: A value is missing, of the wrong kind or impossible, or the format version
                is another.
        """
        if not isinstance(values, dict) or values.get("format") != FORMAT:
            raise ValueError(f"the effects do not have format {FORMAT}")
        return typed_json.convert(values, cls)


def _matrices(whole: Column, days: Sequence[Column]) -> dict[ComparisonBasis, Matrix]:
    """The counts of a column in the same bins, a row for each day, by what can be compared."""
    comparable = not obstacle((whole, *days))
    bases = (ComparisonBasis.GAPS, *([ComparisonBasis.VALUES] if comparable else []))
    return {on: counts(days, on) for on in bases}


@dataclass(frozen=True, slots=True)
class _Blocks:
    """Which days are in which block.

    Attributes:
        places: For each block, the place of its first day and that of the next block's.
        most: The number of blocks whose effects are kept at most.
    """

    places: tuple[tuple[int, int], ...]
    most: int

    @classmethod
    def of(cls, rows: Mapping[int, int], span: Span, most: int) -> Self:
        """The blocks of a length, from the rows of each day, ascending."""
        starts = [span.start(day * DAY) for day in rows]
        first = [
            place for place, start in enumerate(starts) if not place or start != starts[place - 1]
        ]
        full = set(full_blocks(sizes_of(rows, span)))
        bounds = pairwise([*first, len(starts)])
        return cls(tuple((a, b) for a, b in bounds if starts[a] in full), most)

    @property
    def count(self) -> int:
        """The number of blocks whose effects are kept."""
        return min(len(self.places), self.most)

    def effects(self, matrix: Matrix) -> tuple[float, ...]:
        """The effect of each of the last blocks against all others; there are at least two."""
        sums = np.stack([matrix[a:b].sum(axis=0) for a, b in self.places])
        effects = leave_one_out(sums)[-self.most :]
        return tuple(float(f"{effect:.{DIGITS}g}") for effect in effects)


def _short(effect: float) -> float | int:
    """An effect with as few characters in JSON as possible: most gaps have 0."""
    return int(effect) if effect.is_integer() else effect
