"""Source code with its syntax marked."""

from functools import cache
from html import escape
from typing import Any

_LONGEST = 40_000  # characters of one cell
_SHELLS = {"ipython": "python", "ipython3": "python", "python3": "python", "": "text"}


def highlighted(text: str, language: str) -> str:
    """Code as HTML, its syntax marked by Pygments' classes where the language is known."""
    shown = text[:_LONGEST]
    notice = "\n… The rest of this code is in the executed notebook." if shown != text else ""
    inner = _marked(shown, _SHELLS.get(language.lower(), language.lower()))
    # code that is wider than the page is scrolled, also by keyboard
    return f'<pre class="hl" tabindex="0">{inner.rstrip()}{notice}</pre>'


def first_line(text: str, most: int = 80) -> str:
    """The first line that does something, to know a cell by."""
    lines = [line.strip() for line in text[:_LONGEST].splitlines() if line.strip()]
    telling = next((line for line in lines if not line.startswith(("#", "%"))), "")
    shown = telling or next(iter(lines), "")
    return shown if len(shown) <= most else shown[: most - 1] + "…"


def _marked(text: str, language: str) -> str:
    lexer = _lexer(language)
    if lexer is None:
        return escape(text, quote=False)
    from pygments import highlight

    return str(highlight(text, lexer, _formatter()))


@cache
def _lexer(language: str) -> Any:
    from pygments.lexers import get_lexer_by_name
    from pygments.util import ClassNotFound

    if language == "text":
        return None
    try:
        return get_lexer_by_name(language, stripnl=False)
    except ClassNotFound:
        return None


@cache
def _formatter() -> Any:
    from pygments.formatters.html import HtmlFormatter

    return HtmlFormatter(nowrap=True)
