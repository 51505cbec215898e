"""All distances between two columns."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from stagebook.data.drift import distances
from stagebook.data.drift.alignment import GAPS, ComparisonBasis, Matrix, categories, counts, places
from stagebook.data.profiles.column import Booleans, Column, Numbers, Texts

MOST_NEW = 5
"""Largest number of new categories that are named."""


@dataclass(frozen=True, slots=True)
class Distances:
    """The distances of a batch's column from the reference's; None if one is undefined.

    Shares refer to all rows; shares of categories and of tails refer to the values.

    Attributes:
        jensen_shannon: Distance over all bins, those of nulls, NaN and infinities too; 0 to 1.
        psi: Population stability index over the same bins, in nats.
        ks: Bounds of the Kolmogorov-Smirnov statistic of the finite values.
        wasserstein: Distance of the finite values, in the column's unit (microseconds for times),
            with values beyond the grid counted at its edge.
        wasserstein_scaled: The same in standard deviations of the reference.
        chi_square: Test of categories and booleans, without nulls.
        null_change: Share of nulls in the batch, less that in the reference.
        nan_change: The same for NaN.
        infinite_change: The same for infinities.
        new_share: Share of the batch's values in categories that the reference never saw.
        new_categories: The most frequent of them.
        tail_change: Share of the batch's finite values beyond the grid, less the reference's.
    """

    jensen_shannon: float
    psi: float
    ks: tuple[float, float] | None = None
    wasserstein: float | None = None
    wasserstein_scaled: float | None = None
    chi_square: distances.ChiSquare | None = None
    null_change: float = 0.0
    nan_change: float | None = None
    infinite_change: float | None = None
    new_share: float | None = None
    new_categories: tuple[str, ...] = ()
    tail_change: float | None = None

    def as_json(self) -> dict[str, Any]:
        """The same as plain values."""
        return asdict(self)


def compare(reference: Column, batch: Column, on: ComparisonBasis) -> Distances:
    """All distances of two columns.

    Args:
        reference: A column of a table with rows.
        batch: The same of another table with rows.
        on: The aspect to compare; see ``alignment.counts``.
    """
    pair = (reference, batch)
    both = counts(pair, on)
    return Distances(
        jensen_shannon=distances.jensen_shannon(both[0], both[1]),
        psi=distances.population_stability_index(both[0], both[1]),
        null_change=batch.nulls / batch.rows - reference.nulls / reference.rows,
        **(_of_values(pair, both) if on is ComparisonBasis.VALUES else {}),
    )


def _of_values(pair: tuple[Column, Column], both: Matrix) -> dict[str, Any]:
    reference, batch = (column.detail for column in pair)
    if isinstance(reference, Numbers) and isinstance(batch, Numbers):
        rows = (pair[0].rows, pair[1].rows)
        return {**_odd(reference, batch, rows), **_finite(reference, batch)}
    if isinstance(reference, Texts | Booleans):
        return _categories(both[:, GAPS:], categories(pair))
    return {}


def _odd(reference: Numbers, batch: Numbers, rows: tuple[int, int]) -> dict[str, Any]:
    return {
        "nan_change": batch.nan / rows[1] - reference.nan / rows[0],
        "infinite_change": batch.infinite / rows[1] - reference.infinite / rows[0],
    }


def _finite(reference: Numbers, batch: Numbers) -> dict[str, Any]:
    if not (reference.finite and batch.finite):
        return {}
    moved = distances.wasserstein(reference.counts, batch.counts, places(reference))
    return {
        "ks": distances.kolmogorov_smirnov(reference.counts, batch.counts),
        "wasserstein": moved,
        "wasserstein_scaled": moved / reference.std if reference.std else None,
        "tail_change": tails(batch) - tails(reference),
    }


def tails(detail: Numbers) -> float:
    """The share of the finite values that are beyond the grid; there must be finite values."""
    if not detail.grid.edges:
        return 0.0
    return (detail.counts[0] + detail.counts[-1]) / detail.finite


def _categories(both: Matrix, names: Sequence[str]) -> dict[str, Any]:
    if not both.sum(axis=1).all():
        return {}
    new = [(-int(both[1, at]), name) for at, name in enumerate(names) if both[0, at] == 0]
    return {
        "chi_square": distances.chi_square(both[0], both[1]),
        "new_share": distances.unseen_share(both[0], both[1]),
        "new_categories": tuple(name for count, name in sorted(new) if count)[:MOST_NEW],
    }
