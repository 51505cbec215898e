"""Texts of unknown origin in GitHub's Markdown: neither markup, nor a link, nor a mention."""

import re
from collections.abc import Iterable
from urllib.parse import urlsplit

from stagebook.project.errors import Problem, StagebookError
from stagebook.project.text import plain

_LONGEST = 120
_NUMBER = re.compile(r"[▲▼] [+−][\d.,e+−]+|[+−-]?[\d.,]+(e[+−-]?\d+)?|unchanged|as before|")


def code(text: str, most: int = _LONGEST) -> str:
    """A text as code, in which GitHub looks for no markup, address, mention or issue.

    Args:
        text: Any text.
        most: Characters that are shown.
    """
    shown = plain(text, most)
    longest = max((len(run) for run in re.findall("`+", shown)), default=0)
    fence = "`" * (longest + 1)
    pad = " " if shown.startswith(("`", " ")) or shown.endswith(("`", " ")) else ""
    return f"{fence}{pad}{shown}{pad}{fence}"


def number(words: str) -> str:
    """A number or its change as it is, and everything else as code."""
    return words if _NUMBER.fullmatch(words) else code(words, 40)


def cell(markdown: str) -> str:
    """Markdown of one line as a cell of a table, where a bar would end it also within code."""
    return markdown.replace("|", "\\|")


def table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> list[str]:
    """The lines of a table; columns whose heads start with ``#`` hold numbers."""
    head = list(head)
    names = (cell(item.removeprefix("#")) for item in head)
    rules = ("---:" if item.startswith("#") else "---" for item in head)
    return [_row(names), _row(rules), *(_row(map(cell, row)) for row in rows)]


def _row(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


def address(url: str) -> str:
    """An address as the target of a link.

    Raises:
        StagebookError: It is not an address of the web.
    """
    try:
        parts = urlsplit(url)
        web = parts.scheme in ("http", "https") and bool(parts.hostname)
    except ValueError:
        web = False
    if not web or not url.isprintable() or re.search(r"[\s<>\\]", url):
        message = f"{plain(url, _LONGEST)} is not a valid address of a web page."
        raise StagebookError(
            Problem("bad-link", message, "Give an address such as https://example.org/site")
        )
    return f"<{url}>"
