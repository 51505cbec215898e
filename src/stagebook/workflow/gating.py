"""The verb that judges a build: whether it ended well, and whether its metrics are good enough."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from stagebook.execution.outcome import Outcome
from stagebook.history.gates import GateVerdict
from stagebook.history.history import History
from stagebook.project.errors import Exit, Problem, StagebookError, Where
from stagebook.project.project import Project

if TYPE_CHECKING:
    from stagebook.history.project_status import ProjectStatus, StageState, StageStatus
    from stagebook.history.verdict import ReasonKind


@dataclass(frozen=True, slots=True)
class BrokenStage:
    """A stage that keeps a build from being judged by its metrics.

    Attributes:
        stage: The stage.
        how: How it ended, in words.
        exit_code: Its exit code.
        problems: What was wrong.
        failed: Whether it failed or could not start; otherwise it was not built.
        missing: Whether only its outputs are missing, which a remote may have.
    """

    stage: str
    how: str
    exit_code: Exit
    problems: tuple[Problem, ...] = ()
    failed: bool = False
    missing: bool = False


@dataclass(frozen=True, slots=True)
class GateJudgement:
    """The judgement of a build.

    Attributes:
        broken: Its stages that did not end well; then no metric was checked.
        verdicts: The verdict of each gate, if no stage is broken.
        against: The commit that metrics were compared with; empty for none.
        notes: What a reader should know.
    """

    broken: tuple[BrokenStage, ...]
    verdicts: tuple[GateVerdict, ...]
    against: str
    notes: tuple[str, ...]

    @property
    def exit_code(self) -> Exit:
        """The code of the first stage that failed, or else that of the gates."""
        if self.broken:
            return self.broken[0].exit_code
        if any(verdict.problem for verdict in self.verdicts):
            return Exit.INVALID
        return Exit.DONE if all(verdict.holds for verdict in self.verdicts) else Exit.OUT_OF_BOUNDS

    def as_json(self) -> dict[str, Any]:
        """This judgement as plain values."""
        return {
            "exit_code": self.exit_code,
            "broken": [
                {
                    "stage": item.stage,
                    "how": item.how,
                    "exit_code": item.exit_code,
                    "problems": [problem.as_json() for problem in item.problems],
                }
                for item in self.broken
            ],
            "against": self.against or None,
            "gates": [verdict.as_json() for verdict in self.verdicts],
            "problems": [verdict.problem.as_json() for verdict in self.verdicts if verdict.problem],
        }


def judge(
    project: Project,
    against: str | None,
    *,
    allow_missing: bool = False,
    allow_stale: bool = False,
    cold: bool = False,
) -> GateJudgement:
    """Judges the last build: how its stages ended, and then its metrics by their gates.

    Args:
        project: The project.
        against: A commit to compare metrics with; None for that of the settings.
        allow_missing: Whether outputs in ``dvc.lock`` may be missing, as in a clone.
        allow_stale: Whether metrics are judged even if something changed since the build.
        cold: Whether a stage that ran in a warm process is refused.

    Raises:
        StagebookError: dvc.yaml or dvc.lock is invalid, or no stage or commit was found.
    """
    from stagebook.history import status_reading
    from stagebook.history.project_status import StageState

    with History.open(project.state) as history:
        status = status_reading.read(project, history, against)
    status.require_readable()
    if not status.stages:
        message = "The project has no stage, so there is no build to check."
        raise StagebookError(
            Problem("no-stages", message, "Run: stagebook sync", Where("dvc.yaml"))
        )
    accepted = {StageState.MISSING} if allow_missing else set()
    accepted |= {StageState.STALE} if allow_stale else set()
    broken = tuple(_broken(status, accepted)) or tuple(_warm(status) if cold else ())
    return GateJudgement(broken, () if broken else status.verdicts, status.against, status.notes)


def _warm(status: "ProjectStatus") -> Iterator[BrokenStage]:
    """The stages whose outputs were made in warm processes."""
    for stage in status.stages:
        if stage.record is not None and stage.record.volatile.warm:
            how = "ran in a warm process; build it again with STAGEBOOK_WARM=0 dvc repro --force"
            yield BrokenStage(stage.name, how, Exit.STALE)


def _broken(status: "ProjectStatus", accepted: Collection["StageState"]) -> Iterator[BrokenStage]:
    """The stages that did not end well: first the failed ones, then the others in their order."""
    from stagebook.history.verdict import BuildVerdict, ReasonKind

    first = (ReasonKind.COULD_NOT_START, ReasonKind.FAILED)
    order = {stage.name: place for place, stage in enumerate(status.stages)}
    reasons = sorted(
        BuildVerdict.of(status).reasons,
        key=lambda reason: (reason.kind not in first, order.get(reason.subject, -1)),
    )
    for reason in reasons:
        unstarted = status.unstarted
        if reason.kind is ReasonKind.COULD_NOT_START and unstarted is not None:
            yield BrokenStage(
                unstarted.stage,
                "could not start",
                unstarted.exit_code,
                unstarted.problems,
                failed=True,
            )
        elif reason.stage is not None and reason.stage.state not in accepted:
            yield from _broken_stage(reason.kind, reason.stage)


def _broken_stage(kind: "ReasonKind", stage: "StageStatus") -> Iterator[BrokenStage]:
    from stagebook.history.project_status import StageState
    from stagebook.history.verdict import ReasonKind

    match kind:
        case ReasonKind.FAILED:
            problems = stage.record.problems if stage.record else ()
            code = _exit_code(stage.failed)
            yield BrokenStage(stage.name, stage.failed, code, problems, failed=True)
        case ReasonKind.NEVER_BUILT:
            yield BrokenStage(stage.name, StageState.NEVER.value, Exit.FAILED)
        case ReasonKind.NOT_REACHED:
            yield BrokenStage(stage.name, stage.word, Exit.FAILED)
        case ReasonKind.OUTPUTS_MISSING:
            yield BrokenStage(stage.name, stage.word, Exit.FAILED, missing=True)
        case ReasonKind.STALE | ReasonKind.EDITED:
            if stage.state in (StageState.STALE, StageState.EDITED):
                words = "; ".join(cause.words for cause in stage.stale)
                yield BrokenStage(stage.name, f"{stage.word}: {words}", Exit.STALE)


def _exit_code(outcome: str) -> Exit:
    try:
        return Outcome(outcome).exit_code
    except ValueError:  # the record is of another version
        return Exit.FAILED
