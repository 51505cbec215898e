"""Two tables of one shape as one, in which the values that differ are marked."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

_ROW = re.compile(r"(<tr\b[^>]*>)(.*?)(</tr>)", re.DOTALL)
_CELL = re.compile(r"<(t[hd])((?: [^>]*)?)>(.*?)</\1>", re.DOTALL)
_MARK = re.compile(r"<[^>]*>")
_MOST = 50_000  # cells that are compared


@dataclass(frozen=True, slots=True)
class MarkedTable:
    """A table with marks.

    Attributes:
        html: The table now; before each value that differs, what it was.
        changed: How many values differ.
        total: How many there are.
    """

    html: str
    changed: int
    total: int


def mark(before: str, now: str) -> MarkedTable | None:
    """One table of two; None if they are not tables of the same shape.

    Args:
        before: Sanitised HTML with one table.
        now: Likewise.
    """
    if before.count("<table") != 1 or now.count("<table") != 1:
        return None
    left, right = _rows(before), _rows(now)
    total = sum(map(len, right))
    if not total or total > _MOST or list(map(len, left)) != list(map(len, right)):
        return None
    changed = sum(
        _text(item) != _text(other)
        for row, others in zip(left, right, strict=True)
        for item, other in zip(row, others, strict=True)
    )
    old = iter(item for row in left for item in row)
    html = _ROW.sub(lambda row: f"{row[1]}{_cells(row[2], old)}{row[3]}", now)
    return MarkedTable(html, changed, total)


def _rows(html: str) -> list[list[str]]:
    """What is in the cells of each row."""
    return [[inner for _, _, inner in _CELL.findall(row)] for _, row, _ in _ROW.findall(html)]


def _text(inner: str) -> str:
    return _MARK.sub("", inner).strip()


def _cells(row: str, old: Iterator[str]) -> str:
    return "".join(
        _cell(name, facts, inner, next(old)) for name, facts, inner in _CELL.findall(row)
    )


def _cell(name: str, facts: str, inner: str, was: str) -> str:
    if _text(inner) == _text(was):
        return f"<{name}{facts}>{inner}</{name}>"
    marked = (
        facts.replace('class="', 'class="changed ', 1)
        if 'class="' in facts
        else f'{facts} class="changed"'
    )
    removed = f"<del>{was}</del> " if _text(was) else ""
    added = f"<ins>{inner}</ins>" if _text(inner) else ""
    return f"<{name}{marked}>{removed}{added}</{name}>"
