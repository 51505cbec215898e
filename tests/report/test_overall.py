"""The verdict on a whole build in words, a line for each reason."""

import pytest
from statuses import BASE, GATE, book, refused, stage

from stagebook.history.gates import judge
from stagebook.history.project_status import HeadlineMetric, ProjectStatus, StageState
from stagebook.history.verdict import Grade
from stagebook.report.site import overall
from stagebook.report.site.line import ListLine

DRIFT = ListLine("data/new.csv", "drift/data/new.csv.html", "drift in 1 of 2 columns", "bad")


@pytest.mark.parametrize(
    ("told", "lines", "grade", "reason"),
    [
        (book(), (), Grade.GOOD, "built and up to date"),
        (book(verdicts=(judge(GATE, 0.8),)), (), Grade.GOOD, "built and up to date"),
        (book(verdicts=(judge(GATE, 0.6),)), (), Grade.FAILED, "below its floor of 0.7"),
        (book(verdicts=(judge(BASE, 0.6),)), (), Grade.WARNINGS, "not compared"),
        (book(stage(StageState.FAILED, failed="timed out")), (), Grade.FAILED, "timed out"),
        (book(refused()), (), Grade.FAILED, "breaks its contract"),
        (book(stage(StageState.STALE)), (), Grade.WARNINGS, "is stale"),
        (book(stage(StageState.EDITED)), (), Grade.WARNINGS, "differ from dvc.lock"),
        (book(stage(StageState.NEVER)), (), Grade.FAILED, "was never built"),
        (book(stage(StageState.MISSING)), (), Grade.WARNINGS, "outputs that are missing"),
        (book(blind=("a",)), (), Grade.WARNINGS, "is unknown"),
        (book(edited=("data/x.csv",)), (), Grade.WARNINGS, "differs from dvc.lock"),
        (
            book(headlines=(HeadlineMetric("m.json", "auc", None, trouble="missing"),)),
            (),
            Grade.WARNINGS,
            "missing",
        ),
        (book(), (DRIFT,), Grade.WARNINGS, "drift in 1 of 2 columns"),
    ],
)
def test_a_build_is_good_has_warnings_or_failed_with_the_reason(
    told: ProjectStatus, lines: tuple[ListLine, ...], grade: Grade, reason: str
) -> None:
    found, reasons = overall.verdict(told, lines, ())
    assert found is grade
    assert reason in reasons[0].state


def test_failures_come_before_warnings() -> None:
    told = book(stage(StageState.STALE), verdicts=(judge(GATE, 0.6),))
    _, reasons = overall.verdict(told, (DRIFT,), ())
    assert [line.mark for line in reasons] == [
        "bad",
        "warned",
        "warned",
    ]


@pytest.mark.parametrize(("mark", "grade"), [("bad", Grade.FAILED), ("warned", Grade.WARNINGS)])
def test_a_models_line_is_its_reason(mark: str, grade: Grade) -> None:
    line = ListLine("late", "m.html", "x", mark)
    assert overall.verdict(book(), (), (line,)) == (grade, (line,))
