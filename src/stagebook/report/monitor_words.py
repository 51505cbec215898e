"""The status of a deployed model in words, as its page and the terminal show it."""

from collections.abc import Iterable
from dataclasses import dataclass

from stagebook.monitoring.cadence import Cadence
from stagebook.monitoring.estimates import RANKING
from stagebook.monitoring.figure import Figure
from stagebook.monitoring.label_bounds import Bounds
from stagebook.monitoring.loss_signals import ESTIMATE
from stagebook.monitoring.periods import Gap
from stagebook.monitoring.refusals import NAME as REFUSED
from stagebook.monitoring.signal import MonitorState, Signal, SignalKind
from stagebook.monitoring.status import MonitorStatus
from stagebook.monitoring.watched_loss import WatchedLoss
from stagebook.project.errors import Problem
from stagebook.project.text import amount, counted, plain

STATE_WORDS = {
    MonitorState.OK: "nothing changed that matters",
    MonitorState.LOOK: "something changed, and nobody knows yet whether the predictions are worse",
    MonitorState.ACT: "the predictions are worse than on the test split, or cannot be made",
}
"""What each state means."""

NO_REQUESTS = "the log has no request that this package answered"
NONE = "–"
SIGNS = {MonitorState.OK: "✓", MonitorState.LOOK: "!", MonitorState.ACT: "✗"}
_DIGITS = 12
"""Digits of a digest that are shown, as in the names of a log's files."""
_MOST_OTHERS = 3
_SHARES = (SignalKind.REFUSALS, SignalKind.FAILURES)
"""Kinds of signals whose value is a share of the requests."""
_METRICS = {"auc": "AUC", "brier": "Brier score"}
_ERRORS = {"mae": "mean absolute error", "rmse": "root mean squared error"}


@dataclass(frozen=True, slots=True)
class StateWords:
    """The state in one sentence.

    Attributes:
        mark: The class that it is shown in.
        sign: A sign, for who does not see the colour.
        word: The state in a word.
        words: What it means.
    """

    mark: str
    sign: str
    word: str
    words: str


@dataclass(frozen=True, slots=True)
class SignalWords:
    """One reason for the state.

    Attributes:
        mark: The class that it is shown in.
        word: The state that it calls for.
        kind: Where it comes from.
        sentence: What is seen.
        since: The first day of it; empty if there is none.
        value: What was measured; empty without a number.
        limit: The limit that it crossed.
    """

    mark: str
    word: str
    kind: str
    sentence: str
    since: str
    value: str
    limit: str


@dataclass(frozen=True, slots=True)
class FigureWords:
    """A metric in a cell.

    Attributes:
        value: To three decimals, or to four digits.
        interval: Its 95 % interval, or why there is no value; empty without either.
        bounds: Where it can be once all labels are known; empty if they are.
    """

    value: str
    interval: str
    bounds: str = ""


def state(status: MonitorStatus) -> StateWords:
    """The state in one sentence; without requests, it says so."""
    if status.total is None and not status.signals:
        return StateWords("unknown", "?", "No requests", f"{NO_REQUESTS}{_of_others(status)}")
    own = status.state
    return StateWords(own.value, SIGNS[own], own.value.capitalize(), STATE_WORDS[own])


def _of_others(status: MonitorStatus) -> str:
    """Which other packages the log is of, since a person may watch the wrong one."""
    if not status.others:
        return ""
    names = ", ".join(other[:_DIGITS] for other in status.others[:_MOST_OTHERS])
    more = ", …" if len(status.others) > _MOST_OTHERS else ""
    return f"; it is of {counted(len(status.others), 'other package')}: {names}{more}"


def extent(status: MonitorStatus) -> str:
    """How many requests on which days; empty without any."""
    if status.total is None:
        return ""
    requests = counted(status.total.requests, "request")
    days = counted(len(status.total.days), "day")
    if status.first == status.last:
        return f"{requests} on {status.first}"
    return f"{requests} on {days} from {status.first} to {status.last}"


def signal(own: Signal) -> SignalWords:
    """One reason for the state."""
    return SignalWords(
        own.state.value,
        own.state.value.capitalize(),
        own.kind.value.capitalize(),
        plain(own.sentence),
        own.since,
        _measured(own, own.value),
        _measured(own, own.limit),
    )


def _measured(own: Signal, value: float | None) -> str:
    if value is None:
        return ""
    return percent(value) if own.kind in _SHARES else amount(value)


def percent(share: float | None) -> str:
    """A share in percent; what is not 0 never looks as if."""
    if share is None:
        return NONE
    return "<0.1 %" if 0 < share < 0.0005 else f"{100 * share:.1f} %"


def milliseconds(time: float | None) -> str:
    """A time without its unit; what is not 0 never looks as if."""
    if time is None:
        return NONE
    if 0 < time < 0.05:
        return "<0.1"
    return f"{time:.1f}" if time < 100 else f"{time:,.0f}"


def metric(name: str) -> str:
    """The name of a metric for a reader."""
    return (_METRICS | _ERRORS).get(name, name.replace("_", " "))


def terse(name: str) -> str:
    """The name of a metric where there is little room."""
    return name.upper() if name in _ERRORS else _METRICS.get(name, name)


def metrics(values: Iterable[Iterable[str]]) -> tuple[str, ...]:
    """The metrics that have a column: the AUC and the Brier score, else the first two.

    Args:
        values: The names of metrics that each period has.
    """
    names = tuple(dict.fromkeys(name for own in values for name in own))
    return tuple(name for name in names if name in _METRICS) or names[:2]


def figure(own: Figure | None, bounds: Bounds | None = None) -> FigureWords:
    """A metric in a cell, with its bounds if labels are missing."""
    ends = f"{amount(bounds.low)} to {amount(bounds.high)}" if bounds else ""
    if own is None or own.value is None:
        return FigureWords(NONE, own.reason if own else "", ends)
    if own.low is None or own.high is None:
        return FigureWords(amount(own.value), "", ends)
    return FigureWords(amount(own.value), f"{amount(own.low)} to {amount(own.high)}", ends)


def waiting(status: MonitorStatus) -> str:
    """Which days wait for labels, in a sentence; empty if none does."""
    days = sorted({day for item in status.of(Cadence.DAY) for day in item.waiting})
    if not days:
        return ""
    span = days[0] if len(days) == 1 else f"{days[0]} to {days[-1]}"
    return (
        f"{counted(len(days), 'day')} with too few labels so far ({span}): the model is not judged "
        "by early labels, which are not like the others."
    )


def gap(own: Gap) -> str:
    """A stretch of days without requests."""
    if own.first == own.last:
        return f"{own.first}"
    return f"{own.first} to {own.last}: {counted(own.days, 'day')}"


def problem(own: Problem) -> str:
    """A problem with its place and what to do."""
    where = f"{plain(str(own.where))}: " if own.where else ""
    return f"{where}{plain(own.message)} {plain(own.hint) if own.hint else ''}".strip()


def loss_title(loss: WatchedLoss) -> str:
    """What a watched loss is called: by its metric, and whether it is expected or known."""
    if loss.name == REFUSED:
        return "Refused requests"
    other = "mean absolute error" if loss.unit != 1 else "Brier score"
    own = "AUC" if loss.name == RANKING else other
    return (
        f"Expected {own}" if loss.source == ESTIMATE else f"{own[0].upper()}{own[1:]} with labels"
    )
