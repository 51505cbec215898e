"""What a risen loss says, before labels and with them."""

from collections.abc import Iterable

from stagebook.monitoring.estimates import RANKING
from stagebook.monitoring.signal import MonitorState, Signal, SignalKind
from stagebook.monitoring.watched_loss import RECENT, WatchedLoss

ESTIMATE, LABELS = "estimate", "labels"
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
        subject = "error" if expected is None else "Brier score"  # of a regression, of two classes
        sign, seen, then, limit = 1, recent, loss.reference, loss.limit
    bound = "below" if sign < 0 else "above"
    sentence = (
        f"The {subject} {what} has been {bound} its limit since {loss.since}: {seen:.3f} in the "
        f"last {days} days, {then:.3f} on the test split, and {limit:.3f} is the limit."
        f"{_cause(loss, expected)}"
    )
    kind, state = SignalKind.ESTIMATE, MonitorState.LOOK
    if loss.source == LABELS:
        kind, state = SignalKind.LABELS, MonitorState.ACT
    last = list(loss.days)[-1]
    return Signal(kind, state, subject, last, loss.since, sentence, seen, limit)


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
