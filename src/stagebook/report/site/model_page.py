"""The page of a packaged model: its card, the gate's checks, and where it comes from."""

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
"""The state of a package whose worst check has this state, in words."""

_REASONS = {
    "no-attestation": "The package has no attestation, so its builder is unknown",
    "unsigned-attestation": "The package is not signed, so nothing proves who built it",
    "opening-not-recorded": "No record shows that the model was opened at packaging",
}
"""What readers who never load a model have to know of a problem, by its code."""

_VERDICTS = {
    CheckState.PASSED: "The package can be loaded here",
    CheckState.WARNED: "The package can be loaded here, with a warning",
    CheckState.REFUSED: "The package would be refused here",
}


def render(
    report: VerificationReport,
    trace: Trace | None,
    status: ProjectStatus,
    frame: Frame,
    is_monitored: bool = False,
) -> str:
    """The page of a packaged model.

    Args:
        report: The gate's checks.
        trace: Where it comes from; None if that is not known.
        status: The project.
        frame: The page's frame.
        is_monitored: Whether the page of monitoring is about it.
    """
    worst = report.worst
    pictures = _pictures(trace, status, frame) if trace is not None else []
    return frames.render(
        "site/model.html",
        frame,
        plain(report.manifest.name),
        style=sideways.cue(pictures[-1]) if pictures else "",
        digest=report.manifest.digest,
        verdict=f"{_VERDICTS[worst]}.",
        mark=MARKS[GRADES[worst]],
        checks=[
            (check.name, check.state.value, _mark(check.state), plain(check.detail, 200))
            for check in report.checks
        ],
        problems=tuple(_problems(report)),
        pictures=pictures,
        card=_card(report),
        monitoring=places.MONITORING if is_monitored else "",
    )


def _mark(state: CheckState) -> str:
    """The class that a check is shown in; a state that decides nothing is quiet."""
    return MARKS[GRADES[state]] if state in GRADES else "quiet"


def reason(problem: Problem) -> str:
    """What is wrong with a package, for the front page and the gist."""
    return _REASONS.get(problem.code) or problem.message.rstrip(".")


def _problems(report: VerificationReport) -> Iterator[str]:
    for check in report.checks:
        yield from (plain(f"{problem.message} {problem.hint}", 400) for problem in check.problems)


def _pictures(trace: Trace, status: ProjectStatus, frame: Frame) -> list[str]:
    file_paths = {file.path for file in status.files}
    hrefs: dict[Entity | str, str] = {
        artefact: frame.link(places.data(artefact.path))
        for artefact in trace.artefacts
        if artefact.path in file_paths
    }
    stages = {stage.name for stage in status.notebooks}
    hrefs |= {
        making.id: frame.link(places.notebook(making.stage))
        for making in trace.makings
        if making.stage in stages
    }
    return [lineage_graph.draw(trace, hrefs, room) for room in lineage_graph.ROOMS]


def _card(report: VerificationReport) -> str:
    """The card as HTML; HTML in it, such as a tag, is shown as text."""
    try:
        text = (report.folder / card.FILE).read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
    return card_text.shown(text)
