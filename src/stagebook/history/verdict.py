"""The verdict on the last build with its reasons: one answer for gate, site and gist."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Self

from stagebook.history.gates import GateVerdict
from stagebook.history.project_status import (
    HeadlineMetric,
    ProjectStatus,
    StageState,
    StageStatus,
)


class Grade(Enum):
    """How good a build is, or something that it left."""

    GOOD = "good"
    WARNINGS = "good, with warnings"
    FAILED = "failed"


class ReasonKind(Enum):
    """What a reason is about; the value names it in programs."""

    COULD_NOT_START = "could not start"
    NO_STAGE = "no stage"
    NEVER_BUILT = "never built"
    FAILED = "failed"
    CONTRACT_BROKEN = "contract broken"
    GATE_FAILED = "gate failed"
    MODEL_REFUSED = "model refused"
    NOT_REACHED = "not reached"
    STALE = "stale"
    EDITED = "edited"
    OUTPUTS_MISSING = "outputs missing"
    UNKNOWN = "unknown"
    BUILD_UNKNOWN = "build unknown"
    FILE_EDITED = "file edited"
    METRIC_MISSING = "metric missing"
    METRIC_EDITED = "metric edited"
    GATE_NOT_JUDGED = "gate not judged"
    DRIFT = "drift"
    MODEL_WARNED = "model warned"


class BuildEvidence(Enum):
    """The evidence that there is for the last build."""

    COULD_NOT_START = "a stage could not start"
    RECORDS = "records"
    UNREADABLE = "records that cannot be read"
    NEVER_BUILT = "nothing was built"
    OUTPUTS_MISSING = "nothing was executed here, and outputs are missing"
    STALE = "nothing was executed here, and stages are stale"
    EDITED = "nothing was executed here, and outputs were edited"
    CACHE = "nothing was executed here, and all outputs are there"


class PageSubject(Enum):
    """Which execution the page of a stage's notebook is about."""

    NONE = "no whole page, or none of a build"
    CURRENT = "the one whose outputs are there"
    DAMAGED_RECORD = "one whose record cannot be read"
    UNKNOWN = "the last one here, while a record that cannot be read may be of a later one"
    OUTPUTS_GONE = "the last one here, whose outputs are missing"
    BUILT_ELSEWHERE = "the last one here, while the outputs came from DVC's cache"
    OTHER_EXECUTION = "another one"

    @classmethod
    def of(cls, stage: StageStatus, colophon: str, damaged: Collection[str]) -> Self:
        """The subject of a page.

        Args:
            stage: The stage.
            colophon: The end of its page, which names its record; empty without a whole page.
            damaged: Ids of the records that cannot be read.
        """
        if not colophon or stage.state is StageState.NEVER:
            return cls.NONE
        if any(name in colophon for name in damaged):
            return cls.DAMAGED_RECORD
        if stage.state is StageState.UNKNOWN:
            return cls.UNKNOWN
        if stage.record is None:
            is_missing = stage.state is StageState.MISSING
            return cls.OUTPUTS_GONE if is_missing else cls.BUILT_ELSEWHERE
        return cls.CURRENT if stage.record.id in colophon else cls.OTHER_EXECUTION


_FAILURES = frozenset(
    {
        ReasonKind.COULD_NOT_START,
        ReasonKind.NO_STAGE,
        ReasonKind.NEVER_BUILT,
        ReasonKind.FAILED,
        ReasonKind.CONTRACT_BROKEN,
        ReasonKind.GATE_FAILED,
        ReasonKind.MODEL_REFUSED,
    }
)
_DOUBTS = {
    StageState.NOT_REACHED: ReasonKind.NOT_REACHED,
    StageState.STALE: ReasonKind.STALE,
    StageState.EDITED: ReasonKind.EDITED,
    StageState.MISSING: ReasonKind.OUTPUTS_MISSING,
    StageState.UNKNOWN: ReasonKind.UNKNOWN,
}


@dataclass(frozen=True, slots=True)
class GradedFile:
    """How good another room found a file: a packaged model, or a table with a reference.

    Attributes:
        name: The file's name.
        grade: How good it is.
    """

    name: str
    grade: Grade


@dataclass(frozen=True, slots=True)
class Reason:
    """One thing that makes a build less than good.

    Attributes:
        kind: What it is about.
        subject: The stage, file, metric, gate or model.
        stage: The stage, if it is about one or about what it read or wrote.
        headline: The metric, if it is about one that the project shows first.
        gate: The verdict, if it is about a gate.
        place: Position among the findings of its kind, counted from 0.
        paths: The files of the table, if it is about a contract.
    """

    kind: ReasonKind
    subject: str
    stage: StageStatus | None = None
    headline: HeadlineMetric | None = None
    gate: GateVerdict | None = None
    place: int = 0
    paths: tuple[str, ...] = ()

    @property
    def grade(self) -> Grade:
        """The best grade that a build can have with it."""
        return Grade.FAILED if self.kind in _FAILURES else Grade.WARNINGS


