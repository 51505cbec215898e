"""A watched loss by day as SVG: its days, their mean, the limit, the reference and alarms."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from html import escape
from itertools import pairwise

from stagebook.report.ticks import round_days, round_values

_MARGIN = 0.08  # of the range, below the smallest value and above the largest
_LETTERS = 12
_TOP, _BOTTOM, _RIGHT = 16, 24, 12
_ALARM = 5  # half the width of the mark of an alarm


@dataclass(frozen=True, slots=True)
class Room:
    """How much room a chart has; it is drawn for each, so that its letters keep their size.

    Attributes:
        name: Of the room; a class of the picture.
        width: In pixels.
        height: In pixels.
        names: Days that have their name below them, at most.
    """

    name: str
    width: int
    height: int
    names: int


ROOMS = (Room("wide", 1200, 250, 12), Room("narrow", 340, 200, 3))


@dataclass(frozen=True, slots=True)
class Course:
    """A loss as it is drawn, in its own unit.

    Attributes:
        days: Its value by day, ascending; at least one.
        means: The mean of each day and those before it.
        limit: The limit.
        reference: The mean of the reference.
        alarms: The days of an alarm.
        text: A value in words.
        unit: What follows the numbers of the grid.
    """

    days: Mapping[date, float]
    means: Mapping[date, float]
    limit: float
    reference: float
    alarms: tuple[date, ...]
    text: Callable[[float], str]
    unit: str = ""


def draw(course: Course, label: str, room: Room) -> str:
    """The chart of a loss.

    Args:
        course: The loss.
        label: The alternative text.
        room: How much room the chart has.

    Returns:
        An ``svg`` element without a ``style`` attribute. Each day has its value as a tooltip.
    """
    plane = _Plane.of(course, room)
    parts = [*plane.grid(), *plane.levels(), *plane.lines(), *plane.dots(), *plane.alarms()]
    return (
        f'<svg viewBox="0 0 {room.width} {room.height}" role="img" '
        f'aria-label="{escape(label)}" class="chart {room.name}">{"".join(parts)}</svg>'
    )


@dataclass(frozen=True, slots=True)
class _Plane:
    """Where days and values are in the picture."""

    course: Course
    room: Room
    first: date
    last: date
    low: float
    high: float
    ticks: tuple[tuple[float, str], ...]
    left: float

    @classmethod
    def of(cls, course: Course, room: Room) -> "_Plane":
        values = [*course.days.values(), course.limit, course.reference]
        low, high = min(values), max(values)
        margin = (high - low) * _MARGIN or abs(high) / 10 or 1.0
        low, high = (max(0.0, low - margin) if low >= 0 else low - margin), high + margin
        ticks = tuple(
            (float(tick), f"{text}{course.unit}")
            for tick, text in round_values(Decimal(low), Decimal(high))
        )
        left = _LETTERS * (0.6 * max(len(text) for _, text in ticks) + 0.8)
        days = list(course.days)
        return cls(course, room, days[0], days[-1], low, high, ticks, left)

    @property
    def foot(self) -> float:
        return self.room.height - _BOTTOM

    @property
    def right(self) -> float:
        return self.room.width - _RIGHT

    def x(self, day: date) -> float:
        inner = self.left + 6
        if self.first == self.last:
            return (inner + self.right) / 2
        share = (day - self.first) / (self.last - self.first)
        return inner + share * (self.right - 6 - inner)

    def y(self, value: float) -> float:
        share = (value - self.low) / (self.high - self.low)
        return self.foot - share * (self.foot - _TOP)

    def grid(self) -> Iterator[str]:
        """A line for each round value, and the names of days below."""
        heights = [*(self.y(tick) for tick, _ in self.ticks), self.foot]
        lines = "".join(f"M{self.left:.1f} {height:.1f}H{self.right:.1f}" for height in heights)
        yield f'<path class="grid" d="{lines}"/>'
        for tick, text in self.ticks:
            yield _text(text, self.left - 6, self.y(tick) + 4, "end")
        for day, text in round_days(self.first, self.last, self.room.names):
            x, half = self.x(day), 0.3 * _LETTERS * len(text)
            yield f'<path class="grid" d="M{x:.1f} {self.foot:.1f}v4"/>'
            middle = min(max(x, half), self.room.width - half)
            yield _text(text, middle, self.foot + 1.4 * _LETTERS, "middle")

    def levels(self) -> Iterator[str]:
        """The reference and the limit."""
        for kind, value in (("reference", self.course.reference), ("bound", self.course.limit)):
            way = f"M{self.left:.1f} {self.y(value):.1f}H{self.right:.1f}"
            yield f'<path class="{kind}" d="{way}"/>'

    def lines(self) -> Iterator[str]:
        """The days and their mean, broken where days are missing."""
        for kind, values in (("daily", self.course.days), ("mean", self.course.means)):
            for run in _runs(list(values)):
                steps = (f"{self.x(day):.1f} {self.y(values[day]):.1f}" for day in run)
                yield f'<path class="{kind}" d="M{"L".join(steps)}"/>'

    def dots(self) -> Iterator[str]:
        """A dot for each day, with its value as a tooltip."""
        for day, value in self.course.days.items():
            words = f"{day}: {self.course.text(value)}"
            yield (
                f'<circle class="day" cx="{self.x(day):.1f}" cy="{self.y(value):.1f}" r="2">'
                f"<title>{escape(words)}</title></circle>"
            )

    def alarms(self) -> Iterator[str]:
        """A triangle above each alarm, and a line down to the foot."""
        for day in self.course.alarms:
            x = self.x(day)
            triangle = f"M{x - _ALARM:.1f} 3h{2 * _ALARM}l-{_ALARM} 9z"
            yield (
                f'<g class="alarm"><title>{day}: alarm</title><path d="{triangle}"/>'
                f'<path class="drop" d="M{x:.1f} 12V{self.foot:.1f}"/></g>'
            )


def _text(words: str, x: float, y: float, anchor: str) -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(words)}</text>'


def _runs(days: Sequence[date]) -> Iterator[list[date]]:
    """Days that follow each other, two at least."""
    run = list(days[:1])
    for before, day in pairwise(days):
        if day - before > timedelta(days=1):
            if len(run) > 1:
                yield run
            run = []
        run.append(day)
    if len(run) > 1:
        yield run
