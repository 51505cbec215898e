"""A run under DVC takes what its build recorded, a run by hand what is there."""

from pathlib import Path

import pytest
import refusals
from folders import write

from stagebook.execution import taking
from stagebook.notebook.distributions import Installed
from stagebook.notebook.snapshot import StageSnapshot
from stagebook.pipeline.layout import Layout
from stagebook.project.project import Project
from stagebook.project.settings import parse_settings
from stagebook.workflow import sourcing

NOTEBOOK = """# %% [markdown]
# title

# %% tags=["parameters"]
n: int = 1

# %%
import helper, shared
"""
CHANGED = {
    "notebooks/fit.py": NOTEBOOK.replace("title", "another title"),
    "src/helper.py": "x = 2\n",
}


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    """A project in a build, after its stage ``sources``."""
    root = tmp_path / "project"
    write(root, {"notebooks/fit.py": NOTEBOOK, "src/helper.py": "x = 1\n"})
    write(tmp_path, {"beside/shared.py": "y = 1\n"})
    made = Project(root, parse_settings({"code": ["src", "../beside"]}, "p"))
    for change in Layout.read(made).changes:
        change.write(root)
    sourcing.sources(made)
    monkeypatch.setenv("DVC_STAGE", "fit")
    return made


def take(project: Project) -> tuple[StageSnapshot, list[str]]:
    installed = Installed.remembered(project.state)
    taken, warnings = taking.take(project, "fit", installed)
    return taken, [one.message for one in warnings if one.code == "newer-source"]


def refusal(project: Project) -> list[str]:
    return [problem.code for problem in refusals.problems(take, project)]


def test_nothing_is_newer_where_nothing_was_saved(project: Project) -> None:
    taken, newer = take(project)
    assert (taken.notebook.text, newer) == (NOTEBOOK, [])
    assert taken.folders == ("notebooks", "src", str(project.root.parent / "beside"))


@pytest.mark.parametrize("path", CHANGED)
def test_what_was_saved_since_is_left_to_the_next_build(project: Project, path: str) -> None:
    write(project.root, {path: CHANGED[path]})
    taken, newer = take(project)
    assert taken.notebook.text == NOTEBOOK
    assert taken.files == {"src/helper.py": b"x = 1\n"}
    (message,) = newer
    assert message.startswith(f"{path} ")
    assert " fit " in message


def test_a_notebook_that_cannot_be_read_any_more_is_newer_too(project: Project) -> None:
    write(project.root, {"notebooks/fit.py": "# %%\n"})
    assert len(take(project)[1]) == 1


def test_a_run_by_hand_takes_what_is_there(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(project.root, CHANGED)
    monkeypatch.delenv("DVC_STAGE")
    taken, newer = take(project)
    assert (taken.notebook.text, newer) == (CHANGED["notebooks/fit.py"], [])
    assert taken.files == {"src/helper.py": b"x = 2\n"}


def test_without_a_source_a_run_takes_what_is_there(project: Project) -> None:
    (project.root / ".stagebook" / "sources" / "fit.py").unlink()
    write(project.root, CHANGED)
    assert take(project)[0].notebook.text == CHANGED["notebooks/fit.py"]


def test_without_a_snapshot_the_project_stands_in_if_it_is_what_was_recorded(
    project: Project,
) -> None:
    (project.state / "snapshot.json").unlink()
    write(project.root, {"notebooks/fit.py": CHANGED["notebooks/fit.py"]})
    assert take(project)[0].notebook.text == CHANGED["notebooks/fit.py"]
    write(project.root, CHANGED)
    assert refusal(project) == ["source-changed"]


def test_without_a_snapshot_dvc_yaml_has_to_fit(project: Project) -> None:
    (project.state / "snapshot.json").unlink()
    file = project.root / "dvc.yaml"
    file.write_text(file.read_text().replace("    always_changed: true\n", ""), encoding="utf-8")
    assert refusal(project) == ["out-of-sync"]


def test_code_beside_the_project_runs_where_it_is_so_a_change_is_refused(project: Project) -> None:
    write(project.root.parent, {"beside/shared.py": "y = 1  # a comment\n"})
    assert take(project)[1] == []
    write(project.root.parent, {"beside/shared.py": "y = 2\n"})
    assert refusal(project) == ["source-changed"]
