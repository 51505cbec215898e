"""A stage gets the kernel that is set, or that its notebook names, or this Python."""

import json
import sys
from pathlib import Path

import pytest

from stagebook.execution import kernel
from stagebook.notebook.cells import Cell, Notebook
from stagebook.project.errors import Exit, StagebookError, Where
from stagebook.project.settings import StageSettings

WHERE = Where("notebooks/a.ipynb", 1)


def notebook(name: str | None, language: str | None = None) -> Notebook:
    return Notebook(WHERE.file, (), name, language)


@pytest.mark.parametrize(
    ("name", "language"),
    [
        ("conda-env-flights-py", "python"),
        ("conda-env-flights-py", None),
        ("python2", None),
        ("myenv", "python"),
        ("myenv", "Python"),
    ],
)
def test_this_python_takes_the_place_of_one_that_is_not_here(
    name: str, language: str | None
) -> None:
    spec, note = kernel.choose(notebook(name, language), StageSettings(), WHERE)
    assert spec.language == "python"
    assert f"`{name}`" in note
    assert sys.executable in note


def test_a_notebook_that_imports_stagebook_is_in_python_whatever_its_kernel_is_called() -> None:
    cell = Cell(1, "code", "from stagebook import Out\nx: Out = 'data/x.csv'")
    spec, note = kernel.choose(Notebook(WHERE.file, (cell,), "venv"), StageSettings(), WHERE)
    assert spec.language == "python"
    assert "`venv`" in note
    with pytest.raises(StagebookError):
        kernel.choose(Notebook(WHERE.file, (cell,), "ir", "R"), StageSettings(), WHERE)


@pytest.mark.parametrize("name", [None, "python3"])
def test_of_a_kernel_that_is_here_nothing_is_said(name: str | None) -> None:
    assert kernel.choose(notebook(name, "python"), StageSettings(), WHERE)[1] == ""


@pytest.mark.parametrize(
    ("name", "language", "setting"),
    [
        ("ir", "R", None),
        ("ir", None, None),
        ("julia-1.9", "julia", None),
        ("python3", "python", "conda-env-flights-py"),
    ],
)
def test_another_language_or_a_setting_is_not_replaced(
    name: str, language: str | None, setting: str | None
) -> None:
    with pytest.raises(StagebookError) as caught:
        kernel.choose(notebook(name, language), StageSettings(kernel=setting), WHERE)
    assert [problem.code for problem in caught.value.problems] == ["no-kernel"]
    assert caught.value.exit_code is Exit.ENVIRONMENT


def test_a_kernel_of_another_language_that_is_here_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "kernels" / "bash"
    folder.mkdir(parents=True)
    spec = {"argv": ["bash", "{connection_file}"], "display_name": "Bash", "language": "bash"}
    (folder / "kernel.json").write_text(json.dumps(spec), encoding="utf-8")
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path))
    with pytest.raises(StagebookError) as caught:
        kernel.choose(notebook("bash", "bash"), StageSettings(), WHERE)
    assert [problem.code for problem in caught.value.problems] == ["other-python"]


OTHERS = ["/opt/other/bin/python", "-m", "ipykernel_launcher", "-f", "{connection_file}"]


def install(folder: Path, name: str, argv: list[str], **more: object) -> None:
    spec = folder / "kernels" / name
    spec.mkdir(parents=True)
    values = {"argv": argv, "display_name": name, "language": "python", **more}
    (spec / "kernel.json").write_text(json.dumps(values), encoding="utf-8")


@pytest.fixture
def jupyter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder in which Jupyter looks for kernels first, such as the one in a person's home."""
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path))
    return tmp_path


@pytest.mark.parametrize("named", ["python3", None])
def test_python3_is_this_python_whatever_kernelspec_has_the_name(
    jupyter: Path, named: str | None
) -> None:
    install(jupyter, "python3", OTHERS)
    assert kernel.choose(notebook(named), StageSettings(), WHERE)[0].argv[0] == sys.executable


def test_a_kernelspec_of_this_python_keeps_its_environment(jupyter: Path) -> None:
    install(jupyter, "python3", [sys.executable, *OTHERS[1:]], env={"A": "b"})
    assert kernel.choose(notebook("python3"), StageSettings(), WHERE)[0].env == {"A": "b"}


def test_another_name_for_another_python_is_refused(jupyter: Path) -> None:
    install(jupyter, "other", OTHERS)
    with pytest.raises(StagebookError) as caught:
        kernel.choose(notebook("other"), StageSettings(), WHERE)
    assert [one.code for one in caught.value.problems] == ["other-python"]
