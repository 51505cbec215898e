"""What drift says about a column, in words."""

from collections.abc import Iterator

from stagebook.data.drift.alignment import ComparisonBasis
from stagebook.data.drift.column_drift import ColumnDrift
from stagebook.data.drift.compared import Distances, tails
from stagebook.data.drift.drift import Drift
from stagebook.data.profiles.column import Booleans, Column, ColumnKind, Numbers, Texts
from stagebook.project.text import counted, listed, plain
from stagebook.report.changes import same_bins
from stagebook.report.figures import duration, figure, number, share

SMALL_MOVE = 0.1
"""Standard deviations by which a mean may move and still be called the same."""

SMALL_CHANGE = 0.005
"""A share of rows that is not worth a word."""

MOST_MOVES = 2


def verdict(drift: Drift) -> str:
    """The verdict in one line: ``drift in 2 of 22 columns``."""
    compared, missing = counted(len(drift.columns), "column"), len(drift.missing)
    parts = [f"drift in {len(drift.drifted):,} of {compared}"] if drift.drifted else []
    if missing:
        parts.append(f"{counted(missing, 'column')} missing")
    words = ", ".join(parts) or f"no drift in {compared}"
    return words if drift.calibrated else f"{words} (not calibrated)"


def words(column: ColumnDrift) -> tuple[str, ...]:
    """What is different in the batch; what matters most comes first. Never empty."""
    differences = [*_types(column), *_gaps(column), *_apart(column)]
    if not column.reason and not _only_gaps(column):
        differences += _values(column)
    return tuple(differences or ["as before"])


def gist(column: ColumnDrift) -> str:
    """The same in one line, with the reason if values are not compared."""
    why = (f"only missing values are compared: {column.reason}",) if column.reason else ()
    return "; ".join((*words(column), *why))


def effect(column: ColumnDrift) -> str:
    """The effect that decides, with its threshold."""
    decisive = column.decisive
    basis = "" if column.reason else f" ({decisive.basis.value})"
    return f"{decisive.effect:.3f} of {decisive.threshold.value:.3f}{basis}"


def _types(column: ColumnDrift) -> Iterator[str]:
    if column.reference.type != column.batch.type:
        yield f"type {plain(column.batch.type, 40)} instead of {plain(column.reference.type, 40)}"


def _gaps(column: ColumnDrift) -> Iterator[str]:
    distances = column.distances
    if abs(distances.null_change) >= SMALL_CHANGE:
        yield _instead("null", (column.reference.nulls, column.batch.nulls), column)
    was, now = column.reference.detail, column.batch.detail
    if isinstance(was, Numbers) and isinstance(now, Numbers):
        if abs(distances.nan_change or 0) >= SMALL_CHANGE:
            yield _instead("NaN", (was.nan, now.nan), column)
        if abs(distances.infinite_change or 0) >= SMALL_CHANGE or (
            now.infinite and not was.infinite
        ):
            yield _instead("infinite", (was.infinite, now.infinite), column)


def _only_gaps(column: ColumnDrift) -> bool:
    """Whether its gaps drifted and its values are no more different than usual."""
    return {finding.basis for finding in column.findings if finding.ratio > 1} == {
        ComparisonBasis.GAPS
    }


def _instead(kind: str, counts: tuple[int, int], column: ColumnDrift) -> str:
    was, now = share(counts[0], column.reference.rows), share(counts[1], column.batch.rows)
    return f"{now} {kind} instead of {was}"


def _values(column: ColumnDrift) -> Iterator[str]:
    match column.reference.detail, column.batch.detail:
        case Numbers() as was, Numbers() as now if column.reference.kind is column.batch.kind:
            yield from _numbers(column, was, now)
        case Texts() as was, Texts() as now if was.counts is not None and now.counts is not None:
            yield from _new(column.distances)
            yield from _moves(was, now)
        case Booleans() as was, Booleans() as now:
            shares = [share(side.true, side.true + side.false) for side in (now, was)]
            if len(set(shares)) > 1:
                yield f"{shares[0]} true instead of {shares[1]}"


def _numbers(column: ColumnDrift, was: Numbers, now: Numbers) -> Iterator[str]:
    if was.mean is None or now.mean is None:
        if was.mean is not now.mean:
            yield "no values" if now.mean is None else "has values, unlike the reference"
        return
    moved, spread = now.mean - was.mean, was.std or 0.0
    if abs(moved) > SMALL_MOVE * spread and moved:
        means = (
            f"mean {figure(column.batch, now.mean)} instead of {figure(column.reference, was.mean)}"
        )
        amount = _amount(column.reference, abs(moved))
        yield f"{_direction(column.reference, moved)} by {amount}: {means}"
    if now.std is not None and spread and not 0.9 <= now.std / spread <= 1.1:
        word = "more" if now.std > spread else "less"
        stds = [_amount(column.reference, std) for std in (now.std, spread)]
        yield f"{word} spread: standard deviation {stds[0]} instead of {stds[1]}"
    if same_bins(column.batch, column.reference) and tails(now) - tails(was) > 2 * SMALL_CHANGE:
        shares = [f"{100 * tails(side):.1f} %" for side in (now, was)]
        yield f"{shares[0]} outside the range of the reference's bins instead of {shares[1]}"


def _apart(column: ColumnDrift) -> Iterator[str]:
    """That a batch's times are all beyond the reference's, which its picture has in one bar."""
    was, now = column.reference.detail, column.batch.detail
    if not isinstance(was, Numbers) or not isinstance(now, Numbers) or not _are_moments(column):
        return
    if None in (was.minimum, was.maximum, now.minimum, now.maximum):
        return
    if (now.minimum or 0) > (was.maximum or 0):
        yield f"all after the last time of the reference, {figure(column.reference, was.maximum)}"
    elif (now.maximum or 0) < (was.minimum or 0):
        yield f"all before the first time of the reference, {figure(column.reference, was.minimum)}"


def _are_moments(column: ColumnDrift) -> bool:
    sides = (column.reference, column.batch)
    return all(
        side.kind is ColumnKind.TIME and not side.type.startswith("duration") for side in sides
    )


def _direction(column: Column, moved: float) -> str:
    if column.kind is ColumnKind.TIME and not column.type.startswith("duration"):
        return "later" if moved > 0 else "earlier"
    return "higher" if moved > 0 else "lower"


def _amount(column: Column, value: float) -> str:
    return duration(value) if column.kind is ColumnKind.TIME else number(value, 3)


def _new(distances: Distances) -> Iterator[str]:
    if distances.new_categories:
        part = f"{100 * (distances.new_share or 0):.1f} %"
        yield f"{part} in new categories: {listed(distances.new_categories, 5)}"


def _moves(was: Texts, now: Texts) -> Iterator[str]:
    """The categories of the reference whose shares changed most."""
    if not was.values or not now.values:
        return
    assert was.counts is not None
    assert now.counts is not None
    changes = [
        (now.counts.get(name, 0) / now.values - count / was.values, name)
        for name, count in was.counts.items()
    ]
    for change, name in sorted(changes, key=lambda item: (-abs(item[0]), item[1]))[:MOST_MOVES]:
        if abs(change) >= SMALL_CHANGE:
            shares = share(now.counts.get(name, 0), now.values), share(was.counts[name], was.values)
            yield f"{plain(name, 24)} {shares[0]} instead of {shares[1]}"
