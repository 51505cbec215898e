"""What a notebook names as its result: a sentence and a figure, for the front page of the site."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Self

from stagebook.report.article import sanitised
from stagebook.report.article.cells import CellView
from stagebook.report.article.outputs import ShownOutput

RESULT = "result"
"""The tag of a cell whose first paragraph, written or put out, is the notebook's result."""

HEADLINE = "headline"
"""The tag of a cell whose figure is the notebook's most important one."""

_PARAGRAPH = re.compile(r"<p\b[^>]*>.*?</p>", re.DOTALL)
_LONGEST = 4_000


@dataclass(frozen=True, slots=True)
class Highlights:
    """The result of a notebook.

    Attributes:
        result: A paragraph as HTML that is safe in a page; empty if none is named.
        figure: A figure, likewise.
        anchors: The cells that they are from, in this order; empty texts for none.
    """

    result: str = ""
    figure: str = ""
    anchors: tuple[str, str] = ("", "")

    @classmethod
    def of(cls, views: Iterable[CellView]) -> Self:
        """The last result and the last figure that cells are tagged for."""
        result = figure = ("", "")
        for view in views:
            if RESULT in view.tags and (text := _paragraph(view)):
                result = (text, view.anchor)
            if HEADLINE in view.tags and (picture := _figure(view.outputs)):
                figure = (picture, view.anchor)
        return cls(result[0], figure[0], (result[1], figure[1]))


def _paragraph(view: CellView) -> str:
    for html in _texts(view):
        match = _PARAGRAPH.search(html)
        text = match[0] if match else html
        if 0 < len(text) <= _LONGEST:
            return sanitised.flat(text)
    return ""


def _texts(view: CellView) -> Iterator[str]:
    if view.kind == "prose":
        yield view.html
    yield from (output.html for output in view.outputs if output.kind in ("prose", "text"))


def _figure(outputs: Iterable[ShownOutput]) -> str:
    return next((output.html for output in outputs if output.kind == "figure"), "")
