"""Round numbers and round days for the lines of a chart's grid."""

from collections.abc import Iterator
from datetime import date, timedelta
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal

_INTERVALS = 6  # between the lines of the grid, at most
_PLAIN_EXPONENTS = range(-4, 7)  # powers of ten of numbers that are written without an exponent
_MONTHS = (1, 2, 3, 6, 12)


def round_values(low: Decimal, high: Decimal) -> Iterator[tuple[Decimal, str]]:
    """Multiples of 1, 2 or 5 times a power of ten between two values, each with its text."""
    raw = (high - low) / _INTERVALS
    power = Decimal(1).scaleb(raw.adjusted())
    step = next(power * digit for digit in (1, 2, 5, 10) if power * digit >= raw)
    first = int((low / step).to_integral_value(ROUND_CEILING))
    last = int((high / step).to_integral_value(ROUND_FLOOR))
    ticks = [step * place for place in range(first, last + 1)]
    is_plain = max(map(abs, ticks)).adjusted() in _PLAIN_EXPONENTS
    for tick in ticks:
        yield tick, f"{tick:f}" if is_plain else f"{tick.normalize():e}" if tick else "0"


def round_days(first: date, last: date, most: int) -> tuple[tuple[date, str], ...]:
    """The first days of months between two days, each with its text; of less time, single days.

    Args:
        first: The first day.
        last: The last day.
        most: How many there are at most, at least 2.
    """
    for months in _MONTHS:
        firsts = _first_days(first, last, months)
        if 2 <= len(firsts) <= most:
            return tuple((day, f"{day:%Y-%m}") for day in firsts)
    days = (last - first).days
    if days < 62:
        step = max(1, -(-(days + 1) // most))
        single = (first + timedelta(days=place) for place in range(0, days + 1, step))
        return tuple((day, day.isoformat()) for day in single)
    january = [day for day in _first_days(first, last, 12) if day.month == 1]
    step = max(1, -(-len(january) // most))
    return tuple((day, f"{day:%Y}") for day in january[::step])


def _first_days(first: date, last: date, months: int) -> list[date]:
    """The first days of every so many months, counted from January."""
    every = range(first.year * 12, last.year * 12 + 12, months)
    days = (date(month // 12, month % 12 + 1, 1) for month in every)
    return [day for day in days if first <= day <= last]
