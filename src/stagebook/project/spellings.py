"""The spellings of a text in languages, formats and terminals, and their places in other texts.

A secret is found in two ways. Its usual spellings are generated from it. And a text is decoded as
by a terminal, JSON, Python, HTML or an address; each reading remembers where its characters came
from. Every step is linear in the length of the text.
"""

import base64
import functools
import html
import json
import re
import shlex
import unicodedata
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Self
from urllib.parse import quote, quote_plus, unquote_to_bytes

_UNSEEN = (
    # colours and cursor movements, then links and titles, then other escapes, then line breaks
    r"\x1b\[[0-?]{0,64}[ -/]{0,8}[@-~]|\x1b\][^\x07\x1b]{0,2048}(?:\x07|\x1b\\)|\x1b[ -/]?[0-~]"
    r"|[\r\n\x00\x07\x08\x0b\x0c\x85\xad\u200b-\u200f\u2028\u2029\u2060\ufeff]+"
)
_ESCAPED = (
    r"\\(?:u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|u[0-9a-fA-F]{4}"
    r"|u\{[0-9a-fA-F]{1,6}\}|U[0-9a-fA-F]{8}|x[0-9a-fA-F]{2}|[0-7]{1,3}|[\s\S])"
)
_ENTITY = r"&(?:#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});"
_QUOTED = r"(?:%[0-9a-fA-F]{2})+"
_CODES = re.compile(f"({_UNSEEN})|{_ESCAPED}|{_ENTITY}|{_QUOTED}")
_TERMINAL = re.compile(_UNSEEN)
_CONTROLS = {"n": "\n", "r": "\r", "t": "\t", "b": "\b", "f": "\f", "v": "\v", "a": "\a"}
_NESTED = 4
"""Largest number of nested languages in a text."""

_HEX = re.compile(r"%[0-9A-F]{2}")
_BASE64 = re.compile(r"[A-Za-z0-9+/_-]")


def written(secret: str) -> Iterator[str]:
    """The spellings that are generated from a text; for base64, see ``encoded``."""
    yield secret
    escaped = json.dumps(secret)[1:-1]
    yield from (escaped, json.dumps(escaped)[1:-1], json.dumps(secret, ensure_ascii=False)[1:-1])
    points = secret.encode("unicode_escape").decode("ascii")
    yield repr(secret.encode(errors="surrogateescape"))[2:-1]
    yield from (repr(secret)[1:-1], points, points.replace('"', '\\"'), points.replace("'", "\\'"))
    for encode, safe in ((quote, ""), (quote, "/"), (quote_plus, "")):
        text = encode(secret, safe=safe, errors="surrogateescape")
        yield from (text, _HEX.sub(lambda match: match[0].lower(), text))
    yield from (secret.replace('"', '""'), secret.replace("'", "''"))  # as CSV and SQL have them
    yield shlex.quote(secret)[1:-1] if "'" in secret else secret
    yield from (unicodedata.normalize(form, secret) for form in ("NFC", "NFD"))
    data = secret.encode(errors="surrogateescape")
    yield from ("".join(map(form.format, data)) for form in ("\\x{:02x}", "\\x{:02X}", "\\{:03o}"))
    named = html.escape(secret)
    yield from (named, html.escape(secret, quote=False))
    yield named.replace("&quot;", "&#34;").replace("&#x27;", "&#39;")  # as jinja writes them
    code = secret.encode(errors="surrogateescape").hex()
    yield from (code, code.upper())


def read(secret: str) -> Iterator[str]:
    """A text as each of its readings."""
    for reading in readings(secret):
        yield reading.text
        yield reading.text.replace(" ", "+")  # as forms on the web write a space


@dataclass(frozen=True, slots=True)
class Base64Spelling:
    """The base64 code of a text that begins at a certain offset.

    Attributes:
        core: The characters that only the text decides.
        before: 1 if the character before them belongs partly to the text, else 0.
        after: The same for the character after them.
    """

    core: str
    before: int
    after: int


