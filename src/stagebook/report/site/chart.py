"""A metric over builds as a chart: SVG that takes its colours from the page around it."""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from html import escape
from itertools import groupby

from stagebook.project.text import plain
from stagebook.report.ticks import round_values

SVG = "http://www.w3.org/2000/svg"
_MARGIN = Decimal("0.15")  # of the range, below the smallest value and above the largest
_BESIDE = 0.04  # of the width, left of the first point and right of the last


@dataclass(frozen=True, slots=True)
class ChartSize:
    """How much room a chart has; it is drawn for each, so that its letters keep their size.

    Attributes:
        name: Of the room; a class of the picture.
        width: In pixels.
        height: In pixels.
        letters: Size of the letters in pixels.
        names: Points that have their name below them, at most.
    """

    name: str
    width: int
    height: int
    letters: int
    names: int


ROOMS = (ChartSize("wide", 840, 200, 12, 8), ChartSize("narrow", 330, 190, 12, 3))
_LEFT, _RIGHT, _TOP, _BOTTOM = 4.6, 2.6, 0.6, 2.0  # room around the axes, in letters


@dataclass(frozen=True, slots=True)
class Point:
    """One value in a chart.

    Attributes:
        name: The text below it, such as a commit.
        words: The tooltip.
        value: The value; NaN is a gap in the line.
        low: Lower end of its interval; NaN if it has no interval.
        high: Upper end.
        odd: The text in the gap instead of a point, such as ``not a number``.
    """

    name: str
    words: str
    value: float
    low: float = math.nan
    high: float = math.nan
    odd: str = ""


def draw(points: Sequence[Point], label: str, size: ChartSize = ROOMS[0]) -> str:
    """The chart of some values in order.

    Args:
        points: The values, oldest first; at least one is a number.
        label: The alternative text.
        size: How much room the chart has.

    Returns:
        An ``svg`` element without a ``style`` attribute, so that a strict policy leaves it as it
        is. Each point has its words as a tooltip.
    """
    axes = _Axes.of(points, size)
    parts = [*axes.grid(), *axes.band(points), *axes.line(points), *axes.marks(points)]
    return (
        f'<svg xmlns="{SVG}" viewBox="0 0 {size.width} {size.height}" role="img" '
        f'aria-label="{escape(plain(label))}" class="chart {size.name}" '
        f'font-family="sans-serif">{"".join(parts)}</svg>'
    )


@dataclass(frozen=True, slots=True)
class _Axes:
    """Where values are in the picture.

    Decimals hold every double exactly and do not overflow.

    Attributes:
        size: The room.
        count: How many points there are.
        low: The value at the foot.
        high: The value at the top.
        ticks: Values that have a line of the grid, each with its text.
        left: Where the first column of pixels begins, right of the texts.
    """

    size: ChartSize
    count: int
    low: Decimal
    high: Decimal
    ticks: tuple[tuple[Decimal, str], ...]
    left: float

    @classmethod
    def of(cls, points: Sequence[Point], size: ChartSize) -> "_Axes":
        every = [end for point in points for end in (point.value, point.low, point.high)]
        values = [Decimal(value) for value in every if math.isfinite(value)]
        low, high = min(values), max(values)
        margin = (high - low) * _MARGIN or abs(low) / 20 or Decimal(1)
        low, high = low - margin, high + margin
        ticks = tuple(round_values(low, high))
        letters = max(_LEFT, *(0.65 * len(text) + 0.5 for _, text in ticks))
        return cls(size, len(points), low, high, ticks, letters * size.letters)

    @property
    def right(self) -> float:
        return self.size.width - _RIGHT * self.size.letters

    @property
    def foot(self) -> float:
        return self.size.height - _BOTTOM * self.size.letters

    def x(self, place: int) -> float:
        beside = _BESIDE * max(1, self.count - 1)
        share = (place + beside) / (self.count - 1 + 2 * beside)
        return self.left + share * (self.right - self.left)

    def y(self, value: float | Decimal) -> float:
        share = (Decimal(value) - self.low) / (self.high - self.low)
        top = _TOP * self.size.letters
        return self.foot - float(share) * (self.foot - top)

    def grid(self) -> Iterator[str]:
        """A line for each tick with its text, and one at the foot."""
        heights = [*(self.y(tick) for tick, _ in self.ticks), self.foot]
        lines = "".join(f"M{self.left:.1f} {height:.1f}H{self.right:.1f}" for height in heights)
        yield f'<path d="{lines}" stroke="var(--line)" stroke-width="0.8"/>'
        for tick, text in self.ticks:
            middle = self.y(tick) + 0.35 * self.size.letters
            yield self.text(text, self.left - 0.4 * self.size.letters, middle, "end")

    def band(self, points: Sequence[Point]) -> Iterator[str]:
        """The intervals, as an area wherever neighbours have one."""
        has_interval = [math.isfinite(point.low) and math.isfinite(point.high) for point in points]
        for run in _runs(self.count, has_interval.__getitem__):
            above = [(place, points[place].high) for place in run]
            below = [(place, points[place].low) for place in reversed(run)]
            yield f'<path d="{self.path([*above, *below])}z" fill="var(--now)" opacity="0.2"/>'

    def line(self, points: Sequence[Point]) -> Iterator[str]:
        """The line through the values, broken where one is not a number."""
        for run in _runs(self.count, lambda place: math.isfinite(points[place].value)):
            path = self.path([(place, points[place].value) for place in run])
            yield f'<path d="{path}" fill="none" stroke="var(--now)" stroke-width="1.5"/>'

    def path(self, values: Sequence[tuple[int, float]]) -> str:
        steps = (f"{self.x(place):.1f} {self.y(value):.1f}" for place, value in values)
        return f"M{'L'.join(steps)}"

    def marks(self, points: Sequence[Point]) -> Iterator[str]:
        """The points with their tooltips, the words in gaps, and the names below."""
        named = _named(self.count, self.size.names)
        for place, point in enumerate(points):
            if mark := self.mark(place, point):
                yield f"<g><title>{escape(plain(point.words))}</title>{mark}</g>"
            if place in named:
                below = self.foot + 1.4 * self.size.letters
                yield self.text(point.name, self.x(place), below, "middle")

    def mark(self, place: int, point: Point) -> str:
        x = self.x(place)
        if math.isfinite(point.value):
            height = self.y(point.value)
            return f'<circle cx="{x:.1f}" cy="{height:.1f}" r="3" fill="var(--now)"/>'
        if not point.odd:
            return ""
        last = place == self.count - 1
        anchor = "end" if last else "start" if place == 0 else "middle"
        return self.text(point.odd, x, self.foot - 0.5 * self.size.letters, anchor)

    def text(self, words: str, x: float, y: float, anchor: str) -> str:
        return (
            f'<text x="{x:.1f}" y="{y:.1f}" font-size="{self.size.letters}px" '
            f'fill="currentColor" text-anchor="{anchor}">{escape(plain(words))}</text>'
        )


def _runs(count: int, belongs: Callable[[int], bool]) -> Iterator[list[int]]:
    """Places that belong and follow each other, two at least."""
    for belong, places in groupby(range(count), belongs):
        run = list(places)
        if belong and len(run) > 1:
            yield run


def _named(count: int, most: int) -> set[int]:
    """The points that have their name below them: all, or some at even distances."""
    if count <= most:
        return set(range(count))
    return {round(place * (count - 1) / (most - 1)) for place in range(most)}
