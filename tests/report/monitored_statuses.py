"""Statuses of a deployed model, made without a log."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

from stagebook.monitoring import loss_signals, refusals
from stagebook.monitoring.cadence import Cadence
from stagebook.monitoring.day_summary import DaySummary, merge
from stagebook.monitoring.error_budget import ErrorBudget
from stagebook.monitoring.figure import Figure
from stagebook.monitoring.label_bounds import Bounds
from stagebook.monitoring.latency import LatencyHistogram
from stagebook.monitoring.performance import PeriodPerformance, SlicePerformance
from stagebook.monitoring.period_status import DriftedColumn, PeriodStatus
from stagebook.monitoring.periods import Gap, periods
from stagebook.monitoring.signal import MonitorState, Signal, SignalKind
from stagebook.monitoring.status import MonitorStatus
from stagebook.monitoring.watched_loss import WatchedLoss
from stagebook.project.errors import Problem, Where

EVIL = "<script>alert(1)</script>"
OWN, OTHER = "a" * 64, "b" * 64
FIRST = date(2026, 9, 1)
METRICS = {"auc": Figure(0.71, 0.01, 0.69, 0.73), "brier": Figure(0.125, 0.01, 0.1, 0.15)}
WAITING = ("2026-10-29", "2026-10-30")
BOUNDS = {"auc": Bounds(0.41, 0.93), "brier": Bounds(0.05, 0.55)}
SLICES = {
    "few": SlicePerformance(20, 18, {"auc": Figure(0.5, 0.2, 0.1, 0.9), "brier": Figure(0.3)}),
    "bad": SlicePerformance(900, 890, {"auc": Figure(0.6, 0.01, 0.58, 0.62), "brier": Figure(0.2)}),
    EVIL: SlicePerformance(2000, 2000, METRICS),
    "one class": SlicePerformance(
        80, 80, {"auc": Figure.absent("all rows are of one class"), "brier": Figure(0.1)}
    ),
}
DRIFT = tuple(
    DriftedColumn(SignalKind.INPUT_DRIFT, name, 0.25, 0.125) for name in (EVIL, "b", "c", "d", "e")
)


def days(values: list[float], first: date = FIRST) -> dict[str, float]:
    """Values by day."""
    return {(first + timedelta(days=place)).isoformat(): item for place, item in enumerate(values)}


def loss(values: list[float], name: str = "error", source: str = "estimate") -> WatchedLoss:
    """A loss whose reference is around 0.1."""
    reference = days([0.09, 0.11] * 14)
    watched = WatchedLoss.of(name, source, reference, days(values), rate=1.0)
    assert watched is not None
    return watched


def summary(day: str, refused: int = 0) -> DaySummary:
    """A day of a hundred requests."""
    statuses = {200: 100 - refused, 422: refused} if refused else {200: 100}
    latency = LatencyHistogram.of([4.0] * 98 + [250.0] * 2)
    return DaySummary(OWN, (day,), 100, 100, statuses, latency=latency)


def status(**changes: Any) -> MonitorStatus:
    """Sixty days of a model whose expected error rises after forty of them."""
    losses = (
        loss([0.1] * 40 + [0.4] * 20),
        loss([0.1] * 40 + [0.4] * 20, "ranking", "labels"),
    )
    own_days = [summary(day, refused=5) for day in losses[0].days]
    signals = sorted(loss_signals.signals(losses), key=lambda signal: -signal.state.rank)
    drifted = Signal(
        SignalKind.INPUT_DRIFT,
        MonitorState.LOOK,
        EVIL,
        "2026-10",
        "2026-10-01",
        f"The feature `{EVIL}` drifted.",
        0.25,
        0.125,
    )
    refused = refusals.watch(own_days, ErrorBudget())
    assert refused is not None
    whole = MonitorStatus(
        f"late {EVIL}",
        OWN,
        (OTHER,),
        MonitorState.ACT,
        (*signals, drifted),
        merge(own_days),
        _periods(own_days, METRICS),
        (*losses, refused),
        METRICS,
        (Gap(date(2026, 9, 3), date(2026, 9, 4)),),
        (f"A note of `{EVIL}`.",),
        (Problem("bad-request-log", f"Unread {EVIL}.", "Look.", Where("log/x.parquet")),),
    )
    return replace(whole, **changes)


def labelled(**changes: Any) -> MonitorStatus:
    """The same with labels: of the last days they are still awaited, and months have slices."""
    periods = [replace(item, performance=_performance(item)) for item in status().periods]
    realized = [
        replace(item, realized=item.performance.figures if item.performance else {}, labelled=0.9)
        for item in periods
    ]
    return replace(status(periods=tuple(realized)), **changes)


def _performance(item: PeriodStatus) -> PeriodPerformance:
    """Two months with slices, of which the second waits for its last days."""
    days = item.period.summary.days
    waiting = tuple(day for day in days if day in WAITING)
    is_month = item.period.cadence is Cadence.MONTH
    slices = {"carrier": SLICES, "alone": {"x": SLICES["bad"]}} if is_month else {}
    mature = tuple(day for day in days if day not in WAITING)
    figures = METRICS if mature else {}
    name, rows = item.period.name, item.period.summary.rows
    return PeriodPerformance(name, mature, waiting, rows, rows - 9, 0, figures, BOUNDS, slices)


def empty() -> MonitorStatus:
    """A model without any request."""
    return MonitorStatus("late", OWN, (), MonitorState.OK, (), None, (), (), {}, (), (), ())


def _periods(own_days: list[DaySummary], metrics: Mapping[str, Figure]) -> tuple[PeriodStatus, ...]:
    return tuple(
        PeriodStatus(period, 20, DRIFT if period.name == "2026-10" else (), metrics)
        for cadence in Cadence
        for period in periods(own_days, cadence)
    )