def encoded(secret: str) -> Iterator[Base64Spelling]:
    """A text in base64, for each of the three possible offsets, in both alphabets."""
    data = secret.encode(errors="surrogateescape")
    for offset in range(3):
        bits = (len(data) + offset) * 8
        first, last = -(-offset * 8 // 6), bits // 6
        for encode in (base64.b64encode, base64.urlsafe_b64encode):
            core = encode(b"\0" * offset + data).decode("ascii")[first:last]
            yield Base64Spelling(core, int(offset > 0), int(bits % 6 > 0))


@dataclass(frozen=True, slots=True)
class DecodedText:
    """A text after decoding.

    Attributes:
        text: The decoded text.
        below: The reading whose escapes this one resolves; None for the text itself.
    """

    text: str
    below: Self | None = None

    def traced(self, spans: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
        """Where parts of this reading begin and end in the text itself."""
        if self.below is None:
            return list(spans)
        pieces = _Pieces.of(self.below.text)
        places = [(pieces.start(start), pieces.end(end)) for start, end in spans]
        return self.below.traced(places)


def readings(text: str) -> Iterator[DecodedText]:
    """A text itself, then its decodings as terminal output, JSON, Python, HTML and addresses."""
    reading = DecodedText(text)
    yield reading
    for _ in range(_NESTED):
        if not _CODES.search(reading.text):
            return
        reading = DecodedText(_CODES.sub(_resolved, reading.text), reading)
        yield reading


def _resolved(match: re.Match[str]) -> str:
    return "" if match[1] else _plain(match[0])


@functools.lru_cache(maxsize=4096)
def _plain(code: str) -> str:
    """The characters that a code represents."""
    if code[0] == "\\":
        return _unescaped(code[1:])
    if code[0] == "%":
        return unquote_to_bytes(code).decode(errors="surrogateescape")
    return html.unescape(code)


@dataclass(frozen=True, slots=True)
class _Pieces:
    """Maps each part of a reading to its part of the text.

    Attributes:
        starts: Where each piece begins in the reading; every second one is a code.
        origins: Where it begins in the text.
        ends: Where it ends in the text.
    """

    starts: tuple[int, ...]
    origins: tuple[int, ...]
    ends: tuple[int, ...]

    @classmethod
    def of(cls, text: str) -> Self:
        """The pieces of a text that ``readings`` resolves."""
        starts, origins, ends = [0], [0], [0]
        length = position = 0
        for match in _CODES.finditer(text):
            start, end = match.span()
            ends[-1] = start
            length += start - position
            starts.append(length)
            origins.append(start)
            ends.append(end)
            length += len(_resolved(match))
            starts.append(length)
            origins.append(end)
            ends.append(end)
            position = end
        ends[-1] = len(text)
        return cls(tuple(starts), tuple(origins), tuple(ends))

    def start(self, position: int) -> int:
        """Where a character of the reading begins in the text."""
        piece = bisect_right(self.starts, position) - 1
        return self.origins[piece] + (0 if piece % 2 else position - self.starts[piece])

    def end(self, position: int) -> int:
        """Where the character before a position of the reading ends in the text."""
        piece = bisect_right(self.starts, position - 1) - 1
        offset = position - self.starts[piece]
        return self.ends[piece] if piece % 2 else self.origins[piece] + offset


def _unescaped(escape: str) -> str:
    """The characters of an escape after a backslash, in JSON, JavaScript and Python."""
    kind, digits = escape[0], escape[1:].strip("{}")
    if kind in "uUx" and digits:
        if "\\" in digits:  # two halves of one character
            high, low = (int(half, 16) for half in digits.split("\\u"))
            return chr(0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00))
        return chr(int(digits, 16)) if int(digits, 16) < 0x110000 else escape
    if kind in "01234567":
        return chr(int(escape, 8))
    return _CONTROLS.get(escape, escape)


def places(text: str, forms: Iterable[str]) -> Iterator[tuple[int, int]]:
    """The places of some texts in a text, without overlaps of one text with itself."""
    for form in forms:
        start = text.find(form)
        while start >= 0:
            yield start, start + len(form)
            start = text.find(form, start + len(form))


def places_encoded(text: str, forms: Iterable[Base64Spelling]) -> Iterator[tuple[int, int]]:
    """The places of some texts in base64, including characters shared with other bytes."""
    for form in forms:
        for start, end in places(text, (form.core,)):
            before = form.before and start > 0 and _BASE64.match(text[start - 1]) is not None
            after = form.after and end < len(text) and _BASE64.match(text[end]) is not None
            yield start - bool(before), end + bool(after)


def unseen(text: str) -> str:
    """The colours and cursor movements in a text, which a mask preserves."""
    return "".join(code for code in _TERMINAL.findall(text) if code.startswith("\x1b"))
