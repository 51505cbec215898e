"""Statuses to decide about: daily losses that rose or not, and comparisons of packages."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any

from watched_models import START, days_from

from stagebook.monitoring import loss_signals
from stagebook.monitoring.decision.costs import Costs
from stagebook.monitoring.signal import MonitorState, Signal, SignalKind, state_of
from stagebook.monitoring.status import MonitorStatus
from stagebook.monitoring.watched_loss import WatchedLoss

OWN, NEW, OLD = "a" * 64, "b" * 64, "c" * 64
COSTS = Costs(wrong=1.0, retraining=100.0, false_alarm=20.0, horizon="30 days", unit="€")
ROWS = 1000
"""Rows of a day."""

DAYS = 60
_BEGIN = date(START.year + 1, START.month, START.day)


def wave(level: float, count: int, width: float = 0.01) -> list[float]:
    """Losses around a level, as far away as the width."""
    return [level + (number % 3 - 1) * width for number in range(count)]


REFERENCE = dict(zip(days_from(START, 60), wave(0.15, 60), strict=True))


def loss(
    source: str, values: Sequence[float], name: str = "error", rate: float = 0.125
) -> WatchedLoss:
    """A watched loss, whose last day is the last one of the status."""
    days = days_from(_BEGIN, DAYS)[-len(values) :] if values else []
    watched = WatchedLoss.of(name, source, REFERENCE, dict(zip(days, values, strict=True)), rate)
    assert watched is not None
    return watched


def signal(kind: SignalKind, subject: str = "height") -> Signal:
    """A signal that is not about a loss."""
    day = days_from(_BEGIN, DAYS)[-1]
    return Signal(kind, MonitorState.LOOK, subject, day, day, f"`{subject}` changed.", 0.4, 0.2)


def status(
    *losses: WatchedLoss,
    signals: Iterable[Signal] = (),
    kind: str = "binary",
    scale: float | None = None,
    rows: int = ROWS,
    labelled: float | None = None,
    false_alarms: float = 1.0,
) -> dict[str, Any]:
    """The JSON of a status with these losses and their signals."""
    own = (*loss_signals.signals(losses), *signals)
    days = days_from(_BEGIN, DAYS)
    judged = MonitorStatus(
        "late", OWN, (), state_of(own), own, None, (), losses, {}, (), (), (), kind, scale
    )
    given = labelled if labelled is not None else (1.0 if _has_labels(losses) else None)
    periods = [{"cadence": "day", "name": day, "rows": rows, "labelled": given} for day in days]
    changed = {"first": days[0], "last": days[-1], "periods": periods}
    return {**judged.as_json(), **changed, "false_alarms": false_alarms}


def _has_labels(losses: Iterable[WatchedLoss]) -> bool:
    return any(item.source == loss_signals.LABELS for item in losses)


def comparison(
    difference: float | None = -0.02,
    half: float = 0.005,
    challenger: str = NEW,
    metric: str = "brier",
    **changes: Any,
) -> dict[str, Any]:
    """The JSON of ``stagebook model compare``: the challenger's loss less the champion's."""
    ends: Mapping[str, float | None] = {"low": None, "high": None}
    if difference is not None:
        ends = {"low": difference - half, "high": difference + half}
    return {
        "verdict": "better",
        "may_replace": True,
        "reasons": [],
        "champion": {"source": "/home/x", "name": "late", "digest": OWN},
        "challenger": {"source": "/home/y", "name": "late", "digest": challenger},
        "data": {"path": "/home/z", "rows": 5000, "log": None},
        "task": "number" if metric == "mae" else "probability",
        "metrics": [{"name": metric, "difference": difference, **ends, "reason": ""}],
        **changes,
    }
