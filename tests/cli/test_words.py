"""What the command line makes of words: stages that a shell completes, groups without a verb."""

from pathlib import Path

import pytest
from click.shell_completion import ShellComplete
from click.testing import CliRunner

from stagebook.cli.main import main

FILES = ("1.0-fit.ipynb", "fetch.py", "Größe messen.ipynb")


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "pyproject.toml").write_text("[tool.stagebook]\n", encoding="utf-8")
    (tmp_path / "notebooks").mkdir()
    for name in FILES:
        (tmp_path / "notebooks" / name).write_text("# %%\nno notebook", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def completed(*words: str, incomplete: str = "") -> list[str]:
    shell = ShellComplete(main, {}, "stagebook", "_STAGEBOOK_COMPLETE")
    return [item.value for item in shell.get_completions(list(words), incomplete)]


@pytest.mark.usefixtures("project")
@pytest.mark.parametrize(
    "words",
    [("run",), ("log",), ("compare", "--stage"), ("compare", "--sweep"), ("report", "--page")],
)
def test_a_shell_completes_the_names_of_stages(words: tuple[str, ...]) -> None:
    assert completed(*words) == ["1-0-fit", "Größe messen", "fetch"]
    assert completed(*words, incomplete="f") == ["fetch"]


@pytest.mark.parametrize("verb", ["trace", "profile", "contract"])
def test_a_shell_completes_the_names_of_files(verb: str) -> None:
    shell = ShellComplete(main, {}, "stagebook", "_STAGEBOOK_COMPLETE")
    assert [item.type for item in shell.get_completions([verb], "d")] == ["file"]


@pytest.mark.parametrize("settings", [None, "[tool.stagebook]\nnonsense = 1\n", "[["])
def test_without_a_project_that_can_be_read_nothing_is_completed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, settings: str | None
) -> None:
    if settings is not None:
        (tmp_path / "pyproject.toml").write_text(settings, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    assert completed("run") == []


@pytest.mark.parametrize("words", [[], ["model"]])
def test_a_group_without_a_verb_prints_its_help_once(words: list[str]) -> None:
    ended = CliRunner().invoke(main, words)
    assert ended.exit_code == 2
    assert ended.output.count("Usage:") == 1
    assert "Error:" not in ended.output
