"""The drift of each day, week and month from what a package learned from."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from statistics import median

from stagebook.data.drift.alignment import ComparisonBasis
from stagebook.data.drift.column_drift import ColumnDrift
from stagebook.data.drift.drift import Drift, drift
from stagebook.data.drift.effects import BlockEffects
from stagebook.data.drift.reference import Reference
from stagebook.data.profiles.column import Column, Numbers
from stagebook.data.profiles.profile import Profile
from stagebook.monitoring.cadence import Cadence
from stagebook.monitoring.error_budget import ErrorBudget
from stagebook.monitoring.periods import Period
from stagebook.monitoring.side_summary import SideSummary
from stagebook.monitoring.signal import MonitorState, Signal, SignalKind
from stagebook.project.errors import StagebookError
from stagebook.project.text import counted

FEWEST_ROWS = 30
"""With fewer rows, every difference is within chance."""

ALIKE = 8
"""So many periods, up to the one to judge, say how many rows are usual."""


@dataclass(frozen=True, slots=True)
class ReferenceSide:
    """What one side of the log, features or predictions, is compared with.

    Attributes:
        kind: Which side it is, as the kind of its signals.
        profile: The package's profile of it.
        effects: How far blocks of the reference are from each other; None in a package without.
    """

    kind: SignalKind
    profile: Profile
    effects: BlockEffects | None


@dataclass(frozen=True, slots=True)
class PeriodDrift:
    """The drift of one side in one period.

    Attributes:
        kind: Which side it is.
        period: The day, week or month.
        drift: The comparison.
    """

    kind: SignalKind
    period: Period
    drift: Drift


def drifts(
    side: ReferenceSide, periods: Iterable[Period], budget: ErrorBudget
) -> tuple[PeriodDrift, ...]:
    """The drift of each period that is as long as a block of the reference, or nearly.

    A period that has just begun has other hours or days than a whole one: the log covers at least
    half of it, and it has at least half the rows of the periods before it.

    Args:
        side: What the rows are compared with.
        periods: The periods, ascending.
        budget: How often a period may be reported that has not drifted.
    """
    inputs = side.kind is SignalKind.INPUT_DRIFT
    periods = tuple(periods)
    names = sorted({day for period in periods for day in period.summary.days})
    sides = []
    rows: dict[Cadence, list[int]] = defaultdict(list)
    for period in periods:
        own = period.summary.features if inputs else period.summary.answers
        if own is not None:
            before = rows[period.cadence]
            before.append(own.rows)
            fewest = max(FEWEST_ROWS, median(before[-ALIKE:]) / 2)
            if own.rows >= fewest and _is_covered(period, names[0], names[-1]):
                sides.append((period, own))
    return tuple(
        PeriodDrift(side.kind, period, compared)
        for period, own in sides
        if (compared := _drift(side, own, period.cadence, budget)) is not None
    )


def _is_covered(period: Period, first: str, last: str) -> bool:
    """Whether a log from a first to a last day has at least half of a period."""
    began, ended = date.fromisoformat(first), date.fromisoformat(last)
    covered = min(period.last, ended) - max(period.first, began)
    return 2 * (covered.days + 1) >= (period.last - period.first).days + 1


def _drift(
    side: ReferenceSide, own: SideSummary, cadence: Cadence, budget: ErrorBudget
) -> Drift | None:
    """The drift of the columns that were logged; None if there is none of them."""
    batch = own.profile
    names = {column.name for column in batch.columns if column.rows}
    known = tuple(column for column in side.profile.columns if column.name in names)
    reference = Reference(Profile(known, side.profile.rows))
    alpha = budget.alpha_of_drift(cadence)
    logged = Profile(tuple(item for item in batch.columns if item.rows), batch.rows)
    try:
        if side.effects is None:
            return drift(reference, logged, alpha=alpha)
        return drift(reference, logged, alpha=alpha, effects=side.effects, span=cadence.span)
    except StagebookError:  # nothing in common, which `SideSummary.absent` shows
        return None


def signals(drifts: Sequence[PeriodDrift]) -> tuple[Signal, ...]:
    """A signal for each column that drifts now: in the last period of a length.

    A column that drifts by more than one length is reported by the longest.

    Args:
        drifts: Of one side, for all lengths, each ascending.
    """
    chosen: dict[str, Signal] = {}
    for cadence in reversed(Cadence):
        own = [item for item in drifts if item.period.cadence is cadence]
        for column in own[-1].drift.drifted if own else ():
            since = _since(column.name, own)
            if column.name not in chosen:
                chosen[column.name] = _signal(own[-1], column, since)
    return tuple(chosen.values())


def _since(column: str, drifts: Sequence[PeriodDrift]) -> date:
    """The first day of the latest stretch of periods in which a column drifts."""
    since = drifts[-1].period.first
    for item in reversed(drifts):
        if column not in {drifted.name for drifted in item.drift.drifted}:
            break
        if since - item.period.last > timedelta(days=1):
            break
        since = item.period.first
    return since


def _signal(item: PeriodDrift, column: ColumnDrift, since: date) -> Signal:
    finding = column.decisive
    period, rows = item.period, counted(item.period.summary.rows, "row")
    what = "feature" if item.kind is SignalKind.INPUT_DRIFT else "prediction"
    where = f"{period.name} ({rows})"
    sentence = (
        f"The {what} `{column.name}` {_change(column, where)}: its distance is "
        f"{finding.effect:.3f}, and {finding.threshold.value:.3f} is the limit."
    )
    return Signal(
        item.kind,
        MonitorState.LOOK,
        column.name,
        period.name,
        since.isoformat(),
        sentence,
        finding.effect,
        finding.threshold.value,
    )


def _change(column: ColumnDrift, where: str) -> str:
    """What a column did in a period; of missing values also how many there are."""
    if column.decisive.basis is not ComparisonBasis.GAPS or column.ratio <= 1:
        return f"drifted in {where}"
    then, now = _missing(column.reference), _missing(column.batch)
    word = "more" if now > then else "fewer" if now < then else "other"
    return f"has {word} missing values in {where}, {now:.1%} instead of {then:.1%}"


def _missing(column: Column) -> float:
    """The share of a column's rows without a value; NaN and infinities are none."""
    detail = column.detail
    odd = detail.nan + detail.infinite if isinstance(detail, Numbers) else 0
    return (column.nulls + odd) / column.rows if column.rows else 0.0
