"""What drift says about a column, in words."""

from collections.abc import Iterator

from stagebook.contracts.drift.alignment import Basis
from stagebook.contracts.drift.column_drift import ColumnDrift
from stagebook.contracts.drift.compared import Distances, tails
from stagebook.contracts.drift.drift import Drift
from stagebook.contracts.profiles.column import Booleans, Column, Kind, Numbers, Texts
from stagebook.report.changes import same_bins
from stagebook.report.figures import counted, duration, figure, listed, number, plain, share

SMALL_MOVE = 0.1
"""Standard deviations by which a mean may move and still be called the same."""

SMALL_CHANGE = 0.005
"""A share of rows that is not worth a word."""

MOST_MOVES = 2


def verdict(found: Drift) -> str:
    """The verdict in one line: ``drift in 2 of 22 columns``."""
    compared, missing = counted(len(found.columns), "column"), len(found.missing)
    parts = [f"drift in {len(found.drifted):,} of {compared}"] if found.drifted else []
    if missing:
        parts.append(f"{counted(missing, 'column')} missing")
    return ", ".join(parts) or f"no drift in {compared}"


def words(one: ColumnDrift) -> tuple[str, ...]:
    """What is different in the batch; what matters most comes first. Never empty."""
    found = [*_types(one), *_gaps(one), *_apart(one)]
    if not one.reason and not _only_gaps(one):
        found += _values(one)
    return tuple(found or ["as before"])


def gist(one: ColumnDrift) -> str:
    """The same in one line, with the reason if values are not compared."""
    why = (f"only gaps are compared: {one.reason}",) if one.reason else ()
    return "; ".join((*words(one), *why))


def effect(one: ColumnDrift) -> str:
    """The size that decides, with what it is held against."""
    decisive = one.decisive
    what = "" if one.reason else f" ({decisive.basis.value})"
    return f"{decisive.effect:.3f} of {decisive.threshold.value:.3f}{what}"


def _types(one: ColumnDrift) -> Iterator[str]:
    if one.reference.type != one.batch.type:
        yield f"type {plain(one.batch.type, 40)} instead of {plain(one.reference.type, 40)}"


def _gaps(one: ColumnDrift) -> Iterator[str]:
    distances = one.distances
    if abs(distances.null_change) >= SMALL_CHANGE:
        yield _instead("null", (one.reference.nulls, one.batch.nulls), one)
    was, now = one.reference.detail, one.batch.detail
    if isinstance(was, Numbers) and isinstance(now, Numbers):
        if abs(distances.nan_change or 0) >= SMALL_CHANGE:
            yield _instead("NaN", (was.nan, now.nan), one)
        if abs(distances.infinite_change or 0) >= SMALL_CHANGE or (
            now.infinite and not was.infinite
        ):
            yield _instead("infinite", (was.infinite, now.infinite), one)


def _only_gaps(one: ColumnDrift) -> bool:
    """Whether its gaps drifted and its values are as different as they use to be."""
    return {found.basis for found in one.findings if found.ratio > 1} == {Basis.GAPS}


def _instead(what: str, counts: tuple[int, int], one: ColumnDrift) -> str:
    was, now = share(counts[0], one.reference.rows), share(counts[1], one.batch.rows)
    return f"{now} {what} instead of {was}"


def _values(one: ColumnDrift) -> Iterator[str]:
    match one.reference.detail, one.batch.detail:
        case Numbers() as was, Numbers() as now if one.reference.kind is one.batch.kind:
            yield from _numbers(one, was, now)
        case Texts() as was, Texts() as now if was.counts is not None and now.counts is not None:
            yield from _new(one.distances)
            yield from _moves(was, now)
        case Booleans() as was, Booleans() as now:
            shares = [share(side.true, side.true + side.false) for side in (now, was)]
            if len(set(shares)) > 1:
                yield f"{shares[0]} true instead of {shares[1]}"


def _numbers(one: ColumnDrift, was: Numbers, now: Numbers) -> Iterator[str]:
    if was.mean is None or now.mean is None:
        if was.mean is not now.mean:
            yield "no values" if now.mean is None else "values where there were none"
        return
    moved, spread = now.mean - was.mean, was.std or 0.0
    if abs(moved) > SMALL_MOVE * spread and moved:
        means = f"mean {figure(one.batch, now.mean)} instead of {figure(one.reference, was.mean)}"
        yield f"{_direction(one.reference, moved)} by {_amount(one.reference, abs(moved))}: {means}"
    if now.std is not None and spread and not 0.9 <= now.std / spread <= 1.1:
        word = "more" if now.std > spread else "less"
        stds = [_amount(one.reference, std) for std in (now.std, spread)]
        yield f"{word} spread: standard deviation {stds[0]} instead of {stds[1]}"
    if same_bins(one.batch, one.reference) and tails(now) - tails(was) > 2 * SMALL_CHANGE:
        shares = [f"{100 * tails(side):.1f} %" for side in (now, was)]
        yield f"{shares[0]} beyond the reference's bins instead of {shares[1]}"


def _apart(one: ColumnDrift) -> Iterator[str]:
    """That a batch's times are all beyond the reference's, which its picture has in one bar."""
    was, now = one.reference.detail, one.batch.detail
    if not isinstance(was, Numbers) or not isinstance(now, Numbers) or not _are_moments(one):
        return
    if None in (was.minimum, was.maximum, now.minimum, now.maximum):
        return
    if (now.minimum or 0) > (was.maximum or 0):
        yield f"all after the reference's last, {figure(one.reference, was.maximum)}"
    elif (now.maximum or 0) < (was.minimum or 0):
        yield f"all before the reference's first, {figure(one.reference, was.minimum)}"


def _are_moments(one: ColumnDrift) -> bool:
    sides = (one.reference, one.batch)
    return all(side.kind is Kind.TIME and not side.type.startswith("duration") for side in sides)


def _direction(column: Column, moved: float) -> str:
    if column.kind is Kind.TIME and not column.type.startswith("duration"):
        return "later" if moved > 0 else "earlier"
    return "higher" if moved > 0 else "lower"


def _amount(column: Column, value: float) -> str:
    return duration(value) if column.kind is Kind.TIME else number(value, 3)


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
    for change, name in sorted(changes, key=lambda one: (-abs(one[0]), one[1]))[:MOST_MOVES]:
        if abs(change) >= SMALL_CHANGE:
            shares = share(now.counts.get(name, 0), now.values), share(was.counts[name], was.values)
            yield f"{plain(name, 24)} {shares[0]} instead of {shares[1]}"
