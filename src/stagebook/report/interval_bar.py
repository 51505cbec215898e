"""Intervals as small pictures below each other, on one axis."""

from collections.abc import Iterable
from dataclasses import dataclass

from stagebook.monitoring.figure import Figure

_WIDTH, _HEIGHT = 200, 12
_THIN, _DOT = 4, 3


@dataclass(frozen=True, slots=True)
class IntervalAxis:
    """The axis that intervals share.

    Attributes:
        low: The value at its left end.
        high: The value at its right end.

    Example:
        >>> from stagebook.monitoring.figure import Figure
        >>> from stagebook.report.interval_bar import IntervalAxis
        >>> axis = IntervalAxis.of([Figure(0.5, 0.1, 0.4, 0.6), Figure(0.8)])
        >>> axis.low, axis.high
        (0.4, 0.8)
        >>> axis.draw(Figure.absent("no row is positive"))
        ''
    """

    low: float
    high: float

    @classmethod
    def of(cls, figures: Iterable[Figure]) -> "IntervalAxis | None":
        """The axis that has room for some metrics; None if none of them has a value."""
        ends = [end for own in figures for end in (own.low, own.value, own.high) if end is not None]
        return cls(min(ends), max(ends)) if ends else None

    def draw(self, own: Figure, level: Figure | None = None) -> str:
        """A metric with its interval, as markup; empty if it has no value.

        What is beyond the ends of the axis is cut off.

        Args:
            own: The metric.
            level: What it is compared with: a thin line over the whole height.
        """
        if own.value is None:
            return ""
        parts = []
        if own.low is not None and own.high is not None:
            left, right = self._x(own.low), self._x(own.high)
            top = (_HEIGHT - _THIN) / 2
            parts.append(_rect("interval", left, max(right - left, 1.0), top, _THIN))
        if level is not None and level.value is not None:
            parts.append(_rect("level", self._x(level.value) - 0.5, 1, 0, _HEIGHT))
        if self.low <= own.value <= self.high:
            parts.append(_rect("now", self._x(own.value) - _DOT / 2, _DOT, 1, _HEIGHT - 2))
        return (
            f'<svg viewBox="0 0 {_WIDTH} {_HEIGHT}" preserveAspectRatio="none" '
            f'aria-hidden="true">{"".join(parts)}</svg>'
        )

    def _x(self, value: float) -> float:
        """Where a value is; half a dot from the ends, so that no dot is cut off."""
        span = self.high - self.low
        share = (value - self.low) / span if span else 0.5
        return _DOT / 2 + min(max(share, 0.0), 1.0) * (_WIDTH - _DOT)


def _rect(name: str, x: float, width: float, y: float, height: float) -> str:
    return f'<rect class="{name}" x="{x:.1f}" y="{y:g}" width="{width:.1f}" height="{height:g}"/>'
