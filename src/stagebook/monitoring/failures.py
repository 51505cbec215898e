"""The share of requests that the server could not answer, by day."""

from collections.abc import Sequence

from stagebook.monitoring import refusals
from stagebook.monitoring.day_summary import DaySummary, merge
from stagebook.monitoring.error_budget import ErrorBudget
from stagebook.monitoring.signal import MonitorState, Signal, SignalKind
from stagebook.monitoring.watched_loss import RECENT, WatchedLoss
from stagebook.project.text import counted

NAME = "failed"


def failed_requests(summary: DaySummary) -> int:
    """Requests that the server failed to answer: with a status of 5xx."""
    return sum(count for status, count in summary.statuses.items() if status >= 500)


def watch(days: Sequence[DaySummary], budget: ErrorBudget) -> WatchedLoss | None:
    """Compares the days of a log with its first ones, see ``refusals.watch``."""
    shares = {day.days[0]: failed_requests(day) / day.requests for day in days if day.requests}
    return refusals.watch_shares(NAME, shares, budget)


def signals(days: Sequence[DaySummary], watched: WatchedLoss | None) -> tuple[Signal, ...]:
    """A signal if more requests fail than in the first days of the log: nothing is predicted."""
    if watched is None or not watched.risen or watched.recent is None:
        return ()
    since = merge([day for day in days if day.days[0] >= watched.since][-RECENT:])
    failed = {status: count for status, count in since.statuses.items() if status >= 500}
    often = max(failed, key=lambda status: (failed[status], -status), default=500)
    recent = counted(min(RECENT, len(watched.days)), "day")
    sentence = (
        f"Of the requests of the last {recent}, the server failed to answer {watched.recent:.1%}, "
        f"most often with status {often}; {watched.limit:.1%} is the limit."
    )
    kind, state, last = SignalKind.FAILURES, MonitorState.ACT, days[-1].days[0]
    subject, since_day = str(often), watched.since
    return (Signal(kind, state, subject, last, since_day, sentence, watched.recent, watched.limit),)
