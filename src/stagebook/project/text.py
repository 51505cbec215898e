"""Texts of unknown origin, numbers with nouns, and lists, for people."""

import re
from collections.abc import Iterable

_COLOURS = re.compile(r"\x1b\[[0-9;]*m")


def plain(text: str, most: int | None = None) -> str:
    """A text of unknown origin on one line; invisible characters are shown as escapes.

    Args:
        text: Any text, also with control characters or half of a surrogate pair.
        most: Largest number of characters; a longer text ends with an ellipsis.
    """
    head = text if most is None else text[: most + 1]
    shown = "".join(item if item.isprintable() else ascii(item)[1:-1] for item in head)
    if not text or shown != shown.strip():
        shown = f"“{shown}”"
    return shown if most is None or len(shown) <= most else f"{shown[: most - 1]}…"


def without_colours(text: str) -> str:
    """A text without the codes by which a terminal shows colours."""
    return _COLOURS.sub("", text)


def counted(count: int, noun: str) -> str:
    """A number with its noun: ``1 row``, ``336,776 rows``."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def listed(names: Iterable[str], most: int) -> str:
    """The first names of a list, and the number of further ones."""
    names = list(names)
    more = f" and {len(names) - most:,} more" if len(names) > most else ""
    return ", ".join(plain(name, 40) for name in names[:most]) + more


_DECIMALS = ((10, 3), (100, 2), (1000, 1))


def amount(value: float) -> str:
    """A measured number to three decimals; from 10 on to four digits, from 1,000 on whole.

    Example:
        >>> from stagebook.project.text import amount
        >>> amount(0.69251), amount(-27.418), amount(12345.6)
        ('0.693', '-27.42', '12,346')
    """
    decimals = next((places for limit, places in _DECIMALS if abs(value) < limit), 0)
    return f"{value:,.{decimals}f}"
