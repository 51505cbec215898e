"""Tables of data frames: numbers on the right, texts on the left, what is wide in a box."""

import re

_PANDAS_STYLE = re.compile(r"<style scoped[^>]*>\s*\.dataframe[^<]*</style>")
_TABLE = re.compile(r"<table\b[^>]*>.*?</table>", re.DOTALL)
_ROW = re.compile(r"(<tr\b[^>]*>)(.*?)(</tr>)", re.DOTALL)
_CELL = re.compile(r"<(t[hd])((?: [^>]*)?)>(.*?)</\1>", re.DOTALL)
_MARK = re.compile(r"<[^>]*>")
_NUMBER = re.compile(
    r"[+\-−±$€£]?\s?[\d.,'\u2009\u202f]*\d\.?(?:e[+-]?\d+)?\s?(?:%|pp|[kMGT]?B|s|ms|min|h)?"
    r"|nan|NaN|NaT|None|-?inf|&lt;NA&gt;|[–—-]?",
    re.IGNORECASE,
)
_EMPTY = ("nan", "NaN", "NaT", "None", "<NA>", "&lt;NA&gt;")
_DATAFRAME = 'class="dataframe"'
_SHORT = 40  # characters of a cell that stay on one line
_MOST = 4_000  # cells of one table whose kind is looked at


def without_pandas_style(html: str) -> str:
    """HTML without the style that pandas gives each table."""
    return _PANDAS_STYLE.sub("", html)


def tidied(html: str) -> str:
    """Sanitised HTML whose outer tables each have a box to scroll in."""
    return _TABLE.sub(lambda match: _tidy(match[0]), html) if "<table" in html else html


def _tidy(table: str) -> str:
    if "<table" in table[1:]:  # tables in tables are for layout, and are left alone
        return table
    body = _aligned(table) if _DATAFRAME in table else table
    return f'<div class="scroll" tabindex="0" role="group" aria-label="Table">{body}</div>'


def _aligned(table: str) -> str:
    rows = [_CELL.findall(row) for _, row, _ in _ROW.findall(table)]
    numbers = _number_columns(rows)
    aligned = _ROW.sub(lambda row: f"<tr>{_cells(row[2], numbers)}{row[3]}", table)
    longest = max((len(_MARK.sub("", inner)) for row in rows for _, _, inner in row), default=0)
    return (
        aligned.replace(_DATAFRAME, 'class="dataframe short"', 1) if longest <= _SHORT else aligned
    )


def _number_columns(rows: list[list[tuple[str, str, str]]]) -> frozenset[int]:
    """Columns, counted from the last, that hold nothing but numbers."""
    kinds: dict[int, set[str]] = {}
    count = 0
    for row in rows:
        for place, (name, _, inner) in enumerate(reversed(row)):
            if name == "td" and count < _MOST:
                kinds.setdefault(place, set()).add(_kind(inner))
                count += 1
    return frozenset(
        place for place, column_kinds in kinds.items() if column_kinds - {"empty"} == {"number"}
    )


def _kind(inner: str) -> str:
    text = _MARK.sub("", inner).strip()
    if not text or text in _EMPTY:
        return "empty"
    return "number" if len(text) < 40 and _NUMBER.fullmatch(text) else "text"


def _cells(row: str, numbers: frozenset[int]) -> str:
    cells = _CELL.findall(row)
    spans = any("colspan" in facts for _, facts, _ in cells)
    shown = []
    for place, (name, facts, inner) in enumerate(cells):
        from_end = len(cells) - 1 - place
        mark = ' class="number"' if from_end in numbers and not spans else ""
        # an empty header cell is not a header
        shown.append(
            _cell("td" if name == "th" and not inner.strip() else name, mark, facts, inner)
        )
    return "".join(shown)


def _cell(name: str, mark: str, facts: str, inner: str) -> str:
    return f"<{name}{mark}{facts}>{inner}</{name}>"
