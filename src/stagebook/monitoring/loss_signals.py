"""What a risen loss says, before labels and with them."""

from collections.abc import Iterable

from stagebook.monitoring.estimates import RANKING
from stagebook.monitoring.signal import MonitorState, Signal, SignalKind
from stagebook.monitoring.watched_loss import RECENT, WatchedLoss
from stagebook.project.text import amount

ESTIMATE, LABELS = "estimate", "labels"
ERROR = "mean absolute error"
"""What the loss of a regression is called."""
AREA = "AUC"
"""The subject of a signal about the ranking loss."""


def signals(losses: Iterable[WatchedLoss]) -> tuple[Signal, ...]:
    """A signal for each loss that has risen.

    Args:
        losses: Estimated ones and those of labels.
    """
    losses = tuple(losses)
    expected = {loss.name: loss.recent for loss in losses if loss.source == ESTIMATE}
    return tuple(_signal(loss, expected.get(loss.name)) for loss in losses if loss.risen)


def _signal(loss: WatchedLoss, expected: float | None) -> Signal:
    recent = loss.recent or 0.0
    days = min(RECENT, len(loss.days))
    what = "expected from its scores" if loss.source == ESTIMATE else "of rows with labels"
    if loss.name == RANKING:
        subject, sign = AREA, -1
        seen, then, limit = 1 - recent, 1 - loss.reference, 1 - loss.limit
    else:
        subject = ERROR if loss.unit != 1 else "Brier score"
        sign, (seen, then, limit) = 1, _in_unit(loss, recent)
    bound = "below" if sign < 0 else "above"
    sentence = (
        f"The {subject} {what} has been {bound} its limit on average since {loss.since}: "
        f"{amount(seen)} in the last {days} days, {amount(then)} on the test split, and "
        f"{amount(limit)} is the limit."
        f"{_cause(loss, expected)}"
    )
    kind, state = SignalKind.ESTIMATE, MonitorState.LOOK
    if loss.source == LABELS:
        kind, state = SignalKind.LABELS, MonitorState.ACT
    last = list(loss.days)[-1]
    return Signal(kind, state, subject, last, loss.since, sentence, seen, limit)


def _in_unit(loss: WatchedLoss, recent: float) -> tuple[float, float, float]:
    return recent * loss.unit, loss.reference * loss.unit, loss.limit * loss.unit


def _cause(loss: WatchedLoss, expected: float | None) -> str:
    """What realised and estimated loss together say of the cause.

    The estimate knows the requests, and assumes that features say of the label what they said. A
    difference counts that is larger than the one between the limit and the reference.
    """
    if loss.source != LABELS or loss.recent is None or expected is None:
        return ""
    shown = 1 - expected if loss.name == RANKING else expected
    harder = expected > loss.limit
    changed = loss.recent - expected > loss.limit - loss.reference
    if harder and changed:
        cause = "the requests are harder than the test split, and what features say has changed"
    elif changed:
        cause = "what the features say of the label has changed"
    else:
        cause = "the requests are harder than the test split"
    return f" From the scores, {shown:.3f} was to be expected: {cause}."
