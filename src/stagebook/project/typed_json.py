"""Reads JSON, from this or another version, into types."""

import json
from typing import Any, TypeVar

T = TypeVar("T")


class ShapeError(ValueError):
    """A text is not JSON, or its values do not fit a type; the message is one line."""


def load(text: str | bytes) -> Any:
    """The plain values in a text.

    Unlike msgspec's own decoder, ``json`` reads NaN and infinite numbers, which metrics may be.

    Raises:
        ShapeError: It is not JSON, or is nested too deeply.
    """
    try:
        return json.loads(text)
    except RecursionError:
        raise ShapeError("the JSON is nested too deeply") from None
    except ValueError as error:
        raise ShapeError(f"{type(error).__name__}: {error}") from None


def convert(values: Any, kind: type[T]) -> T:
    """Plain values as a type. Fields that the type does not have are ignored.

    Args:
        values: Values from ``load``.
        kind: A frozen dataclass, or the type of a field.

    Raises:
        ShapeError: A field is missing or of another type.
    """
    import msgspec

    try:
        return msgspec.convert(values, kind)
    except msgspec.ValidationError as error:
        reason, _, place = str(error).partition(" - at `$")
        where = f" at `{place.removeprefix('.')}" if place else ""  # which ends in a backtick
        words = f"{reason[:1].lower()}{reason[1:]}{where}"
        raise ShapeError(f"the structure is not valid: {words}") from None
    except (UnicodeError, RecursionError) as error:  # half of a surrogate pair, as a name
        raise ShapeError(f"the structure is not valid: {error}") from None
