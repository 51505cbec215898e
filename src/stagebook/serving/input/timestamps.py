"""Points in time as ISO 8601, to the nanosecond."""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Self

_ISO = re.compile(
    r"(\d{4}-\d\d-\d\d)"
    r"(?:[Tt ](\d\d:\d\d(?::\d\d)?)(?:[.,](\d{1,9}))?)?"
    r"([Zz]|[+-]\d\d(?::?\d\d(?::?\d\d)?)?)?",  # with seconds before there were time zones
    re.ASCII,
)
_EPOCH = datetime(1970, 1, 1)
_SECOND = 1_000_000_000  # nanoseconds


@dataclass(frozen=True, slots=True)
class Timestamp:
    """A point in time.

    Attributes:
        nanoseconds: Since 1970: in UTC with a zone, else of the clock that is meant.
        has_zone: Whether it came with a time zone.
    """

    nanoseconds: int
    has_zone: bool

    @classmethod
    def parse(cls, text: str) -> Self:
        """The point in time that a text names; ValueError for another text.

        Example:
            >>> from stagebook.serving.input.timestamps import Timestamp
            >>> Timestamp.parse("1970-01-01T01:00:00.5+01:00")
            Timestamp(nanoseconds=500000000, has_zone=True)
        """
        match = _ISO.fullmatch(text)
        if match is None:
            raise ValueError("not ISO 8601")
        day, clock, fraction, zone = match.groups()
        whole = datetime.fromisoformat(f"{day}T{clock or '00:00'}")
        nanoseconds = _since_epoch(whole) + int((fraction or "").ljust(9, "0"))
        return cls(nanoseconds - _offset(zone), zone is not None)

    @classmethod
    def of(cls, value: date) -> Self:
        """The point in time of a date, a datetime, or a timestamp of pandas."""
        if not isinstance(value, datetime):
            return cls(_since_epoch(datetime(value.year, value.month, value.day)), False)
        has_zone = value.tzinfo is not None
        clock = value.astimezone(UTC).replace(tzinfo=None) if has_zone else value
        finer = getattr(clock, "nanosecond", 0)  # of pandas
        plain = datetime(*clock.timetuple()[:6], clock.microsecond)
        return cls(_since_epoch(plain) + finer, has_zone)


def _since_epoch(clock: datetime) -> int:
    elapsed = clock - _EPOCH
    return (elapsed.days * 86_400 + elapsed.seconds) * _SECOND + elapsed.microseconds * 1000


def _offset(zone: str | None) -> int:
    """Nanoseconds east of UTC."""
    if zone is None or zone in "Zz":
        return 0
    digits = zone[1:].replace(":", "").ljust(6, "0")
    hours, minutes, seconds = int(digits[:2]), int(digits[2:4]), int(digits[4:])
    if hours > 23 or minutes > 59 or seconds > 59:
        raise ValueError("no such time zone")
    east = (hours * 60 + minutes) * 60 + seconds
    return (-east if zone[0] == "-" else east) * _SECOND
