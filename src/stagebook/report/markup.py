"""HTML that Markdown, JupyterLab's sanitizer and a browser all leave as it is."""

import re
from collections.abc import Iterable

from stagebook.project.text import plain

LONGEST = 80
_LEFT = "text-align: left"
_RIGHT = "text-align: right; white-space: nowrap"
_WHOLE = "white-space: nowrap"
_ANYWHERE = "white-space: normal; overflow-wrap: anywhere"
_SHORT = 16
_ENDS = re.compile(r"/|:|&#95;|(?<=\w)\.(?=\w)")  # also where a name has an underscore
_HARMLESS = " .,:;-+%/()…“”"


def block(parts: Iterable[str]) -> str:
    """A block of HTML without an empty line, which Markdown would take for its end.

    What is too wide is scrolled within it.
    """
    # JupyterLab would set the text between two dollar signs as a formula
    opening = '<div class="colophon tex2jax_ignore mathjax_ignore" style="overflow-x: auto">'
    return "\n".join([opening, *parts, "</div>"])


def table(head: Iterable[str], rows: Iterable[Iterable[str]], *, texts: Iterable[str] = ()) -> str:
    """A table, no wider than what is in it.

    Args:
        head: Names of its columns.
        rows: Their cells, each as ``left`` or ``right`` made it.
        texts: Names of the columns whose cells are on the left.
    """
    left_columns = set(texts)
    top = "".join(
        f'<th style="{_LEFT if item in left_columns else _RIGHT}">{item}</th>' for item in head
    )
    body = "\n".join(f"<tr>{''.join(row)}</tr>" for row in rows)
    begin = f"<thead><tr>{top}</tr></thead>\n" if top else ""
    return f'<table style="margin-left: 0">\n{begin}<tbody>\n{body}\n</tbody>\n</table>'


def left(content: str, *, span: int = 1) -> str:
    """A cell that holds HTML."""
    wide = f' colspan="{span}"' if span > 1 else ""
    return f'<td{wide} style="{_LEFT}">{content}</td>'


def right(text: str) -> str:
    """A cell that holds a number."""
    return f'<td style="{_RIGHT}">{escaped(text)}</td>' if text else "<td></td>"


def heading(text: str, *, number: bool = False) -> str:
    """A cell that says what the others are, such as numbers, beside it or below."""
    return f'<th style="{_RIGHT if number else _LEFT}">{escaped(text)}</th>'


def code(text: str, most: int | None = LONGEST) -> str:
    """Any text as code; unless it is short, it is broken where room ends."""
    style = _WHOLE if len(text) <= _SHORT else _ANYWHERE
    return f'<code style="{style}">{escaped(text, most)}</code>'


def place(text: str) -> str:
    """A path or a dotted name as code, which is rather broken between its parts than in one."""
    shown = _ENDS.sub(r"\g<0><wbr>", escaped(text, LONGEST))
    return f'<code style="{_ANYWHERE}">{shown}</code>'


def bars(text: str) -> str:
    """Signs of one width that stay on one line; no space of them is lost."""
    return f"<code>{text.replace(' ', chr(0xA0))}</code>"


def wrapped(text: str) -> str:
    """Any text, broken where room ends even if that is in a word."""
    return f'<span style="{_ANYWHERE}">{escaped(text)}</span>'


def prose(text: str) -> str:
    """A message, with what it has between backticks as code."""
    parts = plain(text).split("`")
    if len(parts) % 2 == 0:
        return _literal(plain(text))
    return "".join(
        f'<code style="{_ANYWHERE}">{_literal(part)}</code>' if place % 2 else _literal(part)
        for place, part in enumerate(parts)
    )


def escaped(text: str, most: int | None = None) -> str:
    """Any text as neither Markdown nor HTML nor a formula; letters and digits stay as they are.

    Args:
        text: Text of unknown origin.
        most: Characters that are shown.
    """
    return _literal(plain(text, most))


def _literal(text: str) -> str:
    return "".join(
        sign if sign.isalnum() or sign in _HARMLESS else f"&#{ord(sign)};" for sign in text
    )
