"""What a risen loss says, before labels and with them."""

from collections.abc import Iterable

from stagebook.monitoring.estimates import RANKING
from stagebook.monitoring.signal import MonitorState, Signal, SignalKind
from stagebook.monitoring.watched_loss import RECENT, WatchedLoss

ESTIMATE, LABELS = "estimate", "labels"


def signals(losses: Iterable[WatchedLoss]) -> tuple[Signal, ...]:
    """A signal for each loss that has risen.

    Args:
        losses: Estimated ones and those of labels.
    """
    losses = tuple(losses)
    expected = {loss.name for loss in losses if loss.source == ESTIMATE and loss.risen}
    estimated = any(loss.source == ESTIMATE for loss in losses)
    return tuple(
        _signal(loss, _cause(loss, expected) if estimated else "") for loss in losses if loss.risen
    )


def _signal(loss: WatchedLoss, cause: str) -> Signal:
    recent = loss.recent or 0.0
    days = min(RECENT, len(loss.days))
    what = "expected from its scores" if loss.source == ESTIMATE else "of rows with labels"
    if loss.name == RANKING:
        subject, sign = "AUC", -1
        seen, then, limit = 1 - recent, 1 - loss.reference, 1 - loss.limit
    else:
        subject, sign, seen, then, limit = "error", 1, recent, loss.reference, loss.limit
    bound = "below" if sign < 0 else "above"
    sentence = (
        f"The {subject} {what} has been {bound} its limit since {loss.since}: {seen:.3f} in the "
        f"last {days} days, {then:.3f} on the test split, and {limit:.3f} is the limit.{cause}"
    )
    kind, state = SignalKind.ESTIMATE, MonitorState.LOOK
    if loss.source == LABELS:
        kind, state = SignalKind.LABELS, MonitorState.ACT
    last = list(loss.days)[-1]
    return Signal(kind, state, subject, last, loss.since, sentence, seen, limit)


def _cause(loss: WatchedLoss, expected: set[str]) -> str:
    """What realised and estimated loss together say of the cause."""
    if loss.source != LABELS:
        return ""
    if loss.name in expected:
        return " The scores let expect it: the requests are harder than the test split."
    return " The scores did not let expect it: what the features say of the label has changed."
