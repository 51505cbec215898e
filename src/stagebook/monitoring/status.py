"""The status of a deployed model: what happened, what changed, and whether a person should look."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from stagebook.monitoring import data_signals, drift_watch, failures, loss_signals, refusals
from stagebook.monitoring.cadence import Cadence
from stagebook.monitoring.day_store import LogSummary
from stagebook.monitoring.day_summary import DaySummary, merge
from stagebook.monitoring.drift_verdicts import VerdictStore
from stagebook.monitoring.drift_watch import PeriodDrift
from stagebook.monitoring.error_budget import ErrorBudget
from stagebook.monitoring.estimates import ERROR, FEWEST_ROWS, Estimator, reference_losses
from stagebook.monitoring.figure import Figure
from stagebook.monitoring.judged_labels import JudgedLabels, Losses
from stagebook.monitoring.monitored_model import MonitoredModel
from stagebook.monitoring.period_status import PeriodStatus, drifted_columns
from stagebook.monitoring.periods import Gap, Period, gaps, periods, without_sides
from stagebook.monitoring.signal import MonitorState, Signal, SignalKind, state_of
from stagebook.monitoring.watched_loss import WatchedLoss
from stagebook.project.errors import Problem

FORMAT = 1


@dataclass(frozen=True, slots=True)
class MonitorStatus:
    """The status of a deployed model.

    Attributes:
        model: The package's name.
        package: Its digest.
        others: Digests of other packages in the log.
        state: Whether a person should look, or act.
        signals: Why; the worst first.
        total: All its days together, but for features and predictions; None without any.
        periods: Days, weeks and months.
        losses: The watched losses.
        reference: Metrics of the test split by name; empty in a package without labels.
        gaps: Days without requests.
        notes: What is not judged, and how the limits come about, in sentences.
        problems: Days that could not be read.
        kind: Whether the label is true or false (``binary``) or a number (``regression``); empty
            in a package without a label.
        false_alarms: The false alarms of a year that are expected at most.
    """

    model: str
    package: str
    others: tuple[str, ...]
    state: MonitorState
    signals: tuple[Signal, ...]
    total: DaySummary | None
    periods: tuple[PeriodStatus, ...]
    losses: tuple[WatchedLoss, ...]
    reference: dict[str, Figure]
    gaps: tuple[Gap, ...]
    notes: tuple[str, ...]
    problems: tuple[Problem, ...]
    kind: str = ""
    false_alarms: float = 1.0

    def of(self, cadence: Cadence) -> tuple[PeriodStatus, ...]:
        """The periods of one length, ascending."""
        return tuple(item for item in self.periods if item.period.cadence is cadence)

    @property
    def first(self) -> str:
        """The first day with requests; empty without any."""
        return self.total.days[0] if self.total else ""

    @property
    def last(self) -> str:
        """The last day with requests."""
        return self.total.days[-1] if self.total else ""

    def as_json(self) -> dict[str, Any]:
        """The same as plain values, with a format version."""
        return {
            "format": FORMAT,
            "model": self.model,
            "package": self.package,
            "other_packages": list(self.others),
            "state": self.state.value,
            "kind": self.kind,
            "false_alarms": self.false_alarms,
            "first": self.first,
            "last": self.last,
            "signals": [signal.as_json() for signal in self.signals],
            "periods": [item.as_json() for item in self.periods],
            "losses": [loss.as_json() for loss in self.losses],
            "reference": {name: value.as_json() for name, value in self.reference.items()},
            "gaps": [[gap.first.isoformat(), gap.last.isoformat()] for gap in self.gaps],
            "notes": list(self.notes),
            "problems": [problem.as_json() for problem in self.problems],
        }


def judge(
    model: MonitoredModel,
    log: LogSummary,
    budget: ErrorBudget,
    tolerance: float,
    labels: JudgedLabels | None = None,
    verdicts: VerdictStore | None = None,
) -> MonitorStatus:
    """The status of a model, from its log.

    Args:
        model: The package.
        log: What its server logged.
        budget: The false alarms that are expected in a year.
        tolerance: A rise of the loss that does no harm.
        labels: What came true; None before labels are known.
        verdicts: What was concluded of closed periods before; None compares all.
    """
    digest = model.package.digest
    days = log.of(digest)
    answered = tuple(day for day in days if day.requests)
    all_periods = [
        period for cadence in Cadence for period in periods(answered, cadence, has_parts=True)
    ]
    sides = [drift_watch.drifts(side, all_periods, budget, verdicts) for side in model.sides]
    performance = model.reference.performance if model.reference else None
    estimator = Estimator.of(performance)
    losses: list[WatchedLoss] = []
    if performance is not None:
        expected = estimator.losses(answered) if estimator else {}
        sources = {loss_signals.ESTIMATE: expected, loss_signals.LABELS: _of(labels)}
        reference = reference_losses(performance)
        for source, by_name in sources.items():
            rate = budget.rate_of_loss(max(len(by_name), 1))
            for name, values in by_name.items():
                watched = WatchedLoss.of(name, source, reference[name], values, rate, tolerance)
                if watched is not None:
                    unit = performance.scale if name == ERROR else None
                    losses.append(replace(watched, unit=unit or 1.0))
    refused = refusals.watch(answered, budget)
    lost = data_signals.lost(answered)
    since = {signal.subject: signal.since for signal in lost}
    drifted = (signal for drifts in sides for signal in drift_watch.signals(drifts))
    signals = [
        *loss_signals.signals(losses),
        *failures.signals(answered, failures.watch(answered, budget)),
        *refusals.signals(answered, refused),
        *(signal for signal in drifted if not _is_said(signal, since)),
        *lost,
        *data_signals.signals(answered, log.problems),
    ]
    signals.sort(key=lambda signal: -signal.state.rank)
    first_notes = (labels.note if labels else "", refusals.note(answered, refused))
    return MonitorStatus(
        model.name,
        digest,
        tuple(other for other in log.packages if other != digest),
        state_of(signals),
        tuple(signals),
        merge(without_sides(answered)) if answered else None,
        _statuses(all_periods, [item for drifts in sides for item in drifts], estimator, labels),
        (*losses, *([refused] if refused else [])),
        estimator.reference.figures if estimator else {},
        gaps(answered),
        tuple(note for note in (*first_notes, *_notes(model, sides, estimator, losses)) if note),
        (*log.problems, *(labels.problems if labels else ())),
        performance.kind if performance else "",
        budget.false_alarms,
    )


def _is_said(signal: Signal, lost: Mapping[str, str]) -> bool:
    """Whether the drift of a feature is that it has no values, which a signal says already."""
    is_input = signal.kind is SignalKind.INPUT_DRIFT
    return is_input and signal.subject in lost and signal.since >= lost[signal.subject]


def _of(labels: JudgedLabels | None) -> Losses:
    return labels.losses if labels else {}


def _statuses(
    all_periods: Sequence[Period],
    drifts: Sequence[PeriodDrift],
    estimator: Estimator | None,
    labels: JudgedLabels | None,
) -> tuple[PeriodStatus, ...]:
    by_period: dict[tuple[Cadence, str], list[PeriodDrift]] = defaultdict(list)
    for item in drifts:
        by_period[item.period.cadence, item.period.name].append(item)
    statuses = []
    for period in all_periods:
        compared, drifted = drifted_columns(by_period[period.cadence, period.name])
        metrics = estimator.metrics(period.summary) if estimator else None
        estimated = metrics.figures if metrics else {}
        judged = labels.at(period.cadence, period.name) if labels else None
        realized = judged.figures if judged else {}
        share = judged.labelled / judged.rows if judged and judged.rows else None
        statuses.append(PeriodStatus(period, compared, drifted, estimated, realized, share, judged))
    return tuple(statuses)


def _notes(
    model: MonitoredModel,
    sides: Sequence[Sequence[PeriodDrift]],
    estimator: Estimator | None,
    losses: Sequence[WatchedLoss],
) -> tuple[str, ...]:
    """How the limits come about."""
    notes = [
        f"{drifts[0].kind.value.capitalize()} by {cadence.value}: {item.drift.calibration}"
        for drifts in sides
        for cadence in Cadence
        for item in [last for last in drifts if last.period.cadence is cadence][-1:]
        if item.drift is not None
    ]
    notes += [
        f"{drifts[-1].kind.value.capitalize()} by {cadence.value}: {note}"
        for drifts in sides
        for cadence in (Cadence.MONTH, Cadence.WEEK)
        for item in [last for last in drifts if last.period.cadence is cadence][-1:]
        for note in (item.drift.notes if item.drift is not None else ())
    ]
    notes.append(_missing(model, estimator, losses))
    notes.extend(
        f"With the days of the test split in other orders, the {loss.name} loss ({loss.source}) "
        f"would raise {loss.resampled:.2f} false alarms a year."
        for loss in losses
        if loss.resampled is not None
    )
    return tuple(notes)


def _missing(
    model: MonitoredModel, estimator: Estimator | None, losses: Sequence[WatchedLoss]
) -> str:
    """What the package lacks for all to be watched; empty if it lacks nothing."""
    reference = model.reference
    if reference is None:
        return (
            "The package has no reference of monitoring, so limits of drift are a rule of thumb: "
            'package the model with stagebook.package(..., time="...", label="...").'
        )
    if reference.performance is None:
        return (
            "The package has no label, so its performance cannot be watched: package the model "
            'with stagebook.package(..., label="...").'
        )
    if reference.performance.kind == "regression":
        return "The model predicts a number, whose error cannot be estimated before labels."
    if estimator is None:
        return (
            "The test split has labels of one kind only, so performance cannot be estimated: "
            "package the model with a test split that has both."
        )
    if not losses:
        return (
            f"The test split has fewer than two days with {FEWEST_ROWS} rows, so a rise of the "
            "loss cannot be noticed."
        )
    return ""
