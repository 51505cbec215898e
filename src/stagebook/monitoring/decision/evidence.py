"""What a monitor's status says that a decision needs."""

import enum
import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from statistics import stdev
from typing import Self

from stagebook.monitoring.decision.gain import Gain
from stagebook.monitoring.decision.status_json import LossJson, StatusJson
from stagebook.monitoring.estimates import ERROR
from stagebook.monitoring.figure import Z
from stagebook.monitoring.loss_signals import ESTIMATE, LABELS
from stagebook.monitoring.watched_loss import RECENT

FEWEST_DAYS = 7
"""With fewer days, a loss says too little: a week has all weekdays."""

YEAR = 365


class Alarm(enum.IntEnum):
    """What a status reports, from the least to the most that it says of the model."""

    NONE = 0
    REQUESTS = 1
    """More requests are refused or fail."""
    DRIFT = 2
    ESTIMATE = 3
    LABELS = 4
    DATA = 5
    """The log itself is broken; nothing else can be trusted then."""


_ALARMS = {
    "data": Alarm.DATA,
    "labels": Alarm.LABELS,
    "estimate": Alarm.ESTIMATE,
    "input drift": Alarm.DRIFT,
    "prediction drift": Alarm.DRIFT,
}
"""By kind of signal; other kinds are about requests, not about the model."""

_UNPROVEN = (Alarm.DRIFT, Alarm.ESTIMATE)
"""Signals that may be false alarms, and whose loss nobody has seen."""


@dataclass(frozen=True, slots=True)
class Excess:
    """How much more the deployed model loses than on its test split.

    The loss is the Brier score, or for a number the mean absolute error in its own unit.

    Attributes:
        source: ``labels`` or ``estimate``.
        first: The first day that counts.
        last: The last one.
        days: How many days these are.
        now: The mean loss of a row on these days.
        reference: The same of the test split.
        more: ``now`` less ``reference``, with an interval in which a day is one observation.
        explained: The part of it that was to be expected from the scores: the requests are
            harder, and another model finds them hard too. 0 if that is unknown.
    """

    source: str
    first: str
    last: str
    days: int
    now: float
    reference: float
    more: Gain
    explained: float

    @property
    def learnable(self) -> float:
        """What a retraining can regain at most of the excess that is expected."""
        return max(self.more.expected - self.explained, 0.0)

    @classmethod
    def of(cls, loss: LossJson, estimate: LossJson | None, scale: float) -> Self:
        """The excess of a loss over its last days, or since it rose.

        Args:
            loss: The loss, with at least two days.
            estimate: The same loss as expected from the scores; None if it is not.
            scale: The loss of a row that counts as 1.
        """
        begin = loss.since if loss.risen and loss.since else ""
        recent = [(day, value) for day, value in loss.days if day >= begin][-RECENT:]
        if len(recent) < FEWEST_DAYS:  # a rise of two days has no spread to rely on
            recent = list(loss.days)[-FEWEST_DAYS:]
        names, values = zip(*recent, strict=True)
        now, rows = sum(values) / len(values), len(values)
        error = math.hypot(stdev(values) / math.sqrt(rows), loss.reference_error)
        more = now - loss.reference
        harder = _expected(estimate, names) - loss.reference if estimate else 0.0
        return cls(
            loss.source,
            names[0],
            names[-1],
            rows,
            now * scale,
            loss.reference * scale,
            Gain(more, more - Z * error, more + Z * error) * scale,
            min(max(harder, 0.0), max(more, 0.0)) * scale,
        )


def _expected(estimate: LossJson, names: Sequence[str]) -> float:
    """The mean of the expected loss on some days; that of the test split if it has none of them."""
    values = [value for day, value in estimate.days if day in set(names)]
    return sum(values) / len(values) if values else estimate.reference


@dataclass(frozen=True, slots=True)
class Evidence:
    """What a status says that a decision needs.

    Attributes:
        status: The status.
        alarm: The signal that says most.
        rows_per_day: The mean number of rows of the last days, days without requests included.
        excess: How much more the model loses; None if no loss has enough days.
        labelled_days: Days that are judged by their labels; None without labels.
        chance: The probability that nothing is wrong in spite of the signals; 0 with labels.
    """

    status: StatusJson
    alarm: Alarm
    rows_per_day: float
    excess: Excess | None
    labelled_days: int | None
    chance: float

    @classmethod
    def of(cls, status: StatusJson) -> Self:
        """The evidence in a status."""
        kinds = (_ALARMS.get(signal.kind, Alarm.REQUESTS) for signal in status.signals)
        alarm = max(kinds, default=Alarm.NONE)
        labels = status.loss(ERROR, LABELS)
        given = labels or any(period.labelled is not None for period in status.periods)
        return cls(
            status,
            alarm,
            _rows_per_day(status),
            _excess(status),
            (len(labels.days) if labels else 0) if given else None,
            _chance(status) if status.last and alarm in _UNPROVEN else 0.0,
        )

    @property
    def contradicts(self) -> bool:
        """Whether labels say that the loss rose, and the scores do not let it be expected."""
        estimate = self.status.loss(ERROR, ESTIMATE)
        if self.alarm is not Alarm.LABELS or self.excess is None or estimate is None:
            return False
        days = [value for day, value in estimate.days if day >= self.excess.first]
        calm = not estimate.risen and bool(days) and sum(days) / len(days) <= estimate.limit
        return self.excess.source == LABELS and calm


def _excess(status: StatusJson) -> Excess | None:
    """That of the labels if enough days have some, otherwise that of the scores."""
    scale = status.scale or 1.0
    estimate = status.loss(ERROR, ESTIMATE)
    for loss in (status.loss(ERROR, LABELS), estimate):
        if loss is not None and len(loss.days) >= FEWEST_DAYS:
            return Excess.of(loss, estimate if loss.source == LABELS else None, scale)
    return None


def _rows_per_day(status: StatusJson) -> float:
    if not status.last:
        return 0.0
    last = date.fromisoformat(status.last)
    begin = max(last - timedelta(days=RECENT - 1), date.fromisoformat(status.first))
    rows = [
        period.rows
        for period in status.periods
        if period.cadence == "day" and period.name >= begin.isoformat()
    ]
    return sum(rows) / ((last - begin).days + 1)


def _chance(status: StatusJson) -> float:
    """The probability that nothing is wrong, if it was as likely as a change before the signals.

    A model that holds has at least one signal with the probability ``1 - exp(-expected)``, if so
    many false alarms are expected in the time that it was watched. One that does not hold has one
    for sure.
    """
    first, last = (date.fromisoformat(day) for day in (status.first, status.last))
    days = (last - first).days + 1
    signal = -math.expm1(-status.false_alarms * days / YEAR)
    return signal / (1 + signal)