@dataclass(frozen=True, slots=True)
class BuildVerdict:
    """The verdict on a build.

    Attributes:
        grade: How good it is.
        reasons: What makes it so, the worst first; empty for a good one.
    """

    grade: Grade
    reasons: tuple[Reason, ...]

    @classmethod
    def of(
        cls,
        status: ProjectStatus,
        drifts: Sequence[GradedFile] = (),
        models: Sequence[GradedFile] = (),
    ) -> Self:
        """The verdict on the last build.

        Args:
            status: What is known of the project.
            drifts: Each table that is compared with a reference.
            models: Each packaged model.
        """
        failures = (
            *_failed(status),
            *_broken_contracts(status),
            *_gates(status),
            *_findings(models, ReasonKind.MODEL_REFUSED, Grade.FAILED),
        )
        doubts = (
            *_stages(status),
            *_values(status),
            *_findings(drifts, ReasonKind.DRIFT, Grade.WARNINGS, Grade.FAILED),
            *_findings(models, ReasonKind.MODEL_WARNED, Grade.WARNINGS),
        )
        reasons = (*failures, *doubts)
        grade = Grade.FAILED if failures else Grade.WARNINGS if doubts else Grade.GOOD
        return cls(grade, reasons)


def _failed(status: ProjectStatus) -> Iterator[Reason]:
    """What could not start, failed, or was never built."""
    if status.unstarted is not None:
        yield Reason(ReasonKind.COULD_NOT_START, status.unstarted.stage)
    if not status.stages:
        yield Reason(ReasonKind.NO_STAGE, "dvc.yaml")
    for stage in status.stages:
        by_hand = stage.state is StageState.OTHER and stage.name in status.unbuilt
        if by_hand or stage.state is StageState.NEVER:
            yield Reason(ReasonKind.NEVER_BUILT, stage.name, stage)
        elif stage.state is StageState.FAILED:
            yield Reason(ReasonKind.FAILED, stage.name, stage)


def _broken_contracts(status: ProjectStatus) -> Iterator[Reason]:
    """The tables that break their contracts, except those that a stage failed for."""
    for stage in status.stages:
        if stage.state is not StageState.FAILED:
            for table in stage.broken_tables:
                names = ", ".join(table.paths)
                yield Reason(ReasonKind.CONTRACT_BROKEN, names, stage, paths=table.paths)


def _gates(status: ProjectStatus) -> Iterator[Reason]:
    for verdict in status.verdicts:
        if not verdict.holds:
            yield Reason(ReasonKind.GATE_FAILED, verdict.gate.name, gate=verdict)


def _findings(findings: Sequence[GradedFile], kind: ReasonKind, *grades: Grade) -> Iterator[Reason]:
    for place, finding in enumerate(findings):
        if finding.grade in grades:
            yield Reason(kind, finding.name, place=place)


def _stages(status: ProjectStatus) -> Iterator[Reason]:
    for stage in status.stages:
        if stage.state in (StageState.FAILED, StageState.NEVER):
            continue
        kind = _DOUBTS.get(stage.state) or (ReasonKind.STALE if stage.stale else None)
        if kind is not None:
            yield Reason(kind, stage.name, stage)


def _values(status: ProjectStatus) -> Iterator[Reason]:
    """Values and outputs that are not what the last build left."""
    if status.blind:
        yield Reason(ReasonKind.BUILD_UNKNOWN, status.blind[-1])
    edited = [stage for stage in status.stages if stage.state is StageState.EDITED]
    named = {path for stage in edited for path in stage.node.outs}
    for path in status.edited or ():
        if path not in named:
            yield Reason(ReasonKind.FILE_EDITED, path)
    for metric in status.headlines:
        verdict = status.verdict(metric.file, metric.name)
        if verdict is not None and not verdict.holds:
            continue  # the gate says it
        if metric.trouble or metric.edited:
            kind = ReasonKind.METRIC_MISSING if metric.trouble else ReasonKind.METRIC_EDITED
            yield Reason(kind, metric.name, headline=metric)
    for verdict in status.verdicts:
        if verdict.holds and not verdict.judged:
            yield Reason(ReasonKind.GATE_NOT_JUDGED, verdict.gate.name, gate=verdict)


def evidence(status: ProjectStatus) -> BuildEvidence:
    """The evidence for the last build, or what is there without one."""
    if status.unstarted is not None:
        return BuildEvidence.COULD_NOT_START
    if status.recorded and any(stage.record for stage in status.stages):
        return BuildEvidence.RECORDS
    if status.blind:
        return BuildEvidence.UNREADABLE
    states = {stage.state for stage in status.notebooks}
    if not states or StageState.NEVER in states:
        return BuildEvidence.NEVER_BUILT
    if StageState.MISSING in states:
        return BuildEvidence.OUTPUTS_MISSING
    if StageState.STALE in states:
        return BuildEvidence.STALE
    return BuildEvidence.EDITED if status.edited else BuildEvidence.CACHE


def gate_grade(verdict: GateVerdict) -> Grade:
    """How good a metric is by its gate."""
    if not verdict.holds:
        return Grade.FAILED
    return Grade.GOOD if verdict.is_good else Grade.WARNINGS
