"""Shows the drift of each month of a table from its first eight, and the share of the season.

    python benchmarks/drift_by_month.py data/features.parquet [column of time] [figure.png]

Run the script in the project's root, after a build. Months are in UTC.
"""

import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from stagebook.data.drift import reference as references
from stagebook.data.drift.alignment import ComparisonBasis, counts, obstacle
from stagebook.data.drift.column_drift import ColumnDrift
from stagebook.data.drift.distances import jensen_shannon
from stagebook.data.drift.drift import Drift, drift
from stagebook.data.drift.reference import Reference
from stagebook.data.drift.threshold import DEFAULT
from stagebook.data.drift.timeblocks import Span, TimeBlock
from stagebook.data.profiles import profile as profiles
from stagebook.data.profiles.merge import merge
from stagebook.data.tables.table import Table

REFERENCE = 8


def months(path: str, time: str | None) -> Reference:
    """Cuts the table into its months. All months have the grids of the whole table."""
    return references.of_table(Table.open(Path.cwd(), path), time, Span.MONTH)


def against(whole: Reference, blocks: Sequence[TimeBlock]) -> Reference:
    """Merges blocks into a reference."""
    merged = merge([block.profile for block in blocks])
    return replace(whole, profile=merged, blocks=tuple(blocks))


def values(one: ColumnDrift) -> float | None:
    """Returns the effect on the values of a column."""
    return next((it.effect for it in one.findings if it.basis is ComparisonBasis.VALUES), None)


def nearest(name: str, blocks: Sequence[TimeBlock], month: profiles.Profile) -> tuple[float, str]:
    """Returns the smallest effect against a single month, and that month."""
    found = []
    for block in blocks:
        pair = [one for one in (block.profile.column(name), month.column(name)) if one]
        if not obstacle(pair):
            both = counts(pair, ComparisonBasis.VALUES)
            found.append((jensen_shannon(both[0], both[1]), block.start[:7]))
    return min(found)


def verdict(found: Drift) -> str:
    names = [f"{one.name} ({one.decisive.basis.value})" for one in found.drifted]
    return ", ".join(names) or "no drift"


def above_rule(found: Drift) -> int:
    """Counts the columns whose effect exceeds the rule of thumb, which ignores seasons."""
    return sum((values(one) or 0) > DEFAULT for one in found.columns)


def judged(whole: Reference) -> list[tuple[str, Drift]]:
    """Compares each month with the first eight, or with the other seven of them."""
    first = whole.blocks[:REFERENCE]
    return [
        (
            block.start[:7],
            drift(against(whole, [one for one in first if one is not block]), block.profile),
        )
        for block in whole.blocks
    ]


def season(whole: Reference, name: str) -> str:
    """Shows the range of effects in the first eight months, and two effects per later month."""
    first, later = whole.blocks[:REFERENCE], whole.blocks[REFERENCE:]
    reference = against(whole, first)
    cells = []
    for block in later:
        found = drift(reference, block.profile)
        one = next(one for one in found.columns if one.name == name)
        effect, month = nearest(name, first, block.profile)
        cells.append(f"{values(one):.2f} / {effect:.2f} ({month[5:]})")
        seen = next(it for it in one.findings if it.basis is ComparisonBasis.VALUES).threshold
    own = f"{min(seen.blocks):.2f}-{max(seen.blocks):.2f}"
    return f"{name:20} {own:10} {seen.value:9.2f}  " + "  ".join(cells)


def picture(found: list[tuple[str, Drift]], path: Path) -> None:
    """Draws effect over threshold, by month and column."""
    import matplotlib.pyplot as plt
    from matplotlib.colors import TwoSlopeNorm

    names = [one.name for one in found[-1][1].columns]
    names.sort(key=lambda name: max(by_name(month, name) for _, month in found))
    cells = [[by_name(month, name) for _, month in found] for name in names]
    figure, axes = plt.subplots(figsize=(7.2, 5.2), layout="constrained")
    image = axes.imshow(cells, aspect="auto", cmap="RdBu_r", norm=TwoSlopeNorm(1, 0, 2.5))
    axes.set_xticks(range(len(found)), [month[5:] for month, _ in found])
    axes.set_yticks(range(len(names)), names, fontsize=8)
    axes.axvline(REFERENCE - 0.5, color="black", linewidth=1.5)
    axes.set_xlabel("month of 2013; each of 01 to 08 against the other seven")
    figure.colorbar(image, label="effect / threshold: drift above 1")
    figure.savefig(path, dpi=80, metadata={"Software": None})


def by_name(found: Drift, name: str) -> float:
    return next((one.ratio for one in found.columns if one.name == name), 0.0)


if __name__ == "__main__":
    path, *rest = sys.argv[1:]
    whole = months(path, rest[0] if rest else None)
    found = judged(whole)
    print(f"month    rows    over {DEFAULT}  over its threshold")
    for (month, one), block in zip(found, whole.blocks, strict=True):
        print(f"{month}  {block.profile.rows:>6,}  {above_rule(one):>10}  {verdict(one)}")
    print("\ncolumn               01-08     threshold  each later month: effect against 01-08 / ")
    print("                     left out             against the nearest month (which)")
    compared = [one.name for one in found[-1][1].columns if values(one) is not None]
    for name in sorted(compared):
        print(season(whole, name))
    if len(rest) > 1:
        picture(found, Path(rest[1]))
