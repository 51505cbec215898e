"""Edges at round numbers, whole hours, weeks and months."""

import math
from bisect import bisect
from collections.abc import Iterable, Iterator
from fractions import Fraction

import numpy as np

from stagebook.data.profiles.scale import DAY, Scale

BINS = 40
SECOND = 1_000_000
MONDAY = 4 * DAY  # 1970-01-05
CLOCK = tuple(
    SECOND * item for item in (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800)
) + tuple(3600 * SECOND * item for item in (1, 2, 3, 6, 12))
MONTHS = (1, 3, 6, 12, 24, 60)
MONTH = Fraction(146_097 * DAY, 4800)
WIDEST = 2**63 - 1


def reals(low: float, high: float) -> tuple[float, ...]:
    """Edges of about 40 bins of one width, 1, 2 or 5 times a power of ten, around both values."""
    step = _nearest(_decades(_raw(low, high)), _raw(low, high))
    first, last = math.floor(Fraction(low) / step), math.ceil(Fraction(high) / step)
    while not _fits(first * step):
        first += 1
    while not _fits(last * step):
        last -= 1
    # Python's quotient of whole numbers is the nearest double, like the value of a fraction
    places = (place * step.numerator / step.denominator for place in range(first, last + 1))
    return tuple(_ascending(places))


def wholes(low: int, high: int, unit: int = 1, start: int = 0) -> tuple[int, ...]:
    """The same as ``reals`` in whole units; a unit begins at ``start``."""
    raw = _raw(low, high)
    ladder = [int(decade) * unit for decade in _decades(raw / unit) if decade >= 1]
    return _steps(low, high, int(_nearest(ladder or [unit], raw)), start)


def spans(low: int, high: int) -> tuple[int, ...]:
    """Edges for microseconds: parts of a second, seconds, minutes, hours, or days."""
    raw = _raw(low, high)
    if raw >= DAY / 2:
        return wholes(low, high, unit=DAY)
    if raw <= SECOND / 2:
        return wholes(low, high)
    return _steps(low, high, int(_nearest((*CLOCK, DAY), raw)))


def instants(low: int, high: int, scale: Scale) -> tuple[int, ...]:
    """Edges for microseconds since 1970 in UTC: clock, days, weeks from Monday, months, years."""
    raw = _raw(low, high)
    weeks = (7 * DAY, 14 * DAY)
    if scale is Scale.DATE and raw < DAY:
        return _steps(low, high, DAY)
    if raw < math.sqrt(DAY * 2 * DAY):
        return spans(low, high) if raw < DAY / 2 else _steps(low, high, DAY)
    if raw < math.sqrt(14 * DAY * MONTH):
        step = int(_nearest((2 * DAY, *weeks), raw))
        return _steps(low, high, step, MONDAY if step in weeks else 0)
    years = [12 * decade for decade in _decades(raw / (12 * MONTH)) if decade >= 1]
    months = int(_nearest((*MONTHS, *years), raw / MONTH))
    first = math.floor(low / MONTH) + 1970 * 12
    last = math.ceil(high / MONTH) + 1970 * 12
    places = range((first // months - 1) * months, last + 2 * months, months)
    return _trimmed([month_start(place) for place in places], low, high)


def month_start(months: int) -> int:
    """Microseconds since 1970 at which a month starts.

    Args:
        months: Counted from January of the year 0 in the Gregorian calendar.
    """
    day = np.datetime64(months - 1970 * 12, "M").astype("datetime64[D]")
    return int(day.astype(np.int64)) * DAY


def _trimmed(edges: list[int], low: int, high: int) -> tuple[int, ...]:
    start = max((place for place, edge in enumerate(edges) if edge <= low), default=0)
    end = min((place for place, edge in enumerate(edges) if edge > high), default=len(edges))
    return tuple(edge for edge in edges[start : end + 1] if abs(edge) <= WIDEST)


def _steps(low: int, high: int, step: int, start: int = 0) -> tuple[int, ...]:
    first, last = (low - start) // step, (high - start) // step + 1
    edges = (start + place * step for place in range(first, last + 1))
    return tuple(edge for edge in edges if abs(edge) <= WIDEST)


def _raw(low: float, high: float) -> Fraction:
    return (Fraction(high) - Fraction(low)) / BINS


def _decades(raw: Fraction) -> list[Fraction]:
    power = math.floor(math.log10(raw.numerator) - math.log10(raw.denominator))
    decades = [Fraction(10) ** (power + up) for up in (-1, 0, 1)]
    return [item * decade for decade in decades for item in (1, 2, 5)]


def _nearest(ladder: Iterable[Fraction | int], raw: Fraction) -> Fraction:
    """The step whose ratio to ``raw`` is nearest to one; the smaller of two equally near steps."""
    steps = sorted(ladder)
    place = bisect(steps, raw)
    if 0 < place < len(steps):
        place -= raw * raw <= steps[place - 1] * steps[place]
    return Fraction(steps[min(place, len(steps) - 1)])


def _fits(value: Fraction) -> bool:
    return abs(value) <= Fraction(1.7976931348623157e308)


def _ascending(values: Iterator[float]) -> Iterator[float]:
    last = -math.inf
    for value in values:
        if value > last:
            yield value
        last = value
