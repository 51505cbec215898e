"""The page of a packaged model: its card, what the gate says of it, and where it comes from."""

from collections.abc import Iterator

from stagebook.history.lineage.graph import Entity, Trace
from stagebook.history.project_status import ProjectStatus
from stagebook.history.verdict import Grade
from stagebook.model import card
from stagebook.model.verification import CheckState, VerificationReport
from stagebook.project.errors import Problem
from stagebook.project.text import plain
from stagebook.report import frame as frames
from stagebook.report import lineage_graph
from stagebook.report.frame import Frame
from stagebook.report.site import card_text, places, sideways
from stagebook.report.site.line import MARKS

GRADES = {
    CheckState.PASSED: Grade.GOOD,
    CheckState.WARNED: Grade.WARNINGS,
    CheckState.REFUSED: Grade.FAILED,
}
"""The grade that a build can have at best with a package whose worst check has this state."""

STATES = {
    CheckState.PASSED: "can be loaded",
    CheckState.WARNED: "can be loaded with a warning",
    CheckState.REFUSED: "refused",
}
"""What stands of a package whose worst check has this state."""

_REASONS = {
    "no-attestation": "No attestation came with it, so nothing says who built it",
    "unsigned-attestation": "It is not signed, so nothing proves who built it",
    "opening-not-recorded": "Nothing records that it was opened when it was packaged",
}
"""What readers who never load a model have to know of a problem, by its code."""

_VERDICTS = {
    CheckState.PASSED: "It can be loaded here",
    CheckState.WARNED: "It can be loaded here, with a warning",
    CheckState.REFUSED: "It would be refused here",
}


def render(
    passage: VerificationReport, trace: Trace | None, book: ProjectStatus, frame: Frame
) -> str:
    """The page of a packaged model.

    Args:
        passage: What the gate says of it.
        trace: Where it comes from; None if that is not known.
        book: The project.
        frame: The page's frame.
    """
    worst = passage.worst
    pictures = _pictures(trace, book, frame) if trace is not None else []
    return frames.render(
        "site/model.html",
        frame,
        plain(passage.manifest.name),
        style=sideways.cue(pictures[-1]) if pictures else "",
        digest=passage.manifest.digest,
        verdict=f"{_VERDICTS[worst]}.",
        mark=MARKS[GRADES[worst]],
        checks=[
            (check.name, check.state.value, _mark(check.state), plain(check.detail, 200))
            for check in passage.checks
        ],
        problems=tuple(_problems(passage)),
        pictures=pictures,
        card=_card(passage),
    )


def _mark(state: CheckState) -> str:
    """The class that a check is shown in; a state that decides nothing is quiet."""
    return MARKS[GRADES[state]] if state in GRADES else "quiet"


def reason(problem: Problem) -> str:
    """What is wrong with a package, for the front page and the gist."""
    return _REASONS.get(problem.code) or problem.message.rstrip(".")


def _problems(passage: VerificationReport) -> Iterator[str]:
    for check in passage.checks:
        yield from (plain(f"{problem.message} {problem.hint}", 400) for problem in check.problems)


def _pictures(trace: Trace, book: ProjectStatus, frame: Frame) -> list[str]:
    known = {file.path for file in book.files}
    hrefs: dict[Entity | str, str] = {
        artefact: frame.link(places.data(artefact.path))
        for artefact in trace.artefacts
        if artefact.path in known
    }
    stages = {stage.name for stage in book.notebooks}
    hrefs |= {
        making.id: frame.link(places.notebook(making.stage))
        for making in trace.makings
        if making.stage in stages
    }
    return [lineage_graph.draw(trace, hrefs, room) for room in lineage_graph.ROOMS]


def _card(passage: VerificationReport) -> str:
    """The card as HTML; what is not a Markdown in it, such as a tag, is text."""
    try:
        text = (passage.folder / card.FILE).read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
    return card_text.shown(text)
