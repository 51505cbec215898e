"""Ignore files get the lines that are missing, and keep the rest."""

from pathlib import Path

import pytest

from stagebook.pipeline import ignored
from stagebook.pipeline.resolved import DvcOutput
from stagebook.project.project import Project
from stagebook.project.settings import Settings


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
        ("a/\nb\n", "a/\nb\n"),
        ("x\r\n/b\r\n", "x\r\n/b\r\n/a/\r\n"),
        ("x\r\ny", "x\r\ny\r\n/a/\r\n/b\r\n"),
        ("\ufeff/a\r\n/b\r\n", "\ufeff/a\r\n/b\r\n"),
        ("/a/\n!/a/\n/b\n", "/a/\n!/a/\n/b\n"),
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


def test_an_output_that_nothing_ignores_has_the_line_that_dvc_would_write(tmp_path: Path) -> None:
    project = Project(tmp_path, Settings("flights"))
    outputs = (
        DvcOutput("a", "data/x.csv", unignored=True),
        DvcOutput("a", "data/deep/[1] #.csv", unignored=True),
        DvcOutput("b", "data/y.csv", unignored=True),
        DvcOutput("b", "z", unignored=True),
        DvcOutput("b", "metrics/b.json"),
        DvcOutput("c", ".stagebook/sources/c.py", unignored=True),
        DvcOutput("c", "runs/c.txt", unignored=True),
    )
    after = {change.path: change.after for change in ignored.changes(project, outputs)}
    assert sorted(after) == [".dvcignore", ".gitignore", "data/.gitignore", "data/deep/.gitignore"]
    assert after["data/.gitignore"] == "/x.csv\n/y.csv\n"
    assert after["data/deep/.gitignore"] == "/\\[1\\] \\#.csv\n"
    assert after[".gitignore"].splitlines()[-1] == "/z"


def test_an_ignore_file_keeps_its_bytes_whatever_they_are(tmp_path: Path) -> None:
    (tmp_path / ".gitignore").write_bytes(b"gr\xf6\xdfe\r\n")
    project = Project(tmp_path, Settings("flights"))
    for change in ignored.changes(project):
        change.write(tmp_path)
    assert (tmp_path / ".gitignore").read_bytes().startswith(b"gr\xf6\xdfe\r\n/.stagebook/\r\n")
