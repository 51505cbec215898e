"""The headings of an article: in order, with anchors, and as its contents."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from html import escape, unescape

_HEADING = re.compile(r"<h([1-6])((?: [^>]*)?)>(.*?)</h\1>", re.DOTALL)
_MARK = re.compile(r"<[^>]*>")
_RESERVED = ("content", "code-key", "contents", "failure", "top")
_LONGEST = 200


@dataclass(frozen=True, slots=True)
class Heading:
    """One heading.

    Attributes:
        level: From 2; the title alone is of level 1.
        text: Its text.
        anchor: Where a link to it goes.
    """

    level: int
    text: str
    anchor: str


def last(piece: str) -> str | None:
    """The text of the last heading of sanitised HTML."""
    headings = _HEADING.findall(piece)
    return _text(headings[-1][2]) if headings else None


def _text(inner: str) -> str:
    return " ".join(unescape(_MARK.sub("", inner)).split())[:_LONGEST]


class Headings:
    """Puts the headings of an article's pieces in order, one piece after the other."""

    def __init__(self, pieces: Iterable[str]) -> None:
        """Looks through all pieces, to know which levels there are.

        Args:
            pieces: Sanitised HTML.
        """
        levels = [int(level) for piece in pieces for level, _, _ in _HEADING.findall(piece)]
        self.title: str | None = None
        self.headings: list[Heading] = []
        self._shift = 2 - min(levels[1:], default=2)
        self._taken = set(_RESERVED)

    def settle(self, piece: str, *, titles: bool = True) -> str:
        """The piece with its headings in order; the first of all is the title, and is removed.

        Args:
            piece: Sanitised HTML.
            titles: Whether its first heading can be the title.
        """
        if not titles and self.title is None:
            self.title = ""
        return _HEADING.sub(lambda match: self._heading(int(match[1]), match[2], match[3]), piece)

    def _heading(self, level: int, facts: str, inner: str) -> str:
        text = _text(inner)
        if not text:
            return ""
        if self.title is None:
            self.title = text
            return ""
        last = self.headings[-1].level if self.headings else 1
        level = min(max(level + self._shift, 2), last + 1, 6)
        anchor = self._anchor(text)
        self.headings.append(Heading(level, text, anchor))
        return f'<h{level} id="{escape(anchor)}"{facts}>{inner}</h{level}>'

    def _anchor(self, text: str) -> str:
        """The anchor that Jupyter gives a heading, so that a notebook's own links still work."""
        base = text.replace(" ", "-")
        if base.startswith("cell-"):  # those are the anchors of cells
            base = f"section-{base}"
        anchor, number = base, 1
        while anchor in self._taken:
            number += 1
            anchor = f"{base}-{number}"
        self._taken.add(anchor)
        return anchor
