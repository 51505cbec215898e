"""`stagebook gate`: what it prints, and what it ends with."""

import json
from pathlib import Path

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


def test_each_gate_is_a_line_with_its_bounds(root: Path) -> None:
    done = gate()
    assert done.exit_code == 0
    assert "✓  metrics/fit.json:auc   0.7" in done.stdout
    assert "at least 0.6, at most 0.1 below the base" in done.stdout
    assert "not compared: no commit was given to compare with" in done.stdout


def test_all_that_fails_is_said_at_once(root: Path) -> None:
    write(root, '{"auc": NaN, "loss": 0.7}')
    done = gate()
    assert done.exit_code == 13
    assert "not finite" in done.stdout
    assert "above its ceiling of 0.5" in done.stdout


def test_a_gate_for_nothing_is_a_mistake_and_no_failure_of_a_model(root: Path) -> None:
    write(root, '{"auc": 0.5, "los": 0.2}')
    done = gate()
    assert done.exit_code == 3
    assert "Did you mean `los`?" in done.stderr
    assert "below its floor of 0.6" in done.stdout  # which is said all the same


def test_a_commit_that_is_not_there_is_an_error_unless_the_settings_name_it(root: Path) -> None:
    assert gate("--against", "nowhere").exit_code == 3
    with (root / "pyproject.toml").open("a") as file:
        file.write('[tool.stagebook.report]\nagainst = "nowhere"\n')
    done = gate()
    assert done.exit_code == 0
    assert "Nothing is compared with nowhere" in done.stderr


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
    assert "It broke." in done.stderr
    assert "floor" not in done.stdout
    assert "Put right what is wrong with fit, and build again: dvc repro\n" in done.stdout


def test_what_was_never_built_is_no_success(root: Path) -> None:
    (root / "dvc.lock").unlink()
    done = gate()
    assert (done.exit_code, "fit never built" in done.stdout) == (1, True)
    assert "Build: dvc repro\n" in done.stdout


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
    assert "✗ fit outputs missing" in done.stdout
    assert "Bring the outputs: dvc repro --pull" in done.stdout
    assert gate("--allow-missing").exit_code == 0


def test_a_metrics_file_that_cannot_be_read_is_named_with_the_reason(root: Path) -> None:
    write(root, "<<<<<<< ours")
    done = gate()
    assert done.exit_code == 3
    assert "metrics/fit.json" in done.stderr
    assert "It is no JSON" in done.stderr
