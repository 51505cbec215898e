"""What the site says in a checkout that lacks a commit, a branch or the older part of history."""

import subprocess
from dataclasses import asdict
from pathlib import Path

import pytest
import spooled
from spooled import put

from stagebook.project import Project
from stagebook.record import git as checkouts
from stagebook.workflow import reporting

STAGES = {
    "make": (["data/raw.csv"], ["data/made.parquet"]),
    "train": (["data/made.parquet"], ["model.pkl", "metrics/train.json"]),
}
SETTINGS = """headline = ["metrics/train.json:auc"]
[tool.stagebook.report]
against = "main"
[tool.stagebook.gates."metrics/train.json:auc"]
drop = 0.2
rise = 0.3
"""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A project with a metric that git may come to know."""
    root = spooled.project(tmp_path / "project", STAGES, more=SETTINGS)
    (root / "metrics").mkdir()
    (root / "metrics/train.json").write_text('{"auc": 0.7}')
    (root / ".gitignore").write_text(".stagebook/\n")
    return root


def build(root: Path, day: str, auc: float = 0.7) -> None:
    """Leaves the records of a build, with what git really says."""
    said = checkouts.read(root, ())
    for stage in STAGES:
        values = {"git": asdict(said) if said else None, "metrics": {"auc": auc}}
        if stage == "make":
            values["metrics"] = {}
        put(root / ".stagebook", spooled.execution(f"{day}T100000", stage, day, STAGES, **values))


def git(root: Path, *arguments: str) -> str:
    done = subprocess.run(
        ["git", *arguments], cwd=root, check=True, capture_output=True, encoding="utf-8"
    )
    return done.stdout.strip()


def commit(root: Path) -> None:
    who = ("-c", "user.name=Someone", "-c", "user.email=someone@example.org")
    git(root, *who, "commit", "-q", "--allow-empty", "-m", "more")


def told(root: Path) -> tuple[str, str, str]:
    """The front page, the history, and the gist."""
    project = Project.find(root)
    pages = dict(reporting.site(project, None).pages())
    return pages["index.html"], pages["history.html"], reporting.markdown(project, None, "")


def test_before_the_first_commit_nothing_is_compared_and_nothing_is_lost(root: Path) -> None:
    git(root, "init", "-q", "-b", "main")
    build(root, "20260101")
    front, history, gist = told(root)
    assert "from a folder without a commit" in front
    assert "Nothing is compared with main: this repository has no commit yet." in front
    assert "`Nothing is compared with main: this repository has no commit yet.`" in gist
    assert "Built on 2026-01-01 at 10:00 UTC from `a folder without a commit`." in gist
    assert "no commit" in history
    assert "rewritten" not in history


def test_a_build_before_the_first_commit_is_compared_once_there_is_one(root: Path) -> None:
    git(root, "init", "-q", "-b", "main")
    build(root, "20260101")
    spooled.committed(root)
    (root / "metrics/train.json").write_text('{"auc": 0.8}')
    front, _, gist = told(root)
    assert "Nothing is compared" not in front
    assert "from a folder without a commit" in front
    assert (
        "| `auc` | 0.8 | 0.7 | ▲ +0.1 | ✅ at most 0.2 below `main`, at most 0.3 above `main` |"
        in gist
    )


def test_a_detached_head_is_on_no_branch(root: Path) -> None:
    spooled.committed(root)
    git(root, "checkout", "-q", "--detach")
    build(root, "20260101")
    front, history, gist = told(root)
    name = git(root, "rev-parse", "HEAD")[:10]
    assert f"from commit {name} on no branch:" in front
    assert f"from `commit {name} on no branch`." in gist
    assert "Nothing is compared" not in front  # the branch is there, though nobody is on it
    assert "no longer in git" not in history


def test_a_branch_that_only_the_remote_has_is_named_as_it_is_here(
    root: Path, tmp_path: Path
) -> None:
    spooled.committed(root)
    clone = tmp_path / "clone"
    git(tmp_path, "clone", "-q", str(root), str(clone))
    git(clone, "checkout", "-q", "--detach")
    git(clone, "branch", "-q", "-D", "main")
    build(clone, "20260101")
    front, _, gist = told(clone)
    words = "it is here as origin/main alone. Compare with: --against origin/main"
    assert words in front
    assert words in gist
    compared = dict(reporting.site(Project.find(clone), "origin/main").pages())["index.html"]
    assert "against origin/main" in compared
    assert "Nothing is compared" not in compared


def test_a_shallow_clone_does_not_take_older_commits_for_lost(root: Path, tmp_path: Path) -> None:
    spooled.committed(root)
    build(root, "20260101", 0.6)
    git(root, "checkout", "-q", "-b", "work")
    commit(root)
    build(root, "20260102")
    clone = tmp_path / "clone"
    git(tmp_path, "clone", "-q", "--depth", "1", "--branch", "work", root.as_uri(), str(clone))
    (root / ".stagebook").rename(clone / ".stagebook")
    front, history, gist = told(clone)
    assert "rewritten" not in history
    assert "(not in this shallow clone)" in history
    assert "1 commit of these builds cannot be looked up: the clone is shallow." in history
    words = "this clone is shallow and does not have it. If it is a branch, fetch it: "
    command = "git fetch origin main:main"
    assert f"{words}{command}" in front
    assert f"{words}{command}`" in gist
    git(clone, *command.split()[1:])
    front, history, gist = told(clone)
    assert "Nothing is compared" not in front + gist
    assert "shallow" not in history


def test_before_a_branchs_first_commit_only_what_no_branch_leads_to_is_lost(root: Path) -> None:
    git(root, "init", "-q", "-b", "main")
    commit(root)
    kept = git(root, "rev-parse", "HEAD")
    commit(root)
    loose = git(root, "rev-parse", "HEAD")
    git(root, "reset", "-q", "--hard", kept)
    git(root, "checkout", "-q", "--orphan", "new")
    assert checkouts.lost(root, {kept, loose}) == {loose}
