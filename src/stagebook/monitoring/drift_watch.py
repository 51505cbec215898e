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
from stagebook.monitoring.drift_verdicts import DriftedColumn, Verdict, VerdictStore
from stagebook.monitoring.error_budget import ErrorBudget
from stagebook.monitoring.periods import Period, Side
from stagebook.monitoring.side_summary import SideSummary
from stagebook.monitoring.signal import MonitorState, Signal, SignalKind
from stagebook.project.errors import StagebookError
from stagebook.project.text import counted

FEWEST_ROWS = 30
"""With fewer rows, every difference is within chance."""

ALIKE = 8
"""So many periods, up to the one to judge, say how many rows are usual."""

WHOLE = {Cadence.DAY: 0.9, Cadence.WEEK: 0.9, Cadence.MONTH: 0.5}
"""The share of its usual rows from which the log's first or last period is judged.

Half a day has other hours than a day, and most of a week other weekdays; half a month has all.
"""


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
        verdict: What the comparison concluded.
        drift: The comparison itself; the last period of each length has it.
    """

    kind: SignalKind
    period: Period
    verdict: Verdict
    drift: Drift | None = None


def drifts(
    side: ReferenceSide,
    periods: Iterable[Period],
    budget: ErrorBudget,
    verdicts: VerdictStore | None = None,
) -> tuple[PeriodDrift, ...]:
    """The drift of each period that is as long as a block of the reference, or nearly.

    A period has at least half the rows of the periods before it. The log may begin and end within
    a period, which then has other hours or days than a whole one. So the first and the last period
    are judged only if they are nearly whole, see ``WHOLE``.

    Args:
        side: What the rows are compared with.
        periods: The periods, ascending.
        budget: How often a period may be reported that has not drifted.
        verdicts: Those of closed periods; None compares all.
    """
    name: Side = "features" if side.kind is SignalKind.INPUT_DRIFT else "answers"
    periods = tuple(periods)
    names = sorted({day for period in periods for day in period.summary.days})
    rows: dict[Cadence, list[int]] = defaultdict(list)
    usual: dict[Cadence, list[float]] = defaultdict(list)
    judged: list[Period] = []
    for period in periods:
        own = period.rows(name)
        if own is not None:
            before, whole = rows[period.cadence], usual[period.cadence]
            before.append(own)
            whole.append(own / _covered(period, names[0], names[-1]) * period.length)
            fewest = max(FEWEST_ROWS, median(before[-ALIKE:]) / 2)
            if period.is_edge(names[0], names[-1]):
                fewest = max(fewest, WHOLE[period.cadence] * median(whole[-ALIKE:]))
            if own >= fewest:
                judged.append(period)
    last: set[Cadence] = set()
    compared = []
    for period in reversed(judged):
        known = verdicts if period.cadence in last else None
        item = _compared(side, period, name, budget, known)
        if item.verdict.compared:
            last.add(period.cadence)
            compared.append(item)
        if verdicts is not None and item.drift is not None:
            verdicts.put(side.kind, period, item.verdict)
    return tuple(reversed(compared))


def _compared(
    side: ReferenceSide,
    period: Period,
    name: Side,
    budget: ErrorBudget,
    verdicts: VerdictStore | None,
) -> PeriodDrift:
    """The drift of one side of a period, from its verdict if that is known."""
    known = verdicts.get(side.kind, period) if verdicts else None
    if known is not None:
        return PeriodDrift(side.kind, period, known)
    own = period.side(name)
    compared = _drift(side, own, period.cadence, budget) if own else None
    if compared is None:
        return PeriodDrift(side.kind, period, Verdict(0))
    drifted = (
        DriftedColumn(
            side.kind, column.name, column.decisive.effect, column.decisive.threshold.value
        )
        for column in compared.drifted
    )
    verdict = Verdict(len(compared.columns), tuple(drifted))
    return PeriodDrift(side.kind, period, verdict, compared)


def _covered(period: Period, first: str, last: str) -> int:
    """The days of a period from the log's first to its last day."""
    began = max(period.first, date.fromisoformat(first))
    ended = min(period.last, date.fromisoformat(last))
    return (ended - began).days + 1


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
        for column in own[-1].drift.drifted if own and own[-1].drift else ():
            if column.name not in chosen:
                since = _refined(column.name, _since(column.name, own), drifts).first
                chosen[column.name] = _signal(own[-1], column, since)
    return tuple(chosen.values())


def _drifts_in(item: PeriodDrift, column: str) -> bool:
    return any(drifted.column == column for drifted in item.verdict.drifted)


def _refined(column: str, since: Period, drifts: Sequence[PeriodDrift]) -> Period:
    """The shorter period in which a drift began that longer ones show since another."""
    for cadence in (Cadence.WEEK, Cadence.DAY):
        own = [item for item in drifts if item.period.cadence is cadence]
        places = (
            place
            for place, item in enumerate(own)
            if since.first <= item.period.last
            and item.period.first <= since.last
            and _drifts_in(item, column)
        )
        place = next(places, None)
        if place is not None and cadence.in_a_year > since.cadence.in_a_year:
            since = _since(column, own[: place + 1])
    return since


def _since(column: str, drifts: Sequence[PeriodDrift]) -> Period:
    """The first of the latest stretch of periods in which a column drifts."""
    since = drifts[-1].period
    for item in reversed(drifts):
        if not _drifts_in(item, column):
            break
        if since.first - item.period.last > timedelta(days=1):
            break
        since = item.period
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
