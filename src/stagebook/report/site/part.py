"""A page that is made beside the others, with its line on the front page."""

from dataclasses import dataclass

from stagebook.history.verdict import Grade
from stagebook.project.errors import StagebookError
from stagebook.project.text import plain
from stagebook.report import frame as frames
from stagebook.report.frame import Frame
from stagebook.report.site.line import MARKS, ListLine


@dataclass(frozen=True, slots=True)
class Part:
    """A page with the line that the front page has for it.

    Attributes:
        line: The line.
        text: The page.
    """

    line: ListLine
    text: str


def failed(name: str, frame: Frame, error: StagebookError) -> Part:
    """A page that says why there is nothing to show."""
    line = trouble(name, frame.page, error)
    text = frames.render("site/trouble.html", frame, line.name, words=line.words)
    return Part(line, text)


def trouble(name: str, page: str, error: StagebookError) -> ListLine:
    """The line of such a page."""
    words = tuple(plain(f"{problem.message} {problem.hint}", 400) for problem in error.problems)
    return ListLine(plain(name), page, "cannot be shown", MARKS[Grade.FAILED], words)
