"""One column of several profiles as counts in the same bins."""

import enum
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from stagebook.data.profiles.column import Booleans, Column, ColumnKind, Numbers, Texts

Matrix = npt.NDArray[np.int64]

LEAST_REPEATS = 2
"""Fewest average repeats of a value; with fewer, values look like identifiers."""


OTHER_BINS = (
    "the profiles have different bins; compare the table, or profile it with --against REFERENCE"
)


class ComparisonBasis(enum.StrEnum):
    """The aspect of a column that is compared."""

    VALUES = "values"
    GAPS = "gaps"


def obstacle(columns: Sequence[Column]) -> str:
    """Why the values of a column cannot be compared, in words; empty if they can.

    Args:
        columns: The same column of several profiles, the reference's first.
    """
    details = [column.detail for column in columns]
    if len({type(detail) for detail in details}) > 1:
        return "the type has changed"
    first = details[0]
    if first is None:
        return f"values of type {columns[0].type} are not profiled"
    if isinstance(first, Numbers):
        grids = {detail.grid.edges for detail in details if isinstance(detail, Numbers)}
        if len(grids) > 1:
            return OTHER_BINS
        return "the type has changed" if _mixed(columns) else ""
    if isinstance(first, Texts):
        return _texts_obstacle([detail for detail in details if isinstance(detail, Texts)])
    return ""


def _mixed(columns: Sequence[Column]) -> bool:
    """Whether the column is an instant in one profile and a duration or a number in another."""
    return len({(column.kind, is_instant(column)) for column in columns}) > 1


def _texts_obstacle(details: Sequence[Texts]) -> str:
    if any(detail.counts is None for detail in details):
        return "too many different values"
    reference = details[0]
    if reference.values and reference.values < LEAST_REPEATS * len(reference.counts or {}):
        return "nearly all values are different, as for identifiers"
    return ""


def is_instant(column: Column) -> bool:
    """Whether a column holds points in time: dates or timestamps."""
    return column.kind is ColumnKind.TIME and column.type.startswith(("date", "timestamp"))


def counts(columns: Sequence[Column], on: ComparisonBasis) -> Matrix:
    """How many rows of each profile are in each bin; every row is in one.

    Args:
        columns: The same column of several profiles, one for each row of the result.
        on: The aspect to compare; values only if ``obstacle`` returns an empty text.

    Returns:
        Whole numbers in the shape (profiles, bins). The first bins are those of nulls, NaN, and
        minus and plus infinity; then come the values, all in one bin or each in its own.
    """
    names = categories(columns) if on is ComparisonBasis.VALUES else ()
    rows = []
    for column in columns:
        gaps = _gaps(column)
        values = (
            _values(column, names) if on is ComparisonBasis.VALUES else [column.rows - sum(gaps)]
        )
        rows.append([*gaps, *values])
    return np.asarray(rows, dtype=np.int64)


GAPS = 4


def _gaps(column: Column) -> list[int]:
    detail = column.detail
    if not isinstance(detail, Numbers):
        return [column.nulls, 0, 0, 0]
    return [column.nulls, detail.nan, detail.infinite_below, detail.infinite_above]


def categories(columns: Sequence[Column]) -> tuple[str, ...]:
    """All values of a column of texts, or of booleans, in one order; empty for others."""
    if isinstance(columns[0].detail, Booleans):
        return ("true", "false")
    details = [column.detail for column in columns]
    every = {
        name for detail in details if isinstance(detail, Texts) for name in detail.counts or {}
    }
    return tuple(sorted(every))


def _values(column: Column, names: Sequence[str]) -> list[int]:
    detail = column.detail
    if isinstance(detail, Numbers):
        return [*detail.counts]
    if isinstance(detail, Booleans):
        return [detail.true, detail.false]
    counted = (detail.counts if detail else None) or {}
    return [counted.get(name, 0) for name in names]


def places(detail: Numbers) -> list[float]:
    """The assumed position of each bin's values: its centre, and for the tails their edge.

    The open tails have no centre, and a single outlier could move it anywhere.
    """
    edges = detail.grid.edges
    if not edges:
        return [0.0]
    centres = [float(left) / 2 + float(right) / 2 for left, right in pairwise(edges)]
    return [float(edges[0]), *centres, float(edges[-1])]
