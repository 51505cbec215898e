"""What the labels say of a deployed model: the losses of mature days, and metrics by period."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Self

from stagebook.model.day_loss import error_share
from stagebook.model.reference_performance import Performance
from stagebook.monitoring.cadence import Cadence
from stagebook.monitoring.cohorts import Cohorts, Maturity
from stagebook.monitoring.estimates import ERROR, FEWEST_ROWS, RANKING
from stagebook.monitoring.labelled_day import LabelledDay
from stagebook.monitoring.labels import Labels
from stagebook.monitoring.performance import PeriodPerformance, figures_of, performance
from stagebook.project.errors import Problem
from stagebook.project.text import counted

Losses = Mapping[str, Mapping[str, float]]
"""Losses by name and day."""


@dataclass(frozen=True, slots=True)
class JudgedLabels:
    """The labels of one package's predictions.

    Attributes:
        losses: The losses of its mature days.
        periods: Its days, weeks and months, by cadence and name; months have slices.
        waiting: Days that wait for labels.
        unlabelled: Days that had the time to get labels, and have none.
        problems: What is wrong with the labels.
        table: The labels themselves, to find single rows; None if they are not at hand.
    """

    losses: Losses
    periods: Mapping[tuple[Cadence, str], PeriodPerformance]
    waiting: tuple[str, ...]
    unlabelled: tuple[str, ...]
    problems: tuple[Problem, ...]
    table: Labels | None = None

    @classmethod
    def of(
        cls,
        days: Sequence[LabelledDay],
        problems: Sequence[Problem],
        reference: Performance,
        maturity: Maturity,
        now: datetime,
    ) -> Self:
        """Judges the days of one package.

        Args:
            days: Each of one day.
            problems: What is wrong with the labels.
            reference: How good the model was on its test split.
            maturity: When the labels of a day count as complete.
            now: The time, with a zone.
        """
        cohorts = Cohorts.of(days, maturity, now)
        threshold = reference.threshold if reference.threshold is not None else 0.5
        periods = {
            (cadence, period.name): period
            for cadence in Cadence
            for period in performance(
                days,
                maturity,
                now,
                threshold=threshold,
                name_of=cadence.name_of,
                by_slice=cadence is Cadence.MONTH,  # a slice of a day has few rows
            )
        }
        waiting = tuple(name for day in cohorts.waiting for name in day.days)
        bare = (day for day in cohorts.mature if day.whole.rows and not day.whole.labelled)
        unlabelled = tuple(sorted(name for day in bare for name in day.days))
        losses = _losses(cohorts.mature, reference)
        return cls(losses, periods, waiting, unlabelled, tuple(problems))

    @property
    def note(self) -> str:
        """A sentence about days whose labels should be known and are not; empty without any."""
        if not self.unlabelled:
            return ""
        first, last = self.unlabelled[0], self.unlabelled[-1]
        span = first if first == last else f"{first} to {last}"
        return (
            f"Without any label, though they had the time to get them: "
            f"{counted(len(self.unlabelled), 'day')} ({span}). They say nothing about the model."
        )

    def at(self, cadence: Cadence, name: str) -> PeriodPerformance | None:
        """One period; None if it has no predictions."""
        return self.periods.get((cadence, name))


def _losses(days: Iterable[LabelledDay], reference: Performance) -> Losses:
    """The losses of mature days, as ``day_loss.DayLoss`` has those of the test split."""
    losses: dict[str, dict[str, float]] = {RANKING: {}, ERROR: {}}
    for day in days:
        if day.whole.labelled < FEWEST_ROWS:
            continue
        for name, loss in _of_day(day, reference).items():
            if loss is not None:
                losses[name][day.days[0]] = min(max(loss, 0.0), 1.0)
    return {name: values for name, values in losses.items() if values}


def _of_day(day: LabelledDay, reference: Performance) -> dict[str, float | None]:
    rows = day.whole
    if rows.errors is not None:
        absolute = float(rows.errors.absolute.value)
        return {ERROR: error_share(absolute, rows.errors.rows, reference.scale)}
    figures = figures_of(rows, reference.threshold or 0.5)
    area, brier = figures["auc"].value, figures["brier"].value
    return {RANKING: None if area is None else 1 - area, ERROR: brier}
