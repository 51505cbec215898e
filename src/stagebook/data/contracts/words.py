"""Types and values in words, for the supplier of the data."""

import re
from typing import Any

from stagebook.project.masks import Masks

_KINDS = (
    (r"u?int\d*(\[pyarrow\])?", "a whole number"),
    (r"(float|double)\d*(\[pyarrow\])?|float16", "a decimal number"),
    (r"bool(ean)?(\[pyarrow\])?", "true or false"),
    (r"(large_)?str(ing)?(\[.*\])?", "text"),
    (r"date(32)?(\[.*\])?", "a date"),
    (r"decimal(128|256)?\b.*", "a decimal number with a fixed number of decimal places"),
    (r"timedelta64.*|duration.*", "a duration"),
    (r"category|dictionary.*", "one of a set of categories"),
    (r"object", "anything"),
    (r"null", "only missing values"),
)
LENGTH = 60
"""Largest number of characters of a value that are shown."""


def type_in_words(dtype: Any) -> str:
    """A pandas, pandera or Arrow type in words, such as "a whole number"."""
    name = str(dtype)
    moment = re.fullmatch(
        r"(?:datetime64|timestamp)\[(\w+)(?:, (?:tz=)?(.+?))?\](\[pyarrow\])?", name
    )
    if moment:
        zone = f" with time zone {moment[2]}" if moment[2] else ""
        return f"a point in time{zone}"
    for pattern, words in _KINDS:
        if re.fullmatch(pattern, name, re.I):
            return words
    return name


def types_apart(expected: Any, actual: Any) -> tuple[str, str]:
    """Both types in words, with their names if the words are the same."""
    words = type_in_words(expected), type_in_words(actual)
    if words[0] != words[1]:
        return words
    return f"{words[0]} ({_name(expected)})", f"{words[1]} ({_name(actual)})"


def _name(dtype: Any) -> str:
    categories = getattr(dtype, "categories", None)
    if categories is None:
        return str(dtype)
    order = ", in this order" if getattr(dtype, "ordered", False) else ""
    return cut(", ".join(map(str, categories))) + order


def is_missing(value: Any) -> bool:
    """Whether a value is None, or a missing value of NumPy or pandas.

    Their types are recognised by name, since importing pandas takes longer than a whole trace.
    """
    if value is None or type(value).__name__ in ("NaTType", "NAType"):
        return True
    return bool(value != value)  # NaN


def value_in_words(value: Any) -> str:
    """A value on one line, at most `LENGTH` characters; text in quotes."""
    if is_missing(value):
        return "no value"
    return cut(repr(value) if isinstance(value, str | bytes) else str(value))


def cut(text: str) -> str:
    """A text of one line, at most `LENGTH` characters; a secret is hidden before it is cut."""
    line = " ".join(Masks.here().hide(text).split())
    return line if len(line) <= LENGTH else line[: LENGTH - 1] + "…"


def listed(values: Any, most: int = 10) -> str:
    """Some values in words, with how many more there are."""
    values = list(values)
    shown = ", ".join(cut(str(value)) for value in values[:most])
    return f"{shown} and {len(values) - most} more" if len(values) > most else shown


def counted(number: int, noun: str) -> str:
    """A number with its noun: "1 row", "336,776 rows"."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
