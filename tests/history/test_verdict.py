"""The verdict on a whole build, with its reasons as values."""

from dataclasses import replace

import pytest
from spooled import recorded
from statuses import BASE, GATE, book, refused, stage

from stagebook.execution.outcome import CellRun
from stagebook.history.gates import judge
from stagebook.history.project_status import (
    HeadlineMetric,
    ProjectStatus,
    StageState,
    StageStatus,
)
from stagebook.history.verdict import (
    BuildEvidence,
    BuildVerdict,
    Grade,
    GradedFile,
    PageSubject,
    ReasonKind,
    evidence,
    gate_grade,
)
from stagebook.project.settings import Gate

DRIFT = GradedFile("data/new.csv", Grade.FAILED)


@pytest.mark.parametrize(
    ("status", "drifts", "grade", "kinds"),
    [
        (book(), (), Grade.GOOD, []),
        (book(verdicts=(judge(GATE, 0.8),)), (), Grade.GOOD, []),
        (book(verdicts=(judge(GATE, 0.6),)), (), Grade.FAILED, [ReasonKind.GATE_FAILED]),
        (book(verdicts=(judge(BASE, 0.6),)), (), Grade.WARNINGS, [ReasonKind.GATE_NOT_JUDGED]),
        (book(stage(StageState.FAILED, failed="x")), (), Grade.FAILED, [ReasonKind.FAILED]),
        (book(refused()), (), Grade.FAILED, [ReasonKind.CONTRACT_BROKEN]),
        (book(stage(StageState.STALE)), (), Grade.WARNINGS, [ReasonKind.STALE]),
        (book(stage(StageState.EDITED)), (), Grade.WARNINGS, [ReasonKind.EDITED]),
        (book(stage(StageState.NEVER)), (), Grade.FAILED, [ReasonKind.NEVER_BUILT]),
        (book(stage(StageState.MISSING)), (), Grade.WARNINGS, [ReasonKind.OUTPUTS_MISSING]),
        (book(stage(StageState.NOT_REACHED)), (), Grade.WARNINGS, [ReasonKind.NOT_REACHED]),
        (book(stage(StageState.UNKNOWN)), (), Grade.WARNINGS, [ReasonKind.UNKNOWN]),
        (book(blind=("a",)), (), Grade.WARNINGS, [ReasonKind.BUILD_UNKNOWN]),
        (book(edited=("data/x.csv",)), (), Grade.WARNINGS, [ReasonKind.FILE_EDITED]),
        (
            book(headlines=(HeadlineMetric("m.json", "auc", None, trouble="missing"),)),
            (),
            Grade.WARNINGS,
            [ReasonKind.METRIC_MISSING],
        ),
        (
            book(headlines=(HeadlineMetric("m.json", "auc", 0.7, edited=True),)),
            (),
            Grade.WARNINGS,
            [ReasonKind.METRIC_EDITED],
        ),
        (book(), (DRIFT,), Grade.WARNINGS, [ReasonKind.DRIFT]),
        (replace(book(), stages=()), (), Grade.FAILED, [ReasonKind.NO_STAGE]),
    ],
)
def test_a_build_is_good_has_warnings_or_failed_with_the_reason(
    status: ProjectStatus, drifts: tuple[GradedFile, ...], grade: Grade, kinds: list[ReasonKind]
) -> None:
    verdict = BuildVerdict.of(status, drifts)
    assert verdict.grade is grade
    assert [reason.kind for reason in verdict.reasons] == kinds


def test_an_output_that_was_edited_is_named_once() -> None:
    status = book(stage(StageState.EDITED), edited=("m.json", "other.csv"))
    reasons = BuildVerdict.of(status).reasons
    assert [reason.subject for reason in reasons] == ["train", "other.csv"]


def test_a_metric_that_is_not_there_is_named_once() -> None:
    absent = HeadlineMetric("m.json", "auc", None, trouble="missing")
    status = book(headlines=(absent,), verdicts=(judge(GATE, None),))
    assert [reason.subject for reason in BuildVerdict.of(status).reasons] == ["auc"]


