"""Ignore files get the lines that are missing, and keep the rest."""

from pathlib import Path

import pytest

from stagebook.pipeline import ignored
from stagebook.project import Project
from stagebook.settings import Settings


@pytest.mark.parametrize(
    ("text", "rendered"),
    [
        ("", "/a/\n/b\n"),
        ("x\n", "x\n/a/\n/b\n"),
        ("x", "x\n/a/\n/b\n"),
        ("/b\n", "/b\n/a/\n"),
        ("/a\n/b\n", "/a\n/b\n"),
        ("  /a/  \n/b", "  /a/  \n/b"),
        ("#/a/\n/b\n", "#/a/\n/b\n/a/\n"),
    ],
)
def test_only_lines_that_are_missing_are_added(text: str, rendered: str) -> None:
    assert ignored.render(("/a/", "/b"), text) == rendered
    assert ignored.render(("/a/", "/b"), rendered) == rendered


def test_the_state_and_the_runs_are_ignored_by_git(tmp_path: Path) -> None:
    project = Project(tmp_path, Settings("flights", runs="out/runs"))
    git, dvc = ignored.changes(project)
    assert {"/.stagebook/", "/out/runs/"} < set(git.after.splitlines())
    assert "__pycache__" in dvc.after.splitlines()


def test_a_project_that_ignores_them_needs_no_change(tmp_path: Path) -> None:
    project = Project(tmp_path, Settings("flights"))
    for change in ignored.changes(project):
        change.write(tmp_path)
    assert [change.needed for change in ignored.changes(project)] == [False, False]
