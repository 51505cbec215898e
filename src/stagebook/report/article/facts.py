"""What to know about an executed notebook before it is read."""

from collections.abc import Iterator
from dataclasses import dataclass

from stagebook.project.text import plain
from stagebook.record.record import Volatile
from stagebook.report import lineage_words, log_words


@dataclass(frozen=True, slots=True)
class Fact:
    """Something to know about a notebook before it is read.

    Attributes:
        name: What it is, such as ``commit``.
        text: Its value.
        page: A page of the site that says more.
        links: Instead of the text, words that each lead to a page.
    """

    name: str
    text: str = ""
    page: str = ""
    links: tuple[tuple[str, str], ...] = ()


def of_execution(stage: str, state: str, volatile: Volatile | None) -> Iterator[Fact]:
    """The facts of one execution.

    Args:
        stage: The stage.
        state: How it ended, or what the last build did with it.
        volatile: The volatile block of its record; None without a record.
    """
    yield Fact("stage", plain(stage))
    yield Fact("state", state)
    if volatile is not None and volatile.id:
        when = lineage_words.moment(volatile.started)
        seconds = log_words.took(volatile.seconds)
        yield Fact("executed", ", ".join(filter(None, (when, seconds))))
