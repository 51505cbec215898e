"""The lines that end a build say where a person finds its pages, also in a clone."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
import spooled
from statuses import BASE, GATE, book, refused, stage

from stagebook.cli import summary_screen
from stagebook.history.gates import judge
from stagebook.history.history import History
from stagebook.history.project_status import HeadlineMetric, ProjectStatus, StageState
from stagebook.history.staleness import Cause, CauseKind
from stagebook.history.summary import Summary
from stagebook.history.verdict import BuildVerdict
from stagebook.project.errors import StagebookError
from stagebook.project.project import Project
from stagebook.record.record import Record
from stagebook.workflow import records

LOCAL = "sqlite:////a/mlflow.db"
BUILT = spooled.recorded("20260102T030405-fit", "fit", git={"commit": "c" * 40, "dirty": False})
MOVED = Cause(CauseKind.FAILED, "fit")


def summary_of(status: ProjectStatus, uri: str = LOCAL, site: str = "") -> Summary:
    return Summary(status, BuildVerdict.of(status), "runs", uri, site=site)


def lines(status: ProjectStatus, capsys: Any, uri: str = LOCAL, site: str = "") -> dict[str, str]:
    """The printed lines, each by its first word."""
    summary_screen.show(summary_of(status, uri, site))
    return {
        word: rest.strip()
        for word, _, rest in (line.partition(" ") for line in capsys.readouterr().out.splitlines())
    }


def fitted(state: StageState, record: Record | None) -> ProjectStatus:
    return book(stage(state, record, name="fit"))


@pytest.mark.parametrize("site", ["", "site/index.html"])
def test_where_a_stage_was_built_all_its_places_are_named(site: str, capsys: Any) -> None:
    printed = lines(fitted(StageState.EXECUTED, BUILT), capsys, site=site)
    assert printed["built"] == "late at commit cccccccccc: fit"
    assert ("site/index.html · runs/*.html" in printed["look"]) == bool(site)
    assert "mlflow ui" in printed["look"]
    assert printed["look"].endswith("http://127.0.0.1:5000")


@pytest.mark.parametrize(
    ("uri", "site", "places"),
    [
        (LOCAL, "site/index.html", "site/index.html"),
        (LOCAL, "", "stagebook report"),
        ("http://a:5000", "site/index.html", "site/index.html · http://a:5000"),
    ],
)
@pytest.mark.parametrize("record", [None, spooled.recorded("", "fit")])
def test_a_clone_names_no_page_that_it_does_not_have(
    record: Record | None, uri: str, site: str, places: str, capsys: Any
) -> None:
    printed = lines(fitted(StageState.UNCHANGED, record), capsys, uri, site)
    assert printed["built"] == "late elsewhere: fit"
    assert printed["look"].endswith(places)


def test_a_stage_that_is_not_as_it_should_be_has_its_state_beside_it(capsys: Any) -> None:
    stages = (
        stage(StageState.EXECUTED, name="fit", record=BUILT),
        stage(StageState.UNCHANGED, name="carried"),
        stage(StageState.STALE, name="old", stale=(MOVED,)),
        stage(StageState.FAILED, name="judge", failed="crashed"),
        stage(StageState.MISSING, name="plot"),
    )
    printed = lines(book(*stages), capsys)["built"]
    assert printed.partition(": ")[2].split(", ") == [
        "fit",
        "carried (not built here)",
        "old (stale)",
        "judge (crashed)",
        "plot (outputs missing)",
    ]


def test_a_failed_gate_and_a_broken_contract_are_said_and_a_passed_gate_is_not(
    capsys: Any,
) -> None:
    assert "failed" not in lines(book(verdicts=(judge(GATE, 0.8), judge(BASE, 0.6))), capsys)
    assert GATE.name in lines(book(verdicts=(judge(GATE, 0.6),)), capsys)["failed"]
    (path, *_) = refused().broken_tables[0].paths
    assert path in lines(book(refused()), capsys)["failed"]


def test_json_has_the_verdict_and_the_state_of_each_stage() -> None:
    stages = (
        stage(StageState.EXECUTED, name="fit", record=BUILT),
        stage(StageState.FAILED, name="judge", failed="crashed"),
    )
    values = json.loads(json.dumps(summary_screen.as_json(summary_of(book(*stages)))))
    assert values["verdict"] == "failed"
    assert values["states"] == {"fit": "executed", "judge": "crashed"}
    assert values["stages"] == {"fit": json.loads(json.dumps(BUILT.as_json())), "judge": None}


def test_a_headline_of_a_stage_that_failed_has_no_value_and_says_why(
    tmp_path: Path, capsys: Any
) -> None:
    more = 'headline = ["metrics/judge.json:auc"]\n'
    spooled.project(tmp_path, {"judge": ([], ["metrics/judge.json"])}, more=more)
    project = Project.find(tmp_path)
    failed = stage(StageState.FAILED, name="judge", stale=(Cause(CauseKind.FAILED, "judge"),))
    metric = HeadlineMetric("metrics/judge.json", "auc", None, trouble="missing", stage=failed)
    summary = Summary.of(project, book(failed, headlines=(metric,)))
    summary_screen.show(summary)
    (score,) = [line for line in capsys.readouterr().out.splitlines() if line.startswith("score")]
    assert {"auc", "judge", "failed"} <= set(re.findall(r"\w+", score))
    assert summary_screen.as_json(summary)["headline"] == {"auc": None}


@pytest.mark.parametrize(
    ("text", "code"),
    [(None, "no-metrics"), ('{"loss": 1.0}', "no-metric")],
)
def test_a_headline_without_a_value_is_a_problem_where_its_stage_is_current(
    tmp_path: Path, text: str | None, code: str
) -> None:
    more = 'headline = ["metrics/judge.json:auc"]\n'
    spooled.project(tmp_path, {"judge": ([], ["metrics/judge.json"])}, more=more)
    if text is not None:
        (tmp_path / "metrics").mkdir()
        (tmp_path / "metrics/judge.json").write_text(text)
    project = Project.find(tmp_path)
    trouble = HeadlineMetric("metrics/judge.json", "auc", None, trouble="missing")
    with pytest.raises(StagebookError) as raised:
        Summary.of(project, book(headlines=(trouble,)))
    assert [problem.code for problem in raised.value.problems] == [code]


@pytest.mark.parametrize("name", ["dvc.yaml", "dvc.lock"])
def test_a_file_that_a_merge_has_marked_is_a_problem(tmp_path: Path, name: str) -> None:
    spooled.project(tmp_path, {"judge": ([], ["data/judge.csv"])})
    (tmp_path / name).write_text("<<<<<<< HEAD\nstages: {}\n=======\nstages:\n>>>>>>> other\n")
    project = Project.find(tmp_path)
    with History.open(project.state):  # a project that has a history
        pass
    with pytest.raises(StagebookError) as raised:
        records.summary(project)
    assert {problem.where.file for problem in raised.value.problems if problem.where} == {name}
