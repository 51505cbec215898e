"""The verdict on a build in words: a line for each reason, or for what a good build has."""

from collections.abc import Iterator, Sequence

from stagebook.history.project_status import ProjectStatus, StageStatus
from stagebook.history.verdict import BuildVerdict, Grade, GradedFile, Reason, ReasonKind
from stagebook.project.text import counted, plain
from stagebook.report import metric_words
from stagebook.report.site import places, problems, provenance
from stagebook.report.site.line import MARKS, ListLine

WORDS = {
    Grade.GOOD: "Good",
    Grade.WARNINGS: "Good, with warnings",
    Grade.FAILED: "Failed",
}
"""The word for each grade."""

_STATES = {
    ReasonKind.NO_STAGE: "has no stage",
    ReasonKind.NEVER_BUILT: "was never built",
    ReasonKind.NOT_REACHED: "was not reached",
    ReasonKind.STALE: "is stale",
    ReasonKind.EDITED: "has outputs that differ from dvc.lock",
    ReasonKind.OUTPUTS_MISSING: "has outputs that are missing here",
    ReasonKind.UNKNOWN: "is unknown: its record cannot be read",
    ReasonKind.COULD_NOT_START: "could not start",
    ReasonKind.CONTRACT_BROKEN: "breaks its contract",
    ReasonKind.BUILD_UNKNOWN: "is unknown: a record cannot be read",
    ReasonKind.FILE_EDITED: "differs from dvc.lock",
    ReasonKind.METRIC_EDITED: "is not what the last build wrote",
}


def verdict(
    status: ProjectStatus, drifts: Sequence[ListLine], models: Sequence[ListLine]
) -> tuple[Grade, tuple[ListLine, ...]]:
    """The grade of the last build, and a line for each reason.

    Args:
        status: What is known of the project.
        drifts: A line for each table that is compared with a reference.
        models: A line for each packaged model.
    """
    judged = BuildVerdict.of(status, _findings(drifts), _findings(models))
    lines = tuple(_line(reason, status, drifts, models) for reason in judged.reasons)
    return judged.grade, lines or tuple(_praise(status))


def _findings(lines: Sequence[ListLine]) -> list[GradedFile]:
    return [GradedFile(line.name, line.grade) for line in lines]


def _line(
    reason: Reason,
    status: ProjectStatus,
    drifts: Sequence[ListLine],
    models: Sequence[ListLine],
) -> ListLine:
    mark = MARKS[reason.grade]
    match reason.kind:
        case ReasonKind.DRIFT:
            drift = drifts[reason.place]
            return ListLine(drift.name, drift.page, drift.state, mark, drift.words)
        case ReasonKind.MODEL_REFUSED | ReasonKind.MODEL_WARNED:
            return models[reason.place]
        case ReasonKind.BUILD_UNKNOWN:
            return ListLine("The last build", "", _STATES[reason.kind], mark)
    state, words = _state_words(reason, status)
    return ListLine(_names(reason), _page(reason, status), state, mark, words)


def _names(reason: Reason) -> str:
    """The subject; of a table in many files, each file by itself."""
    if reason.kind is ReasonKind.CONTRACT_BROKEN:
        return ", ".join(map(plain, reason.paths))
    return plain(reason.subject)


def _page(reason: Reason, status: ProjectStatus) -> str:
    if reason.stage is not None:
        return places.notebook(reason.stage.name) if reason.stage.node.notebook else ""
    is_metric = reason.headline is not None or reason.kind is ReasonKind.GATE_FAILED
    return places.HISTORY if is_metric and status.builds else ""


def _state_words(reason: Reason, status: ProjectStatus) -> tuple[str, tuple[str, ...]]:
    """The state in a few words, and more words about it."""
    if reason.kind is ReasonKind.FAILED and reason.stage is not None:
        return _failure(reason.stage)
    if reason.kind is ReasonKind.COULD_NOT_START and status.unstarted is not None:
        first = status.unstarted.problems[:1]
        return _STATES[reason.kind], tuple(
            plain(str(problem), problems.LONGEST) for problem in first
        )
    if reason.gate is not None and reason.kind is ReasonKind.GATE_FAILED:
        return metric_words.verdict(reason.gate), ()
    if reason.gate is not None:
        return ", ".join(map(plain, reason.gate.notes)), ()
    if reason.headline is not None and reason.headline.trouble:
        return reason.headline.trouble, ()
    in_doubt = reason.grade is Grade.WARNINGS and reason.stage is not None
    causes = reason.stage.stale if in_doubt and reason.stage is not None else ()
    return _STATES[reason.kind], (provenance.stale(causes),) if causes else ()


def _failure(stage: StageStatus) -> tuple[str, tuple[str, ...]]:
    """How a stage failed and in which cell, and its error in a line."""
    problem = stage.first_problem
    cell = f", cell {plain(problem.cell)}" if problem and problem.cell else ""
    words = (plain(problem.message, problems.LONGEST),) if problem and problem.message else ()
    return f"{plain(stage.failed, 60)}{cell}", words


def _praise(status: ProjectStatus) -> Iterator[ListLine]:
    """What a good build has behind it, one fact each."""
    mark = MARKS[Grade.GOOD]
    yield ListLine(counted(len(status.notebooks), "stage"), "", "built and up to date", mark)
    if status.verdicts:
        yield ListLine(counted(len(status.verdicts), "gate"), "", "passed", mark)
