"""What the log itself shows: columns that are gone or of another type, files that are damaged."""

from collections import Counter
from collections.abc import Sequence

from stagebook.data.profiles.column import Column, Numbers
from stagebook.monitoring.day_summary import DaySummary
from stagebook.monitoring.signal import MonitorState, Signal, SignalKind
from stagebook.project.errors import Problem
from stagebook.project.text import counted

FEWEST_VALUES = 30
"""So many values would have been expected before a column counts as gone."""

USUAL = 0.5
"""If no day had fewer values than this part, a column is gone on its first day without."""

CHANCE = 1e-6
"""Days without values of a column that has few on some days count as chance down to this."""

NOT_KEPT = ("summary-not-kept", "labels-not-kept")
"""Problems of the folder for what was read: the days themselves are complete."""


def signals(days: Sequence[DaySummary], problems: Sequence[Problem]) -> list[Signal]:
    """Features of another type, and days that are missing.

    Args:
        days: Of one package, each of one day with requests, ascending.
        problems: Days that could not be read.
    """
    last = days[-1] if days else None
    side = last.features if last else None
    own = [
        _signal(
            column.name,
            last,
            f"The feature `{column.name}` has another type since its last request: {column.type}.",
        )
        for column in (side.retyped if side else ())
    ]
    unreadable = {str(problem.where) for problem in problems if problem.code not in NOT_KEPT}
    if unreadable:
        files = counted(len(unreadable), "file")
        sentence = f"{files} cannot be read, so days of the log are missing."
        own.append(_signal("log", last, sentence))
    return own


def lost(days: Sequence[DaySummary]) -> list[Signal]:
    """A signal for each feature that had values, and has had none since a day.

    A column that was never logged is none: the log does not say whether an option or a mask left
    it out.

    Args:
        days: See ``signals``.
    """
    logged = [day for day in days if day.features is not None and day.features.rows]
    values = [_values(day) for day in logged]
    names = [column.name for column in logged[-1].features.columns] if logged else []  # type: ignore[union-attr]
    rows = [day.features.rows if day.features else 0 for day in logged]
    every = (_lost(name, logged, rows, [own[name] for own in values]) for name in names)
    return [signal for signal in every if signal is not None]


def _lost(
    name: str, days: Sequence[DaySummary], rows: Sequence[int], values: Sequence[int]
) -> Signal | None:
    since = len(values)
    while since and not values[since - 1]:
        since -= 1
    share = sum(values[:since]) / sum(rows[:since]) if since else 0.0
    without = sum(rows[since:])
    before = [own / count for own, count in zip(values[:since], rows, strict=False)]
    if share * without < FEWEST_VALUES or _may_be_chance(before, len(values) - since):
        return None
    first, last = days[since].days[0], days[-1].days[0]
    what = "is missing in" if _is_absent(name, days[-1]) else "has no value in"
    sentence = (
        f"The feature `{name}` {what} all requests since {first}: {counted(without, 'row')}. "
        f"Before, {share:.1%} of the rows had a value."
    )
    return Signal(SignalKind.DATA, MonitorState.LOOK, name, last, first, sentence)


def _may_be_chance(before: Sequence[float], days: int) -> bool:
    """Whether so many days in a row may be without a value as others were before.

    A day is one observation: gusts of wind, for example, are measured for all flights of an hour
    or for none. By the rule of succession, a day without has the probability ``(m + 1) / (n + 2)``
    if m of n days were without.

    Args:
        before: The part of the rows with a value, by day.
        days: Days without a value since.
    """
    if min(before, default=0.0) >= USUAL:
        return False
    empty = sum(not share for share in before)
    return float(((empty + 1) / (len(before) + 2)) ** days) > CHANCE


def _values(day: DaySummary) -> Counter[str]:
    """By column, the rows of a day with a value, of whatever type."""
    values: Counter[str] = Counter()
    side = day.features
    for column in (*side.columns, *side.others) if side else ():
        values[column.name] += _present(column)
    return values


def _present(column: Column) -> int:
    detail = column.detail
    return column.rows - column.nulls - (detail.nan if isinstance(detail, Numbers) else 0)


def _is_absent(name: str, day: DaySummary) -> bool:
    """Whether no row of a day has a column at all."""
    return day.features is not None and name in day.features.left_out


def _signal(subject: str, last: DaySummary | None, sentence: str) -> Signal:
    day = last.days[0] if last else ""
    return Signal(SignalKind.DATA, MonitorState.LOOK, subject, day, day, sentence)
