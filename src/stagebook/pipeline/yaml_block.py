"""The plain YAML that DVC writes, read quickly; anything else is left to ruamel.yaml."""

import re
from typing import Any

# A number, date or other word that YAML may not read as text is left to ruamel.yaml.
_TEXT = re.compile(r"[A-Za-z_./$(][^\n]*")
_QUOTED = re.compile(r"'(?:[^']|'')*'")
_PATH = re.compile(r"[A-Za-z_./][\w./@+:-]*")
_HASH = re.compile(r"[0-9a-f]{32}(?:\.dir)?")
_AMOUNT = re.compile(r"[0-9]+(?: [A-Za-z]+)+")
_INTEGER = re.compile(r"0|[1-9][0-9]*")
_DECIMAL = re.compile(r"(?:0|[1-9][0-9]*)\.[0-9]+")
_NUMBER_LIKE = re.compile(r"[-+.0-9e]*")
_WORDS = {"true": True, "false": False, "null": None}
_OTHER_WORDS = {"True", "False", "Null", "TRUE", "FALSE", "NULL", "~", "y", "n", "<<", "="}
_OTHER_WORDS |= {".inf", ".Inf", ".INF", ".nan", ".NaN", ".NAN"}
_INDICATORS = frozenset("*&!|>'\"%@`{}[],#?:-<=~")

_Line = tuple[int, str]


class _OtherYamlError(Exception):
    """The text has YAML that this module does not read."""


def read(text: str) -> Any | None:
    """What a text of mappings, lists and plain values holds.

    Args:
        text: The text of a YAML file.

    Returns:
        The same values as ruamel.yaml; None for a text that only ruamel.yaml can read.
    """
    try:
        return _Reader(text).document()
    except _OtherYamlError:
        return None


class _Reader:
    """Reads the lines of one text, from the first to the last."""

    def __init__(self, text: str) -> None:
        if not text.replace("\n", "").isprintable():
            raise _OtherYamlError
        self._lines: list[_Line] = []
        self._gaps: set[int] = set()  # the lines after a comment or an empty line
        self._at = 0
        for line in text.split("\n"):
            content = line.strip(" ")
            if content and content[0] != "#":
                self._lines.append((len(line) - len(line.lstrip(" ")), content))
            else:
                self._gaps.add(len(self._lines))

    def document(self) -> Any:
        if not self._lines or self._lines[0][0]:
            raise _OtherYamlError
        value = self._block(0)
        if self._at < len(self._lines):
            raise _OtherYamlError
        return value

    def _next(self) -> _Line:
        return self._lines[self._at] if self._at < len(self._lines) else (-1, "")

    def _block(self, indent: int) -> Any:
        return self._list(indent) if _is_item(self._next()[1]) else self._mapping(indent)

    def _list(self, indent: int) -> list[Any]:
        items: list[Any] = []
        while self._next()[0] == indent and _is_item(self._next()[1]):
            line = self._next()[1]
            content = line[1:].lstrip(" ")
            if not content or _is_item(content):
                raise _OtherYamlError
            if _key(content) is None:
                items.append(self._text(content, indent))
            else:  # a mapping that starts beside the dash
                within = indent + len(line) - len(content)
                self._lines[self._at] = (within, content)
                items.append(self._mapping(within))
        return items

    def _mapping(self, indent: int) -> dict[str, Any]:
        values: dict[str, Any] = {}
        while self._next()[0] == indent and not _is_item(self._next()[1]):
            parts = _key(self._next()[1])
            if parts is None or parts[0] in values:
                raise _OtherYamlError
            key, rest = parts
            if rest:
                values[key] = self._text(rest, indent)
                continue
            self._at += 1
            below, content = self._next()
            is_block = below > indent or (below == indent and _is_item(content))
            values[key] = self._block(below) if is_block else None
        if self._next()[0] > indent:
            raise _OtherYamlError
        return values

    def _text(self, first: str, indent: int) -> Any:
        """A value, which may go on in deeper lines."""
        self._at += 1
        parts = [first]
        while self._next()[0] > indent:
            if self._at in self._gaps:
                raise _OtherYamlError
            parts.append(self._next()[1])
            self._at += 1
        if len(parts) == 1:
            return _scalar(first)
        text = " ".join(parts)
        quoted = first[0] == "'"
        if not quoted and (any(_key(part) for part in parts) or not _TEXT.fullmatch(first)):
            raise _OtherYamlError
        return _scalar(text)


def _is_item(content: str) -> bool:
    return content == "-" or content.startswith("- ")


def _key(content: str) -> tuple[str, str] | None:
    """The key of a line and the text after it; None for a line without a key."""
    if content[0] in "'\"":
        if "': " in content or content.endswith("':") or content[0] == '"':
            raise _OtherYamlError
        return None
    key, separator, rest = content.partition(": ")
    if not separator:
        if not content.endswith(":"):
            return None
        key = content[:-1]  # it may have a colon, as `metrics/a.json:auc` has
    if not _PATH.fullmatch(key) or key in _WORDS or key in _OTHER_WORDS:
        raise _OtherYamlError
    return key, rest.strip(" ")


def _scalar(text: str) -> Any:
    if text in _WORDS:
        return _WORDS[text]
    if _INTEGER.fullmatch(text):
        return int(text)
    if _DECIMAL.fullmatch(text):
        return float(text)
    if _QUOTED.fullmatch(text):
        return text[1:-1].replace("''", "'")
    is_hash = _HASH.fullmatch(text) and not _NUMBER_LIKE.fullmatch(text)
    if is_hash or _AMOUNT.fullmatch(text) or (_TEXT.fullmatch(text) and _is_plain(text)):
        return text
    raise _OtherYamlError


def _is_plain(text: str) -> bool:
    first_ok = text[0] not in _INDICATORS and not text[0].isdigit() and text[0] not in "+."
    dotted = text[0] == "." and text[1:2].isalpha() and text not in _OTHER_WORDS
    return (
        (first_ok or dotted)
        and text not in _OTHER_WORDS
        and ": " not in text
        and " #" not in text
        and not text.endswith(":")
    )
