"""Where the values of a JSON text are in it, so that one can change and all else stays."""

import json
from dataclasses import dataclass

_DECODER = json.JSONDecoder()
_SPACE = " \t\r\n"


@dataclass(frozen=True, slots=True)
class Place:
    """A value in a text.

    Attributes:
        start: The position of its first character.
        end: The position after its last one.
    """

    start: int
    end: int

    def of(self, text: str) -> str:
        """The value as it is written."""
        return text[self.start : self.end]


def root(text: str) -> Place:
    """The value of a whole JSON text, which may begin with a byte-order mark."""
    return _value(text, _skip(text, 1 if text.startswith("\ufeff") else 0))


def members(text: str, place: Place) -> dict[str, Place]:
    """The values of an object, by name; of a repeated name the last one, as when it is read."""
    found: dict[str, Place] = {}
    at = _skip(text, place.start + 1)
    while text[at] != "}":
        name, at = _DECODER.raw_decode(text, at)
        value = _value(text, _skip(text, _skip(text, at) + 1))
        found[name] = value
        at = _next(text, value.end)
    return found


def elements(text: str, place: Place) -> list[Place]:
    """The values of an array."""
    found = []
    at = _skip(text, place.start + 1)
    while text[at] != "]":
        found.append(_value(text, at))
        at = _next(text, found[-1].end)
    return found


def within(written: str, position: int) -> int:
    """The position in a string as it is written, before one of its characters.

    Args:
        written: The string with its quotes and escapes.
        position: The number of characters of the value before it.
    """
    at = 1
    for _ in range(position):
        at += _width(written, at)
    return at


def _width(written: str, at: int) -> int:
    """The length of the character at a position, as it is written."""
    if written[at] != "\\":
        return 1
    if written[at + 1] != "u":
        return 2
    pair = written[at : at + 12]
    # two escapes may be the halves of one character
    return 12 if pair[6:8] == "\\u" and len(json.loads(f'"{pair}"')) == 1 else 6


def _value(text: str, at: int) -> Place:
    return Place(at, _DECODER.raw_decode(text, at)[1])


def _skip(text: str, at: int) -> int:
    while text[at] in _SPACE:
        at += 1
    return at


def _next(text: str, at: int) -> int:
    """The start of the next member or element, or the bracket that ends them."""
    at = _skip(text, at)
    return _skip(text, at + 1) if text[at] == "," else at
