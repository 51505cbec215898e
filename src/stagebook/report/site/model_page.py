"""The page of a packaged model: its card, what the gate says of it, and where it comes from."""

from collections.abc import Iterator

from stagebook.model import card
from stagebook.model.gate import Passage, State
from stagebook.record.lineage.graph import Artefact, Trace
from stagebook.report import frame as frames
from stagebook.report import lineage_graph
from stagebook.report.figures import plain
from stagebook.report.frame import Frame
from stagebook.report.site import card_text, places, sideways
from stagebook.report.site.book import Book

MARKS = {State.PASSED: "good", State.WARNED: "warned", State.REFUSED: "bad"}
"""The class that each state of a check is shown in."""

STATES = {
    State.PASSED: "can be loaded",
    State.WARNED: "can be loaded with a warning",
    State.REFUSED: "refused",
}
"""What stands of a package whose worst check has this state."""

_VERDICTS = {
    State.PASSED: "It can be loaded here",
    State.WARNED: "It can be loaded here, with a warning",
    State.REFUSED: "It would be refused here",
}


def render(passage: Passage, trace: Trace | None, book: Book, frame: Frame) -> str:
    """The page of a packaged model.

    Args:
        passage: What the gate says of it.
        trace: Where it comes from; None if that is not known.
        book: The project.
        frame: The page's frame.
    """
    worst = state(passage)
    pictures = _pictures(trace, book, frame) if trace is not None else []
    return frames.render(
        "site/model.html",
        frame,
        plain(passage.manifest.name),
        style=sideways.cue(pictures[-1]) if pictures else "",
        digest=passage.manifest.digest,
        verdict=f"{_VERDICTS[worst]}.",
        mark=MARKS[worst],
        checks=[
            (one.name, one.state.value, MARKS.get(one.state, "quiet"), plain(one.detail, 200))
            for one in passage.checks
        ],
        problems=tuple(_problems(passage)),
        pictures=pictures,
        card=_card(passage),
    )


def state(passage: Passage) -> State:
    """The worst that any check says: refused, else warned, else passed."""
    if passage.refusals:
        return State.REFUSED
    warned = any(one.state is State.WARNED for one in passage.checks)
    return State.WARNED if warned else State.PASSED


def _problems(passage: Passage) -> Iterator[str]:
    for check in passage.checks:
        yield from (plain(f"{one.message} {one.hint}", 400) for one in check.problems)


def _pictures(trace: Trace, book: Book, frame: Frame) -> list[str]:
    known = {one.path for one in book.files}
    hrefs: dict[Artefact | str, str] = {
        one: frame.link(places.data(one.path)) for one in trace.artefacts if one.path in known
    }
    stages = {one.name for one in book.notebooks}
    hrefs |= {
        one.id: frame.link(places.notebook(one.stage))
        for one in trace.makings
        if one.stage in stages
    }
    return [lineage_graph.draw(trace, hrefs, room) for room in lineage_graph.ROOMS]


def _card(passage: Passage) -> str:
    """The card as HTML; what is no Markdown in it, such as a tag, is text."""
    try:
        text = (passage.folder / card.FILE).read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
    return card_text.shown(text)
