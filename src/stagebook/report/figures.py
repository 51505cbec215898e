"""The figures of a column in words, as terminal, pages and colophon show them."""

import math

from stagebook.data.profiles.column import Booleans, Column, ColumnKind, Numbers, Texts
from stagebook.data.profiles.moment import iso
from stagebook.data.profiles.profile import Profile
from stagebook.data.profiles.scale import Number
from stagebook.project.text import counted, plain

SECOND = 1_000_000
MINUTE = 60 * SECOND
DAY = 1440 * MINUTE
STRETCHES = (
    (DAY, "day"),
    (60 * MINUTE, "hour"),
    (MINUTE, "minute"),
    (SECOND, "second"),
    (1, "microsecond"),
)
UNGROUPED = 10_000
SHORT, LONG = 4, 6
"""Digits of a number where room is short, and where it is not."""


def extent(profile: Profile) -> str:
    """How large the table is: ``336,776 rows, 18 columns``."""
    return f"{counted(profile.rows, 'row')}, {counted(len(profile.columns), 'column')}"


def number(value: Number, digits: int = SHORT) -> str:
    """A number to some digits, without an exponent where people would write none."""
    if value == 0:
        return "0"
    magnitude = math.floor(math.log10(abs(value)))
    if not -5 <= magnitude < digits + 5:
        mantissa, _, exponent = f"{value:.{digits - 1}e}".partition("e")
        return f"{mantissa.rstrip('0').rstrip('.')}e{int(exponent)}"
    decimals = max(0, digits - 1 - magnitude)
    grouping = "," if abs(value) >= UNGROUPED else ""  # years and hours are read as one word
    text = f"{value:{grouping}.{decimals}f}"
    return text.rstrip("0").rstrip(".") if decimals else text


def share(part: int, whole: int) -> str:
    """A part of a whole in percent; what is neither none nor all never looks as if."""
    if part in (0, whole):
        return "100 %" if part else "0 %"
    percent = f"{100 * part / whole:.1f}"
    return {"0.0": "<0.1 %", "100.0": ">99.9 %"}.get(percent, f"{percent} %")


def duration(microseconds: Number) -> str:
    """A stretch of time in the largest unit of which there is one: ``226 days``."""
    length = abs(microseconds)
    unit, name = next((item for item in STRETCHES if length >= item[0]), STRETCHES[-1])
    text = number(length / unit, 3)
    minus = "−" if microseconds < 0 else ""
    return f"{minus}{text} {name}{'' if text == '1' else 's'}"


def figure(column: Column, value: Number | None, digits: int = SHORT) -> str:
    """A value of a column of numbers or times; empty for None.

    Times are as fine as the column's range asks for: days where it is of many days.
    """
    detail = column.detail
    if value is None or not isinstance(detail, Numbers):
        return ""
    if column.kind is not ColumnKind.TIME:
        return number(value, digits)
    if column.type.startswith("duration"):
        return duration(value)
    span = (detail.maximum or 0) - (detail.minimum or 0)
    unit = _unit(column, span, digits)
    text = iso(math.floor(value / unit) * unit, column.type)
    if unit == DAY:
        return text.partition("T")[0]
    if unit < MINUTE:
        return text
    return text.removesuffix("Z").removesuffix(":00") + "Z" * text.endswith("Z")


def _unit(column: Column, span: Number, digits: int) -> int:
    """The coarsest unit that still tells the times of a range apart, in microseconds."""
    if digits == SHORT and span >= 10 * DAY and column.type.startswith(("date", "timestamp")):
        return DAY
    if digits == SHORT and span >= 10 * MINUTE:
        return MINUTE
    if digits == LONG and span >= 10 * DAY:
        return MINUTE
    return SECOND if span >= MINUTE else 1


def spread(column: Column) -> str:
    """The standard deviation, that of times as a duration; empty without one."""
    detail = column.detail
    if not isinstance(detail, Numbers) or detail.std is None:
        return ""
    return number(detail.std, LONG) if column.kind is not ColumnKind.TIME else duration(detail.std)


def missing(column: Column) -> str:
    """The share of nulls."""
    return share(column.nulls, column.rows)


def trio(column: Column) -> tuple[str, str, str]:
    """Minimum, mean and maximum; empty for what is neither number nor time."""
    detail = column.detail
    if not isinstance(detail, Numbers):
        return "", "", ""
    return (
        figure(column, detail.minimum),
        figure(column, detail.mean),
        figure(column, detail.maximum),
    )


def gist(column: Column, most: int = 10) -> str:
    """The values of a column without a number line, with their shares."""
    detail = column.detail
    if isinstance(detail, Booleans):
        return f"{share(detail.true, detail.true + detail.false)} true"
    if not isinstance(detail, Texts):
        return ""
    if detail.distinct is None:
        return detail.note
    top = [f"{plain(value, 24)} {share(count, detail.values)}" for value, count in detail.top(most)]
    return f"{distinct(detail)} different" + (f": {', '.join(top)}" if top else "")


def distinct(texts: Texts) -> str:
    """The number of different values; an estimate has the word ``about``."""
    if texts.distinct is None:
        return "unknown"
    if texts.counts is not None:
        return f"{texts.distinct:,}"
    return f"about {min(texts.distinct, texts.values):,}"


def odd(column: Column) -> str:
    """Values without a place on the number line; empty without any."""
    detail = column.detail
    if not isinstance(detail, Numbers):
        return ""
    counts = (
        (detail.nan, "not a number"),
        (detail.infinite, "infinite"),
        (detail.far, "too large to be included in the mean"),
    )
    return ", ".join(f"{count:,} {words}" for count, words in counts if count)
