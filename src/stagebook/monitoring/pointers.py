"""What signals point to: columns that explain a rise, and rows to look at."""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from stagebook.monitoring import day_evidence
from stagebook.monitoring.cadence import Cadence
from stagebook.monitoring.day_evidence import DayEvidence
from stagebook.monitoring.estimates import ERROR, RANKING
from stagebook.monitoring.evidence_store import EvidenceStore
from stagebook.monitoring.explanation import FEWEST_DAYS, Explanation
from stagebook.monitoring.loss_signals import AREA, ESTIMATE, LABELS
from stagebook.monitoring.period_status import PeriodStatus
from stagebook.monitoring.signal import Signal, SignalKind
from stagebook.monitoring.status import MonitorStatus
from stagebook.monitoring.watched_loss import RECENT, WatchedLoss

MOST_BEFORE = 56
"""Days before a rise, the last ones, that it is compared with."""

_SOURCES = {SignalKind.ESTIMATE: ESTIMATE, SignalKind.LABELS: LABELS}


def pointed(status: MonitorStatus, store: EvidenceStore) -> MonitorStatus:
    """The status, whose signals say what explains them and which rows to look at.

    Args:
        status: The status.
        store: The rows of its log.
    """
    signals = tuple(_pointed(signal, status, store) for signal in status.signals)
    return replace(status, signals=signals)


def _pointed(signal: Signal, status: MonitorStatus, store: EvidenceStore) -> Signal:
    if signal.kind in _SOURCES:
        return _of_loss(signal, status, store)
    if signal.kind in (SignalKind.INPUT_DRIFT, SignalKind.PREDICTION_DRIFT):
        day = _day_of(signal, status)
        rows = store.changed(day).get((signal.kind.value, signal.subject), ()) if day else ()
        return _with_rows(signal, rows)
    return signal


def _with_rows(signal: Signal, rows: tuple[str, ...]) -> Signal:
    if not rows:
        return signal
    trace = f" An example: `stagebook trace prediction:{rows[0]}`."
    return replace(signal, sentence=signal.sentence + trace, rows=rows)


def _day_of(signal: Signal, status: MonitorStatus) -> str:
    """The day of the signal's period on which its column differs most; else its last day."""
    days = [
        item
        for item in status.of(Cadence.DAY)
        if signal.since <= item.period.name and signal.period in _names(item)
    ]
    effects = {
        item.period.name: max(
            (
                column.effect
                for column in item.drifted
                if (column.kind, column.column) == (signal.kind, signal.subject)
            ),
            default=0.0,
        )
        for item in days
    }
    return max(effects, key=lambda day: (effects[day], day), default="")


def _names(item: PeriodStatus) -> tuple[str, ...]:
    """The names of the periods that a day is in."""
    return tuple(cadence.name_of(item.period.first) for cadence in Cadence)


def _of_loss(signal: Signal, status: MonitorStatus, store: EvidenceStore) -> Signal:
    source, name = _SOURCES[signal.kind], RANKING if signal.subject == AREA else ERROR
    watched = next(loss for loss in status.losses if (loss.name, loss.source) == (name, source))
    days = [day for day in watched.days if day >= signal.since][-RECENT:]
    now = _evidence(days, source, store)
    explanation = _explanation(watched, signal, now, store) if name == ERROR else None
    if explanation is not None:
        words = f"{signal.sentence} {explanation.sentence}"
        signal = replace(signal, sentence=words, explanation=explanation)
    rows = day_evidence.worst(row for day in now for row in day.worst)
    return _with_rows(signal, tuple(row.prediction for row in rows))


def _explanation(
    watched: WatchedLoss, signal: Signal, now: Sequence[DayEvidence], store: EvidenceStore
) -> Explanation | None:
    days = [day for day in watched.days if day < signal.since][-MOST_BEFORE:]
    before = _evidence(days, watched.source, store)
    if len(before) < FEWEST_DAYS:
        return None
    features = [column.name for column in store.model.package.inputs.columns]
    return Explanation.of(before, now, features, _score(watched, store))


def _score(watched: WatchedLoss, store: EvidenceStore) -> str | None:
    """The column whose share says what is left for the relation; None before labels."""
    reference = store.model.reference
    performance = reference.performance if reference else None
    return performance.score if performance and watched.source == LABELS else None


def _evidence(days: Iterable[str], source: str, store: EvidenceStore) -> list[DayEvidence]:
    """The rows of those days that can be read."""
    parts = (store.losses(source, day) for day in days)
    return [part for part in parts if part is not None and part.columns]
