"""What was built, from which commit and when, in words: only what records and git say."""

from collections.abc import Callable, Mapping
from typing import Any

from stagebook.report.figures import counted, plain
from stagebook.report.lineage_words import short
from stagebook.report.site.book import Book, State

Shown = Callable[[str], str]
"""How a text of unknown origin is shown where the sentence stands."""


def summary(book: Book) -> str:
    """The sentence on top of the front page, with how many stages are in each state."""
    if book.unstarted is not None or not _is_known(book):
        return sentence(book, plain)
    counts = {state: sum(one.state is state for one in book.notebooks) for state in State}
    parts = [
        f"{counts[state]} {state.value}"
        for state in State
        if counts[state] and state is not State.OTHER
    ]
    return f"{sentence(book, plain).removesuffix('.')}: {', '.join(parts)}."


def sentence(book: Book, shown: Shown) -> str:
    """What was built, when, and from which commit.

    Args:
        book: The project.
        shown: How names that come from elsewhere are shown.
    """
    if book.unstarted is not None:
        return f"The last build could not start {shown(book.unstarted.stage)}."
    blind = _blind(book, shown)
    if not _is_known(book):
        return blind or _nothing(book, shown)
    when = f" on {book.started.replace('T', ' at ')} UTC" if book.started else ""
    built = f"uilt{when} from {shown(built_from(book))}."
    return f"{blind} What is known was b{built}" if blind else f"B{built}"


def built_from(book: Book) -> str:
    """The commit of the last build, and whether git still leads to it; else that of the tree."""
    code = book.built_from if book.recorded else book.checkout
    words = commit(code)
    if not code or code.get("commit") not in book.lost:
        return words
    if book.shallow:
        return f"{words}, which this shallow clone does not have"
    return f"{words}, to which git no longer leads"


def footer(book: Book) -> str:
    """The same at the end of each page; where no record tells of a build, that of the tree."""
    if book.recorded or not book.checkout:
        return built_from(book)
    return f"checkout of {commit(book.checkout)}"


def commit(code: Mapping[str, Any] | None) -> str:
    """A commit in a few words.

    Args:
        code: What git said, as a record has it.
    """
    if not code or not code.get("commit"):
        return "a folder without a commit"
    branch = f" on {plain(str(code['branch']), 60)}" if code.get("branch") else " on no branch"
    dirty = ", with changes that are not in git" if code.get("dirty") else ""
    return f"commit {short(str(code['commit']))}{branch}{dirty}"


def _is_known(book: Book) -> bool:
    """Whether there is anything that a record tells of the last build."""
    return book.recorded and any(one.record for one in book.stages)


def _blind(book: Book, shown: Shown) -> str:
    """Which records of the last build cannot be read; empty if all can."""
    if not book.blind:
        return ""
    more = f" and {len(book.blind) - 1} more" if len(book.blind) > 1 else ""
    subject = "Records" if more else "The record"
    return (
        f"{subject} {shown(book.blind[-1])}{more} cannot be read, so that it is not known "
        "what the last build did."
    )


def _nothing(book: Book, shown: Shown) -> str:
    """What stands here without a single execution."""
    states = {one.state for one in book.notebooks}
    where = f" at {shown(commit(book.checkout))}" if book.checkout else ""
    if not states or State.NEVER in states:
        return f"Nothing was built here yet{where}. Build with: dvc repro --pull"
    if lacking := _lacking(book, states, shown):
        return f"Nothing was executed here{where}, and {lacking}. Build with: dvc repro --pull"
    as_locked = " as dvc.lock has them" if book.edited is not None else ""
    return (
        f"Nothing was executed here{where}: the outputs of "
        f"{counted(len(book.notebooks), 'stage')} are there{as_locked}, from DVC's cache."
    )


def _lacking(book: Book, states: set[State], shown: Shown) -> str:
    """What is not as ``dvc.lock`` has it; empty if nothing is known to be."""
    if State.MISSING in states:
        return "not all outputs are there"
    if State.STALE in states:
        return "not all stages are up to date"
    if not book.edited:
        return ""
    more = f" and {counted(len(book.edited) - 1, 'other')}" if len(book.edited) > 1 else ""
    return f"{shown(book.edited[0])}{more} {'are' if more else 'is'} not what dvc.lock has"
