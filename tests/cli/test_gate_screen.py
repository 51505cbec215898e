"""`stagebook gate`: what it prints, and what it ends with."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
import spooled
from click.testing import CliRunner, Result
from spooled import put, record

from stagebook.cli.main import main

GATES = """[tool.stagebook.gates."metrics/fit.json:auc"]
floor = 0.6
drop = 0.1
[tool.stagebook.gates."metrics/fit.json:loss"]
ceiling = 0.5
"""


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    spooled.project(tmp_path, {"fit": ([], ["metrics/fit.json"])}, more=GATES)
    write(tmp_path, '{"auc": 0.7, "loss": 0.2}')
    monkeypatch.chdir(tmp_path)
    return tmp_path


def write(root: Path, text: str) -> None:
    (root / "metrics").mkdir(exist_ok=True)
    (root / "metrics/fit.json").write_text(text)


def gate(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["gate", *arguments])


def judged(*arguments: str) -> dict[str, Any]:
    judgement: dict[str, Any] = json.loads(gate(*arguments, "--json").stdout)
    return judgement


def test_each_gate_is_a_line_with_its_bounds(root: Path) -> None:
    done = gate()
    assert done.exit_code == 0
    auc, _ = (line for line in done.stdout.splitlines() if line.startswith("✓  "))
    assert re.findall(r"[\w./:]*\d[\w./:]*|metrics\S+", auc) == [
        "metrics/fit.json:auc",
        "0.7",
        "0.6",
        "0.1",
    ]
    verdict, _ = judged()["gates"]
    assert (verdict["holds"], verdict["base"]) == (True, None)
    assert verdict["notes"]


def test_all_that_fails_is_said_at_once(root: Path) -> None:
    write(root, '{"auc": NaN, "loss": 0.7}')
    assert gate().exit_code == 13
    verdicts = judged()["gates"]
    assert [(each["metric"], each["value"]) for each in verdicts if not each["holds"]] == [
        ("auc", "nan"),
        ("loss", 0.7),
    ]
    assert all(each["failures"] for each in verdicts)


def test_a_gate_for_nothing_is_a_mistake_and_no_failure_of_a_model(root: Path) -> None:
    write(root, '{"auc": 0.5, "los": 0.2}')
    assert gate().exit_code == 3
    judgement = judged()
    (problem,) = judgement["problems"]
    assert (problem["code"], "`los`" in problem["hint"]) == ("no-metric", True)
    auc = judgement["gates"][0]
    assert (auc["value"], auc["holds"]) == (0.5, False)
    assert "metrics/fit.json:auc" in gate().stdout  # is shown beside the mistake


def test_a_commit_that_is_not_there_is_an_error_unless_the_settings_name_it(root: Path) -> None:
    assert gate("--against", "nowhere").exit_code == 3
    with (root / "pyproject.toml").open("a") as file:
        file.write('[tool.stagebook.report]\nagainst = "nowhere"\n')
    done = gate()
    assert done.exit_code == 0
    assert "nowhere" in done.stderr


@pytest.mark.parametrize(
    ("outcome", "code"),
    [("failed", 1), ("refused by contract", 10), ("out of memory", 6), ("of another version", 1)],
)
def test_a_stage_that_failed_is_judged_before_any_metric(
    root: Path, outcome: str, code: int
) -> None:
    write(root, '{"auc": 0.1}')
    problem = {"code": "x", "message": "It broke.", "hint": "Mend it.", "where": None}
    put(
        root / ".stagebook",
        record("20260101T1-fit", "fit", repro="one", outcome=outcome, problems=[problem]),
    )
    done = gate()
    assert done.exit_code == code
    assert f"✗ fit {outcome}" in done.stdout
    assert problem["message"] in done.stderr
    assert "metrics/fit.json:auc" not in done.stdout
    assert done.stdout.splitlines()[-1].endswith(": dvc repro")


def test_what_was_never_built_is_no_success(root: Path) -> None:
    (root / "dvc.lock").unlink()
    done = gate()
    assert done.exit_code == 1
    assert done.stdout.splitlines()[-1].endswith(": dvc repro")
    (broken,) = judged()["broken"]
    assert (broken["stage"], broken["how"]) == ("fit", "never built")


def test_marks_of_a_merge_are_an_error(root: Path) -> None:
    (root / "dvc.lock").write_text("schema: '2.0'\n<<<<<<< ours\nstages:\n")
    assert gate().exit_code == 3


@pytest.mark.parametrize("text", [None, "", "stages: {}\n", "stages:\n<<<<<<< ours\n"])
def test_without_a_stage_there_is_nothing_to_judge(root: Path, text: str | None) -> None:
    (root / "dvc.yaml").unlink()
    if text is not None:
        (root / "dvc.yaml").write_text(text)
    assert gate().exit_code == 3


def test_json_has_no_word_that_json_does_not_know(root: Path) -> None:
    write(root, '{"auc": NaN, "loss": Infinity}')
    done = gate("--json")

    def refuse(word: str) -> None:
        raise AssertionError(word)

    told = json.loads(done.stdout, parse_constant=refuse)
    assert done.exit_code == told["exit_code"] == 13
    assert [one["value"] for one in told["gates"]] == ["nan", "inf"]
    assert [one["holds"] for one in told["gates"]] == [False, False]


def test_a_clone_without_outputs_was_not_built_unless_they_are_left_out_on_purpose(
    root: Path,
) -> None:
    spooled.project(root, {"fit": ([], ["model.pkl", "metrics/fit.json"])}, more=GATES)
    (root / "model.pkl").unlink()
    done = gate()
    assert done.exit_code == 1
    assert [broken["stage"] for broken in judged()["broken"]] == ["fit"]
    assert "dvc repro --pull" in done.stdout
    assert gate("--allow-missing").exit_code == 0


def test_a_metrics_file_that_cannot_be_read_is_named_with_the_reason(root: Path) -> None:
    write(root, "<<<<<<< ours")
    assert gate().exit_code == 3
    (problem,) = {each["code"]: each for each in judged()["problems"]}.values()
    assert problem["code"] == "bad-metrics"
    assert problem["where"]["file"] == "metrics/fit.json"


CONFLICT = "<<<<<<< HEAD\n{ours}\n=======\n{theirs}\n>>>>>>> branch\n"


@pytest.mark.parametrize(
    ("file", "ours", "theirs", "line"),
    [
        ("dvc.yaml", "stages:", "stages: {}", 1),
        ("dvc.lock", "schema: '2.0'", "schema: '2.1'", 1),
        ("metrics/fit.json", '{"auc": 0.7, "loss": 0.2}', '{"auc": 0.8, "loss": 0.2}', 1),
    ],
)
def test_the_markers_of_a_merge_are_named(
    root: Path, file: str, ours: str, theirs: str, line: int
) -> None:
    (root / file).write_text(CONFLICT.format(ours=ours, theirs=theirs))
    done = gate("--json")
    assert done.exit_code == 3
    problem = judged()["problems"][0]
    assert problem["code"] == "merge-conflict"
    assert problem["where"] == {"file": file, "cell": None, "line": line}


def test_a_params_file_with_the_markers_of_a_merge_makes_its_stage_stale(root: Path) -> None:
    values = json.loads((root / "dvc.yaml").read_text())
    values["stages"]["fit"]["params"] = [{"params/fit.yaml": None}]
    (root / "dvc.yaml").write_text(json.dumps(values))
    (root / "params").mkdir()
    (root / "params/fit.yaml").write_text(CONFLICT.format(ours="n: 1", theirs="n: 2"))
    done = gate("--json")
    assert done.exit_code == 14
    [broken] = json.loads(done.stdout)["broken"]
    assert broken["stage"] == "fit"
    assert "params/fit.yaml" in broken["how"]
