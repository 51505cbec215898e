"""The plain YAML that DVC writes, read quickly; anything else is left to ruamel.yaml."""

import re
from typing import Any

# A number, date or other word that YAML may not read as text is left to ruamel.yaml.
_TEXT = re.compile(r"[A-Za-z_./$(][^\n]*")
_PATH = re.compile(r"[A-Za-z_./][\w./@+-]*")
_HASH = re.compile(r"[0-9a-f]{32}(?:\.dir)?")
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
        lines = _lines(text)
        value, end = _block(lines, 0, lines[0][0]) if lines and lines[0][0] == 0 else (None, 0)
    except _OtherYamlError:
        return None
    return value if end == len(lines) else None


def _lines(text: str) -> list[_Line]:
    if not text.replace("\n", "").isprintable():
        raise _OtherYamlError
    lines = []
    for line in text.split("\n"):
        content = line.strip(" ")
        if content and content[0] != "#":
            lines.append((len(line) - len(line.lstrip(" ")), content))
    return lines


def _block(lines: list[_Line], at: int, indent: int) -> tuple[Any, int]:
    return _list(lines, at, indent) if _is_item(lines[at][1]) else _mapping(lines, at, indent)


def _is_item(content: str) -> bool:
    return content == "-" or content.startswith("- ")


def _list(lines: list[_Line], at: int, indent: int) -> tuple[list[Any], int]:
    items: list[Any] = []
    while at < len(lines) and lines[at][0] == indent and _is_item(lines[at][1]):
        content = lines[at][1][1:].lstrip(" ")
        if not content:
            raise _OtherYamlError
        if _key(content) is None:
            if at + 1 < len(lines) and lines[at + 1][0] > indent:
                raise _OtherYamlError  # a text of several lines
            items.append(_scalar(content))
            at += 1
            continue
        within = indent + len(lines[at][1]) - len(content)
        lines[at] = (within, content)
        item, at = _mapping(lines, at, within)
        items.append(item)
    return items, at


def _mapping(lines: list[_Line], at: int, indent: int) -> tuple[dict[str, Any], int]:
    values: dict[str, Any] = {}
    while at < len(lines) and lines[at][0] == indent and not _is_item(lines[at][1]):
        parts = _key(lines[at][1])
        if parts is None or parts[0] in values:
            raise _OtherYamlError
        key, rest = parts
        following = lines[at + 1] if at + 1 < len(lines) else (-1, "")
        at += 1
        if rest:
            if following[0] > indent:
                raise _OtherYamlError  # a text of several lines
            values[key] = _scalar(rest)
        elif following[0] > indent or (following[0] == indent and _is_item(following[1])):
            values[key], at = _block(lines, at, following[0])
        else:
            values[key] = None
    if at < len(lines) and lines[at][0] > indent:
        raise _OtherYamlError
    return values, at


def _key(content: str) -> tuple[str, str] | None:
    """The key of a line and the text after it; None for a line without a key."""
    key, colon, rest = content.partition(":")
    if not colon or (rest and not rest.startswith(" ")):
        # a colon within a path, such as `metrics/a.json:auc`
        key, colon, rest = content.partition(": ")
        if not colon:
            return None
        raise _OtherYamlError
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
    if text[0] == "'" and text[-1] == "'" and len(text) > 1 and "'" not in text[1:-1]:
        return text[1:-1]
    is_hash = _HASH.fullmatch(text) and not _NUMBER_LIKE.fullmatch(text)
    if is_hash or (_TEXT.fullmatch(text) and _is_plain(text)):
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
