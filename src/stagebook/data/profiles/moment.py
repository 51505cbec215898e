"""Microseconds as ISO 8601, whatever the year."""

from datetime import datetime, timedelta

EPOCH = datetime(1970, 1, 1)
CYCLE_YEARS = 400
CYCLE = 146_097 * 86_400_000_000  # the calendar repeats after 400 years


def iso(microseconds: float, type_: str) -> str:
    """A time in ISO 8601, to the microsecond.

    Args:
        microseconds: Since 1970 in UTC; since midnight for times of day; the length of a duration.
        type_: The column's type, by Arrow's name, such as ``timestamp[us, tz=UTC]``.

    Returns:
        Dates without a time if it is midnight; timestamps with a zone in UTC with ``Z``.
    """
    rounded = round(microseconds)
    if type_.startswith("duration"):
        return _duration(rounded)
    if type_.startswith(("time32", "time64")):
        return _clock(rounded)
    text = instant(rounded)
    if type_.startswith("date"):
        return text.removesuffix("T00:00:00")
    return f"{text}Z" if "tz=" in type_ else text


def instant(microseconds: int) -> str:
    """Date and time in the Gregorian calendar, also before the year 1 and after 9999."""
    cycles, within = divmod(microseconds, CYCLE)
    moment = EPOCH + timedelta(microseconds=within)
    year = moment.year + cycles * CYCLE_YEARS
    sign = "-" if year < 0 else "+" if year > 9999 else ""
    return f"{sign}{abs(year):04}{moment.isoformat()[4:]}"


def _clock(microseconds: int) -> str:
    if 0 <= microseconds < 86_400_000_000:
        return (EPOCH + timedelta(microseconds=microseconds)).time().isoformat()
    return _duration(microseconds)


def _duration(microseconds: int) -> str:
    sign = "-" if microseconds < 0 else ""
    seconds, fraction = divmod(abs(microseconds), 1_000_000)
    minutes, second = divmod(seconds, 60)
    hours, minute = divmod(minutes, 60)
    days, hour = divmod(hours, 24)
    part = f".{fraction:06}".rstrip("0") if fraction else ""
    date = f"{days}D" if days else ""
    return f"{sign}P{date}T{hour}H{minute}M{second}{part}S"
