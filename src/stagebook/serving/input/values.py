"""Sent values as the plain values of a column: numbers, texts, nanoseconds."""

import base64
import binascii
import math
import re
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

from stagebook.serving.input.column_types import ColumnType, Kind
from stagebook.serving.input.timestamps import Timestamp

_WHOLE = re.compile(r"[+-]?\d+", re.ASCII)
_DAY = 86_400 * 1_000_000_000  # nanoseconds
_DIGITS = 400  # a whole number of more is beyond every type
_TRUE, _FALSE = ("true", "True", "TRUE"), ("false", "False", "FALSE")


class ValueProblem(ValueError):  # noqa: N818 -- the caller's value is wrong, not the program
    """A value that a column cannot take.

    Args:
        code: The problem's code.
        expected: What the value must be, after "must be".
    """

    def __init__(self, code: str, expected: str) -> None:
        super().__init__(expected)
        self.code = code
        self.expected = expected


def reader(column: ColumnType) -> Callable[[Any], Any]:
    """The function from a sent value to the column's plain value.

    It raises a ValueProblem for a value of another type. Whole numbers are accepted for floats
    and become the nearest one, as JSON does not tell 1 from 1.0; 3.0 is accepted for a whole
    number. Texts are never numbers, and booleans are not either.

    Args:
        column: The column.
    """
    read = _READERS[column.kind]
    return lambda value: read(value, column)


def from_text(text: str | None, kind: Kind) -> Any:
    """The value of a cell of CSV; the text itself if it has another type.

    Args:
        text: The cell; None if it is empty.
        kind: What the column has.
    """
    if text is None or kind is Kind.TEXT:
        return text
    text = text.strip()
    if not text:
        return None
    if kind is Kind.BOOLEAN:
        return True if text in _TRUE else False if text in _FALSE else text
    if kind not in (Kind.INTEGER, Kind.FLOAT):
        return text
    if kind is Kind.INTEGER and len(text) <= _DIGITS and _WHOLE.fullmatch(text):
        return int(text)
    try:
        return float(text) if "_" not in text else text
    except ValueError:
        return text


def _boolean(value: Any, column: ColumnType) -> bool:
    if type(value) is not bool:
        raise ValueProblem("wrong-type", "true or false")
    return value


def _integer(value: Any, column: ColumnType) -> int:
    if type(value) is float and value.is_integer():
        value = int(value)
    if type(value) is not int:
        code = "not-finite" if type(value) is float and not math.isfinite(value) else "wrong-type"
        raise ValueProblem(code, "a whole number")
    if not column.low <= value <= column.high:
        expected = f"a whole number from {column.low:,} to {column.high:,}"
        raise ValueProblem("wrong-type", expected)
    return int(value)


def _float(value: Any, column: ColumnType) -> float:
    if type(value) is not float and type(value) is not int:
        raise ValueProblem("wrong-type", "a number")
    try:
        number = float(value)
    except OverflowError:
        number = math.inf
    if column.narrow is not None:
        number = narrowed(number, column)
    if not math.isfinite(number):
        largest = f"within {column.dtype}" if math.isfinite(_as_float(value)) else "finite"
        raise ValueProblem("not-finite", f"a number that is {largest}")
    return number


def _as_float(value: float) -> float:
    try:
        return float(value)
    except OverflowError:
        return math.inf


def narrowed(number: float, column: ColumnType) -> float:
    """The nearest number that the column's narrow type holds; infinite beyond its largest."""
    import numpy as np

    with np.errstate(over="ignore"):
        return float(column.narrow(number))


def _text(value: Any, column: ColumnType) -> str:
    if type(value) is not str:
        raise ValueProblem("wrong-type", "text")
    try:
        value.encode()
    except UnicodeEncodeError:
        raise ValueProblem("wrong-type", "valid Unicode") from None
    return value


def _binary(value: Any, column: ColumnType) -> bytes:
    if isinstance(value, bytes):
        return value
    if type(value) is str:  # RFC 2045 breaks lines, and so does MLflow
        value = value.replace("\r", "").replace("\n", "")
    try:
        return base64.b64decode(value, validate=True)
    except (TypeError, ValueError, binascii.Error):
        raise ValueProblem("wrong-type", "bytes as Base64") from None


def _time(value: Any, column: ColumnType) -> int:
    moment = _timestamp(value)
    if moment is None or moment.has_zone != column.has_zone:
        zone = "with a time zone" if column.has_zone else "without a time zone"
        example = f"2013-01-31T05:00:00{'+00:00' if column.has_zone else ''}"
        expected = f"a point in time in ISO 8601 {zone}, such as {example}"
        raise ValueProblem("wrong-type", expected)
    steps, finer = divmod(moment.nanoseconds, column.unit)
    if finer:
        raise ValueProblem("wrong-type", f"a point in time without digits beyond {column.dtype}")
    if not column.low <= steps <= column.high:
        raise ValueProblem("wrong-type", f"a point in time within {column.dtype}")
    return moment.nanoseconds


def _timestamp(value: Any) -> Timestamp | None:
    try:
        if type(value) is str:
            return Timestamp.parse(value)
        return Timestamp.of(value) if isinstance(value, date) else None
    except (ValueError, OverflowError):
        return None


def _date(value: Any, column: ColumnType) -> date:
    """A date; midnight is one too, because pandas' columns of times have no dates."""
    moment = _timestamp(value)
    if moment is None or moment.has_zone or moment.nanoseconds % _DAY:
        raise ValueProblem("wrong-type", "a date in ISO 8601, such as 2013-01-31")
    return date(1970, 1, 1) + timedelta(days=moment.nanoseconds // _DAY)


_READERS: dict[Kind, Callable[[Any, ColumnType], Any]] = {
    Kind.BOOLEAN: _boolean,
    Kind.INTEGER: _integer,
    Kind.FLOAT: _float,
    Kind.TEXT: _text,
    Kind.BINARY: _binary,
    Kind.TIME: _time,
    Kind.DATE: _date,
}
