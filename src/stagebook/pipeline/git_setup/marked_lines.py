"""Lines of Stagebook in a file of a person, between two comments."""

import re
from collections.abc import Iterable

TITLE = "stagebook setup-git"


def insert(text: str, title: str, lines: Iterable[str], at: int = 0, indent: str = "") -> str:
    """A text with these lines; lines with this title that are there are replaced in their place.

    Args:
        text: The text; its other lines keep their bytes.
        title: The title, which both comments have.
        lines: The lines, without line ends.
        at: The number of lines before the new ones.
        indent: The spaces before each line.
    """
    end = "\r\n" if "\r\n" in text else "\n"
    marked = (f"# >>> {title}", *lines, f"# <<< {title}")
    block = "".join(f"{indent}{line}{end}" for line in marked)
    if present := _pattern(title).search(text):
        return text[: present.start()] + block + text[present.end() :]
    mark = text[: text.startswith("\ufeff")]
    start = "".join(text.splitlines(keepends=True)[:at]) or mark
    gap = end if start != mark and not start.endswith("\n") else ""
    return f"{start}{gap}{block}{text[len(start) :]}"


def remove(text: str, title: str) -> str:
    """A text without the lines of this title."""
    return _pattern(title).sub("", text)


def remove_all(text: str) -> str:
    """A text without the lines of any title that begins with ``TITLE``."""
    return re.sub(_PATTERN.format(rf"({TITLE}.*)", r"\1"), "", text, flags=re.MULTILINE)


def has(text: str, title: str) -> bool:
    """Whether a text has lines of this title."""
    return _pattern(title).search(text) is not None


_PATTERN = r"(?:^|(?<=\ufeff))[ \t]*# >>> {}\r?\n(?:.*\n)*?[ \t]*# <<< {}(?:\r?\n|\Z)"


def _pattern(title: str) -> re.Pattern[str]:
    name = re.escape(title)
    return re.compile(_PATTERN.format(name, name), re.MULTILINE)