def test_failures_come_before_warnings() -> None:
    status = book(stage(StageState.STALE), verdicts=(judge(GATE, 0.6),))
    assert [reason.kind for reason in BuildVerdict.of(status, (DRIFT,)).reasons] == [
        ReasonKind.GATE_FAILED,
        ReasonKind.STALE,
        ReasonKind.DRIFT,
    ]


@pytest.mark.parametrize(
    ("grade", "kind"),
    [(Grade.FAILED, ReasonKind.MODEL_REFUSED), (Grade.WARNINGS, ReasonKind.MODEL_WARNED)],
)
def test_a_model_counts(grade: Grade, kind: ReasonKind) -> None:
    models = (GradedFile("good", Grade.GOOD), GradedFile("late", grade))
    verdict = BuildVerdict.of(book(), (), models)
    assert verdict.grade is grade
    (reason,) = verdict.reasons
    assert (reason.kind, reason.subject, reason.place) == (kind, "late", 1)


def test_a_stage_by_hand_that_was_never_built_fails_the_build() -> None:
    by_hand = stage(StageState.OTHER)
    assert BuildVerdict.of(book(by_hand)).grade is Grade.GOOD
    (reason,) = BuildVerdict.of(book(by_hand, unbuilt=("train",))).reasons
    assert reason.kind is ReasonKind.NEVER_BUILT
    assert reason.stage == by_hand


def test_a_stage_whose_input_is_refused_has_no_executed_cells() -> None:
    table = {"contract": "lib:T", "holds": False, "paths": ["x.csv"], "role": "input"}
    record = recorded("a", tables=[table])
    assert stage(StageState.FAILED, record).is_input_refused
    assert not stage(StageState.EXECUTED, record).is_input_refused
    ran = replace(record.volatile, cells=(CellRun(1, 1.0, "completed"),))
    assert not stage(StageState.FAILED, replace(record, volatile=ran)).is_input_refused


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (book(recorded=False), BuildEvidence.CACHE),
        (book(stage(StageState.NEVER), recorded=False), BuildEvidence.NEVER_BUILT),
        (book(stage(StageState.MISSING), recorded=False), BuildEvidence.OUTPUTS_MISSING),
        (book(stage(StageState.STALE), recorded=False), BuildEvidence.STALE),
        (book(recorded=False, edited=("x.csv",)), BuildEvidence.EDITED),
        (book(recorded=False, blind=("a",)), BuildEvidence.UNREADABLE),
        (book(refused()), BuildEvidence.RECORDS),
    ],
)
def test_what_tells_of_the_last_build(status: ProjectStatus, expected: BuildEvidence) -> None:
    assert evidence(status) is expected


RAN = recorded("20260101-run")


@pytest.mark.parametrize(
    ("status", "colophon", "damaged", "subject"),
    [
        (stage(StageState.EXECUTED, RAN), "", (), PageSubject.NONE),
        (stage(StageState.NEVER, RAN), "20260101-run", (), PageSubject.NONE),
        (stage(StageState.EXECUTED, RAN), "20260101-run", (), PageSubject.CURRENT),
        (stage(StageState.EXECUTED, RAN), "20250101-run", (), PageSubject.OTHER_EXECUTION),
        (
            stage(StageState.EXECUTED, RAN),
            "20250101-run",
            ("20250101-run",),
            PageSubject.DAMAGED_RECORD,
        ),
        (stage(StageState.UNKNOWN), "20260101-run", (), PageSubject.UNKNOWN),
        (stage(StageState.MISSING), "20260101-run", (), PageSubject.OUTPUTS_GONE),
        (stage(StageState.UNCHANGED), "20260101-run", (), PageSubject.BUILT_ELSEWHERE),
    ],
)
def test_which_execution_a_page_is_about(
    status: StageStatus, colophon: str, damaged: tuple[str, ...], subject: PageSubject
) -> None:
    assert PageSubject.of(status, colophon, damaged) is subject


@pytest.mark.parametrize(
    ("gate", "value", "grade"),
    [
        (GATE, 0.8, Grade.GOOD),
        (GATE, 0.6, Grade.FAILED),
        (GATE, None, Grade.FAILED),
        (BASE, 0.6, Grade.WARNINGS),
    ],
)
def test_a_metric_has_the_grade_of_its_gate(gate: Gate, value: float | None, grade: Grade) -> None:
    assert gate_grade(judge(gate, value)) is grade
