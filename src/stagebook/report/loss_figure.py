"""A watched loss of a deployed model as a figure with its legend and its days."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

from stagebook.monitoring.estimates import RANKING
from stagebook.monitoring.loss_signals import ESTIMATE, LABELS
from stagebook.monitoring.refusals import NAME as REFUSED
from stagebook.monitoring.refusals import SOURCE as LOG
from stagebook.monitoring.watched_loss import RECENT, WatchedLoss
from stagebook.project.text import amount, counted
from stagebook.report.loss_chart import ROOMS, Course, draw
from stagebook.report.monitor_words import loss_title

_SOURCES = {
    ESTIMATE: "Expected from the scores, before labels are known",
    LABELS: "Of the rows whose label is known",
    LOG: "Share of all requests",
}


@dataclass(frozen=True, slots=True)
class LossFigure:
    """What is shown of one watched loss.

    Attributes:
        title: What it is.
        source: Where its values come from, and which direction is worse.
        verdict: What the last days say of its limit.
        pictures: The chart, once for each room.
        legend: What each line is: its class, and words with its value.
        alarms: The days of an alarm.
        rows: Each day with its value and the mean, the newest first.
        most: Days of a mean.
    """

    title: str
    source: str
    verdict: str
    pictures: tuple[str, ...]
    legend: tuple[tuple[str, str], ...]
    alarms: tuple[str, ...]
    rows: tuple[tuple[str, str, str], ...]
    most: int = RECENT


def loss_figure(loss: WatchedLoss) -> LossFigure | None:
    """The figure of a loss; None without days.

    The loss of a ranking is shown as the AUC, which readers know.
    """
    if not loss.days:
        return None
    course = _course(loss)
    title, legend = loss_title(loss), _legend(loss, course)
    words = "; ".join(text for _, text in legend)
    alarms = counted(len(loss.alarms), "alarm")
    span = f"{counted(len(loss.days), 'day')} from {min(loss.days)} to {max(loss.days)}"
    label = f"{title} by day, {span}; {words}; {alarms}"
    worse = "lower is worse" if loss.name == RANKING else "higher is worse"
    return LossFigure(
        title,
        f"{_SOURCES.get(loss.source, loss.source)}; {worse}",
        _verdict(loss),
        tuple(draw(course, label, room) for room in ROOMS),
        legend,
        loss.alarms,
        tuple(
            (day.isoformat(), course.text(value), course.text(course.means[day]))
            for day, value in reversed(tuple(course.days.items()))
        ),
    )


def _verdict(loss: WatchedLoss) -> str:
    if loss.risen:
        return f"Beyond its limit on average since {loss.since}."
    if loss.unproven:
        return (
            "The mean of the last days is beyond the limit, but there is not enough evidence for "
            "an alarm yet: this can still be chance."
        )
    return "The mean of the last days is within the limit."


def _course(loss: WatchedLoss) -> Course:
    shown = _shown(loss)
    return Course(
        {date.fromisoformat(day): shown(value) for day, value in loss.days.items()},
        {date.fromisoformat(day): shown(value) for day, value in loss.means.items()},
        shown(loss.limit),
        shown(loss.reference),
        tuple(map(date.fromisoformat, loss.alarms)),
        _percent if loss.name == REFUSED else amount,
        " %" if loss.name == REFUSED else "",
    )


def _shown(loss: WatchedLoss) -> Callable[[float], float]:
    """How a value of the loss is shown: as the AUC, in percent, or in its unit."""
    if loss.name == RANKING:
        return lambda value: 1 - value
    factor = 100 if loss.name == REFUSED else loss.unit
    return lambda value: factor * value


def _percent(value: float) -> str:
    return f"{value:.1f} %"


def _legend(loss: WatchedLoss, course: Course) -> tuple[tuple[str, str], ...]:
    base = (
        "mean of the log's first days" if loss.name == REFUSED else "mean of the test split's days"
    )
    recent = list(course.means.values())[-1]
    days = min(RECENT, len(loss.days))
    return (
        ("daily", "day"),
        ("mean", f"mean of {RECENT} days, now of {days}: {course.text(recent)}")
        if days < RECENT
        else ("mean", f"mean of {RECENT} days, now {course.text(recent)}"),
        ("bound", f"limit {course.text(course.limit)}"),
        ("reference", f"{base} {course.text(course.reference)}"),
        *([("alarm", "alarm")] if loss.alarms else []),
    )
