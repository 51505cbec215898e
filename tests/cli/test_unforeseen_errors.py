"""An error that nobody foresaw prints one line, and a file has the whole report."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from stagebook.cli.main import main
from stagebook.project import crashes
from stagebook.workflow import records

SECRET = "sesame-open-7781"


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "pyproject.toml").write_text('[project]\nname = "x"\n[tool.stagebook]\n')
    (tmp_path / ".stagebook").mkdir()
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    "error", [ZeroDivisionError(f"at {SECRET}\nmore"), FileNotFoundError(2, "gone"), KeyError("a")]
)
def test_a_verb_prints_one_line_and_names_the_report(
    project: Path, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    monkeypatch.setenv("A_TOKEN", SECRET)

    def broken(_: object) -> None:
        raise error

    monkeypatch.setattr(records, "summary", broken)
    ran = CliRunner().invoke(main, ["summary", "--json"])
    assert ran.exit_code == 1
    (problem,) = json.loads(ran.stdout)["problems"]
    assert problem["code"] == "internal-error"
    assert type(error).__name__ in problem["message"]
    (report,) = (project / ".stagebook/crashes").iterdir()
    assert f".stagebook/crashes/{report.name}" in problem["hint"]
    assert "Traceback" in report.read_text()
    assert SECRET not in report.read_text() + ran.output


def test_an_error_whose_text_cannot_be_made_is_named(tmp_path: Path) -> None:
    class OddError(Exception):
        def __str__(self) -> str:
            raise ValueError

    assert crashes.summary(OddError()) == "OddError"
    state = tmp_path / ".stagebook"
    state.mkdir()
    assert ".stagebook/crashes/x.txt" in crashes.report(OddError(), state, "x").hint
    assert (state / "crashes/x.txt").exists()
