"""The page of a packaged model: its card, what the gate says of it, and where it comes from."""

from collections.abc import Iterator

import mistune

from stagebook.model import card
from stagebook.model.gate import Passage, State
from stagebook.record.lineage.graph import Artefact, Trace
from stagebook.report import frame as frames
from stagebook.report import lineage_graph
from stagebook.report.figures import plain
from stagebook.report.frame import Frame
from stagebook.report.site import places
from stagebook.report.site.book import Book

_MARKS = {State.PASSED: "good", State.REFUSED: "bad"}


def render(passage: Passage, trace: Trace | None, book: Book, frame: Frame) -> str:
    """The page of a packaged model.

    Args:
        passage: What the gate says of it.
        trace: Where it comes from; None if that is not known.
        book: The project.
        frame: The page's frame.
    """
    return frames.render(
        "site/model.html",
        frame,
        plain(passage.manifest.name),
        digest=passage.manifest.digest,
        verdict="It can be loaded here." if not passage.refusals else "It would be refused here.",
        refused=bool(passage.refusals),
        checks=[
            (one.name, one.state.value, _MARKS.get(one.state, "quiet"), plain(one.detail, 200))
            for one in passage.checks
        ],
        problems=tuple(_problems(passage)),
        pictures=_pictures(trace, book, frame) if trace is not None else [],
        card=_card(passage),
    )


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
    _, _, body = text.partition("\n")  # the heading is that of the page
    render = mistune.create_markdown(escape=True, plugins=["table"])
    return str(render(_lowered(body)))


def _lowered(text: str) -> str:
    """A card's headings are second to that of the page already; none may be above them."""
    lines = (f"#{line}" if line.startswith("# ") else line for line in text.splitlines())
    return "\n".join(lines)
