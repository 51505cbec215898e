"""The share of requests that were refused, by day and by rule."""

from collections.abc import Mapping, Sequence

from stagebook.monitoring.day_summary import DaySummary, Rule, merge
from stagebook.monitoring.error_budget import ErrorBudget
from stagebook.monitoring.signal import MonitorState, Signal, SignalKind
from stagebook.monitoring.watched_loss import RECENT, WatchedLoss
from stagebook.project.text import counted

NAME, SOURCE = "refused", "log"
WATCHED = 2
"""The shares that divide this part of the budget: refused requests, and failed ones."""

REFERENCE_DAYS = 28
"""The first days of the log, which later ones are compared with."""

FEWEST_DAYS = 14
TOLERANCE = 0.01
"""A rise by one request of a hundred does no harm."""


def refused_requests(summary: DaySummary) -> int:
    """Requests that a contract, a limit or a missing feature refused: with a status of 4xx."""
    return sum(count for status, count in summary.statuses.items() if 400 <= status < 500)


def refused_share(summary: DaySummary) -> float | None:
    """The share of requests that were refused; None without requests."""
    return refused_requests(summary) / summary.requests if summary.requests else None


def rule_shares(summary: DaySummary) -> dict[Rule, float]:
    """The share of requests that broke each rule, the largest first."""
    shares = {
        rule: times.requests / summary.requests
        for rule, times in summary.refusals.items()
        if summary.requests
    }
    return dict(sorted(shares.items(), key=lambda item: (-item[1], item[0])))


def watch(days: Sequence[DaySummary], budget: ErrorBudget) -> WatchedLoss | None:
    """Compares the days of a log with its first ones.

    Args:
        days: Each of one day, ascending.
        budget: How often a log may be reported that has not changed.

    Returns:
        None with too few days.
    """
    shares = {day.days[0]: share for day in days if (share := refused_share(day)) is not None}
    return watch_shares(NAME, shares, budget)


def watch_shares(name: str, shares: Mapping[str, float], budget: ErrorBudget) -> WatchedLoss | None:
    """Compares a daily share with that of the log's first days.

    Args:
        name: What it is a share of.
        shares: The share by day, ascending.
        budget: How often a log may be reported that has not changed.

    Returns:
        None with too few days.
    """
    names = list(shares)
    if len(names) < FEWEST_DAYS:
        return None
    first = names[: min(REFERENCE_DAYS, len(names) // 2)]
    reference = {day: shares[day] for day in first}
    later = {day: share for day, share in shares.items() if day not in reference}
    rate = budget.rate_of_loss(WATCHED)
    return WatchedLoss.of(name, SOURCE, reference, later, rate, TOLERANCE)


def signals(days: Sequence[DaySummary], watched: WatchedLoss | None) -> tuple[Signal, ...]:
    """A signal if more requests are refused than in the first days of the log."""
    if watched is None or not watched.risen or watched.recent is None:
        return ()
    rule, share, before = _risen_most(days, watched)
    code, column = rule
    subject = f"{code} `{column}`" if column else code or NAME
    risen = f" What rose most is {subject}: {share:.1%}, {before:.1%} in the first days."
    sentence = (
        f"Of the requests of the last {counted(min(RECENT, len(watched.days)), 'day')}, "
        f"{watched.recent:.1%} were refused; {watched.limit:.1%} is the limit."
        f"{risen if code else ''}"
    )
    last = days[-1].days[0]
    kind, state = SignalKind.REFUSALS, MonitorState.LOOK
    return (
        Signal(kind, state, subject, last, watched.since, sentence, watched.recent, watched.limit),
    )


def note(days: Sequence[DaySummary], watched: WatchedLoss | None) -> str:
    """A sentence if many requests were refused from the first day on, which is no rise.

    Args:
        days: Each of one day, ascending.
        watched: The share of refused requests; None with too few days to compare.

    Returns:
        Empty if at most one request of a hundred was refused.
    """
    first = [day for day in days if watched is None or day.days[0] not in watched.days]
    total = merge(first) if first else None
    share = (refused_share(total) if total else None) or 0.0
    if total is None or share <= TOLERANCE:
        return ""
    (code, column), _ = next(iter(rule_shares(total).items()), (("", ""), 0.0))
    most = f", most by {code}{f' `{column}`' if column else ''}" if code else ""
    span = "day" if len(first) == 1 else counted(len(first), "day")
    return (
        f"Of the requests of the first {span}, {share:.1%} were refused"
        f"{most}. Only a rise above that is a reason to look."
    )


def _risen_most(days: Sequence[DaySummary], watched: WatchedLoss) -> tuple[Rule, float, float]:
    """The rule whose share rose most since the first days, with both shares; no rule if none is."""
    first = [day for day in days if day.days[0] not in watched.days]
    last = [day for day in days if day.days[0] >= watched.since][-RECENT:]
    before, now = (rule_shares(merge(some)) for some in (first, last))
    rises = {rule: share - before.get(rule, 0.0) for rule, share in now.items()}
    if not rises:
        return ("", ""), 0.0, 0.0
    rule = max(rises, key=lambda rule: rises[rule])
    return rule, now[rule], before.get(rule, 0.0)
