"""One column of several profiles as counts in the same bins."""

import enum
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from stagebook.contracts.column import Booleans, Column, Kind, Numbers, Texts

Matrix = npt.NDArray[np.int64]

LEAST_REPEATS = 2
"""Values that occur fewer times on average look like identifiers, which are always new."""


class Basis(enum.StrEnum):
    """What of a column is compared."""

    VALUES = "values"
    NULLS = "nulls"


def basis(columns: Sequence[Column]) -> tuple[Basis, str]:
    """What can be compared of a column, and why not more.

    Args:
        columns: The same column of several profiles, the reference's first.

    Returns:
        The basis; and a reason, which is empty where values are compared.
    """
    reason = _obstacle(columns)
    return (Basis.NULLS, reason) if reason else (Basis.VALUES, "")


def _obstacle(columns: Sequence[Column]) -> str:
    details = [column.detail for column in columns]
    if len({type(detail) for detail in details}) > 1:
        return "its type has changed"
    first = details[0]
    if first is None:
        return f"values of type {columns[0].type} are not looked into"
    if isinstance(first, Numbers):
        grids = {detail.grid.edges for detail in details if isinstance(detail, Numbers)}
        if len(grids) > 1:
            return "its values are counted in other bins"
        return "its type has changed" if _mixed(columns) else ""
    if isinstance(first, Texts):
        return _texts_obstacle([detail for detail in details if isinstance(detail, Texts)])
    return ""


def _mixed(columns: Sequence[Column]) -> bool:
    """Whether a time is an instant on one side and a duration on the other, or a number."""
    return len({(column.kind, is_instant(column)) for column in columns}) > 1


def _texts_obstacle(details: Sequence[Texts]) -> str:
    if any(detail.counts is None for detail in details):
        return "it has too many different values"
    reference = details[0]
    if reference.values and reference.values < LEAST_REPEATS * len(reference.counts or {}):
        return "nearly every value is another one, as identifiers are"
    return ""


def is_instant(column: Column) -> bool:
    """Whether it holds points in time: dates or timestamps."""
    return column.kind is Kind.TIME and column.type.startswith(("date", "timestamp"))


def counts(columns: Sequence[Column], on: Basis) -> Matrix:
    """How many rows of each profile are in each bin; every row is in one.

    Args:
        columns: The same column of several profiles, one for each row of the answer.
        on: What is compared; see ``basis``.

    Returns:
        Whole numbers in the shape (profiles, bins). The first bin is that of nulls.
    """
    if on is Basis.NULLS:
        rows = [[column.nulls, column.rows - column.nulls] for column in columns]
    else:
        names = categories(columns)
        rows = [[column.nulls, *_values(column, names)] for column in columns]
    return np.asarray(rows, dtype=np.int64)


def categories(columns: Sequence[Column]) -> tuple[str, ...]:
    """All values of a column of texts, or of booleans, in one order; empty for others."""
    if isinstance(columns[0].detail, Booleans):
        return ("true", "false")
    details = [column.detail for column in columns]
    every = {name for one in details if isinstance(one, Texts) for name in one.counts or {}}
    return tuple(sorted(every))


def _values(column: Column, names: Sequence[str]) -> list[int]:
    detail = column.detail
    if isinstance(detail, Numbers):
        odd = [detail.nan, detail.infinite_below, detail.infinite_above]
        return [*odd, *detail.counts]
    if isinstance(detail, Booleans):
        return [detail.true, detail.false]
    counted = (detail.counts if detail else None) or {}
    return [counted.get(name, 0) for name in names]


def places(detail: Numbers) -> list[float]:
    """Where the values of each bin are taken to lie: at its centre, those of the tails at the edge.

    The open tails have no centre, and a single outlier would put one anywhere.
    """
    edges = detail.grid.edges
    if not edges:
        return [0.0]
    centres = [float(left) / 2 + float(right) / 2 for left, right in pairwise(edges)]
    return [float(edges[0]), *centres, float(edges[-1])]
