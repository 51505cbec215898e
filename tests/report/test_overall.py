"""The verdict on a whole build in words, a line for each reason."""

import pytest
from statuses import BASE, GATE, book, refused, stage

from stagebook.history.gates import judge
from stagebook.history.project_status import HeadlineMetric, ProjectStatus, StageState
from stagebook.history.verdict import Grade
from stagebook.report.site import overall
from stagebook.report.site.line import ListLine

DRIFT = ListLine("data/new.csv", "drift/data/new.csv.html", "drift in 1 of 2 columns", "bad")
TIMED_OUT = ("train", "timed out")


@pytest.mark.parametrize(
    ("told", "lines", "grade", "reason"),
    [
        (book(), (), Grade.GOOD, ("1 stage", "built")),
        (book(verdicts=(judge(GATE, 0.8),)), (), Grade.GOOD, ("1 stage", "built")),
        (book(verdicts=(judge(GATE, 0.6),)), (), Grade.FAILED, ("auc", "floor of 0.7")),
        (book(verdicts=(judge(BASE, 0.6),)), (), Grade.WARNINGS, ("auc", "not compared")),
        (book(stage(StageState.FAILED, failed="timed out")), (), Grade.FAILED, TIMED_OUT),
        (book(refused()), (), Grade.FAILED, ("data/x.csv", "contract")),
        (book(stage(StageState.STALE)), (), Grade.WARNINGS, ("train", "stale")),
        (book(stage(StageState.EDITED)), (), Grade.WARNINGS, ("train", "dvc.lock")),
        (book(stage(StageState.NEVER)), (), Grade.FAILED, ("train", "never")),
        (book(stage(StageState.MISSING)), (), Grade.WARNINGS, ("train", "missing")),
        (book(blind=("a",)), (), Grade.WARNINGS, ("The last build", "unknown")),
        (book(edited=("data/x.csv",)), (), Grade.WARNINGS, ("data/x.csv", "dvc.lock")),
        (
            book(headlines=(HeadlineMetric("m.json", "auc", None, trouble="missing"),)),
            (),
            Grade.WARNINGS,
            ("auc", "missing"),
        ),
        (book(), (DRIFT,), Grade.WARNINGS, (DRIFT.name, DRIFT.state)),
    ],
)
def test_a_build_is_good_has_warnings_or_failed_with_the_reason(
    told: ProjectStatus, lines: tuple[ListLine, ...], grade: Grade, reason: tuple[str, str]
) -> None:
    found, reasons = overall.verdict(told, lines, ())
    assert found is grade
    assert reasons[0].name == reason[0]
    assert reason[1] in reasons[0].state


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
