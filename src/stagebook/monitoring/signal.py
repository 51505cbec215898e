"""What monitoring noticed, and what state of the model follows."""

import enum
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

from stagebook.monitoring.explanation import Explanation


class MonitorState(enum.StrEnum):
    """The state of a deployed model."""

    OK = "ok"
    LOOK = "look"
    """Something changed, and nobody knows yet whether the predictions are worse."""
    ACT = "act"
    """The predictions are worse than on the test split, or cannot be made."""

    @property
    def rank(self) -> int:
        """0 for ``ok``; a worse state has a higher rank."""
        return list(MonitorState).index(self)


class SignalKind(enum.StrEnum):
    """Where a signal comes from."""

    DATA = "data"
    """The log itself: days without requests, columns that disappeared, unreadable files."""
    REFUSALS = "refusals"
    FAILURES = "failures"
    """Requests that the server could not answer."""
    INPUT_DRIFT = "input drift"
    PREDICTION_DRIFT = "prediction drift"
    ESTIMATE = "estimate"
    """Performance before labels."""
    LABELS = "labels"
    """Performance with labels."""


@dataclass(frozen=True, slots=True)
class Signal:
    """One thing that a person should know of.

    Attributes:
        kind: Where it comes from.
        state: What state it calls for.
        subject: The column, metric or rule.
        period: The day, week or month, such as ``2013-11-04``, ``2013-W45`` or ``2013-11``.
        since: The first day of it.
        sentence: What is seen, and how much.
        value: What was measured, if it is a number.
        limit: The limit that it crossed, if there is one.
        explanation: What the rise of a loss consists of; None if that is not known.
        rows: Ids of a few predictions to look at.
    """

    kind: SignalKind
    state: MonitorState
    subject: str
    period: str
    since: str
    sentence: str
    value: float | None = None
    limit: float | None = None
    explanation: Explanation | None = None
    rows: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """This signal as plain values."""
        return asdict(self)


def state_of(signals: Iterable[Signal]) -> MonitorState:
    """The worst state that a signal calls for; ``ok`` without signals."""
    states = (signal.state for signal in signals)
    return max(states, key=lambda state: state.rank, default=MonitorState.OK)
