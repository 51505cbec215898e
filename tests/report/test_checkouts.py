"""What the site says in a checkout that lacks a commit, a branch or the older part of history."""

import hashlib
import json
import subprocess
import sys
from dataclasses import asdict
from importlib import metadata
from pathlib import Path

import pytest
import spooled
from folders import git
from spooled import put

from stagebook.pipeline import git as checkouts
from stagebook.project.errors import StagebookError
from stagebook.project.project import Project
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
        values = {
            "git": asdict(said) if isinstance(said, checkouts.Git) else None,
            "metrics": {"auc": auc},
        }
        if stage == "make":
            values["metrics"] = {}
        put(root / ".stagebook", spooled.execution(f"{day}T100000", stage, day, STAGES, **values))


def commit(root: Path) -> None:
    git(root, "commit", "-q", "--allow-empty", "-m", "more")


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
    assert "Metrics are not compared with main: this repository has no commit yet." in front
    assert "`Metrics are not compared with main: this repository has no commit yet.`" in gist
    assert "Built on 2026-01-01 at 10:00 UTC from `a folder without a commit`." in gist
    assert "no commit" in history
    assert "rewritten" not in history


def test_a_build_before_the_first_commit_is_compared_once_there_is_one(root: Path) -> None:
    git(root, "init", "-q", "-b", "main")
    build(root, "20260101")
    spooled.committed(root)
    (root / "metrics/train.json").write_text('{"auc": 0.8}')
    front, _, gist = told(root)
    assert "not compared" not in front
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
    assert "not compared" not in front  # the branch is there, though nobody is on it
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
    words = "only origin/main exists here. Compare with: --against origin/main"
    assert words in front
    assert words in gist
    compared = dict(reporting.site(Project.find(clone), "origin/main").pages())["index.html"]
    assert "against origin/main" in compared
    assert "not compared" not in compared


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
    words = "this clone is shallow and does not have that commit. To fetch a branch: "
    command = "git fetch origin main:main"
    assert f"{words}{command}" in front
    assert f"{words}{command}`" in gist
    git(clone, *command.split()[1:])
    front, history, gist = told(clone)
    assert "not compared" not in front + gist
    assert "shallow" not in history


def test_before_a_branchs_first_commit_only_what_no_branch_leads_to_is_lost(root: Path) -> None:
    git(root, "init", "-q", "-b", "main")
    commit(root)
    kept = git(root, "rev-parse", "HEAD")
    commit(root)
    loose = git(root, "rev-parse", "HEAD")
    git(root, "reset", "-q", "--hard", kept)
    git(root, "checkout", "-q", "--orphan", "new")
    assert checkouts.unreachable(root, {kept, loose}) == {loose}


def test_a_commit_that_is_lost_is_told_wherever_it_is_named(root: Path) -> None:
    git(root, "init", "-q", "-b", "main")
    commit(root)
    kept = git(root, "rev-parse", "HEAD")
    commit(root)
    built = git(root, "rev-parse", "HEAD")
    build(root, "20260101")
    words = f"commit {built[:10]} on main, with changes that are not in git"
    front, _, gist = told(root)
    assert words in front
    assert "no longer in git" not in front + gist
    git(root, "reset", "-q", "--hard", kept)
    front, _, gist = told(root)
    assert f"from {words}, which is no longer in git" in front
    assert f"from `{words}, which is no longer in git`" in gist
    assert f"Stagebook {metadata.version('stagebook')}, {words}, which is" in front


@pytest.mark.parametrize("name", ["HEAD^", "HEAD~3", "main^2"])
def test_an_ancestor_before_the_first_commit_is_no_error(root: Path, name: str) -> None:
    spooled.committed(root)
    build(root, "20260101")
    front = dict(reporting.site(Project.find(root), name).pages())["index.html"]
    reason = f"{name[:4]} has no such ancestor."
    assert f"Metrics are not compared with {name}: {reason}" in front
    assert "against" not in front.partition("</style>")[2].partition("Gates")[0]


def test_an_ancestor_that_a_shallow_clone_lacks_is_no_error_and_a_misspelt_branch_is(
    root: Path, tmp_path: Path
) -> None:
    spooled.committed(root)
    before = git(root, "rev-parse", "HEAD")
    commit(root)
    clone = tmp_path / "clone"
    git(tmp_path, "clone", "-q", "--depth", "1", root.as_uri(), str(clone))
    project = Project.find(clone)
    for name in ("HEAD^", before):
        gist = reporting.markdown(project, name, "")
        assert f"`Metrics are not compared with {name}: this clone is shallow" in gist
    for name in ("mian", "mian^", "mian~2"):
        with pytest.raises(StagebookError, match="knows no commit"):
            reporting.site(project, name)
    git(clone, "fetch", "-q", "--deepen", "50")
    assert "not compared" not in reporting.markdown(project, "HEAD^", "")


def test_a_clone_in_which_nothing_was_executed_names_its_commit(root: Path) -> None:
    spooled.committed(root)
    name = f"commit {git(root, 'rev-parse', 'HEAD')[:10]} on main"
    pages = dict(reporting.site(Project.find(root), None).pages())
    said = f"Nothing was executed here at {name}: the outputs of 2 stages came from DVC"
    assert said in pages["index.html"]
    assert f"checkout of {name}" in pages["notebooks/train.html"]
    gist = reporting.markdown(Project.find(root), None, "")
    assert f"Nothing was executed here at `{name}`: the outputs of 2 stages came from" in gist
    assert "Rebuilt" not in gist
    (root / "model.pkl").unlink()
    front = dict(reporting.site(Project.find(root), None).pages())["index.html"]
    assert f"Nothing was executed here at {name}, and some outputs are missing." in front


def test_outputs_that_are_not_what_dvc_lock_has_are_told(root: Path) -> None:
    (root / "data").mkdir(exist_ok=True)
    (root / "data/made.parquet").write_text("made")
    (root / "model.pkl").write_text("a model")
    lock = json.loads((root / "dvc.lock").read_text())
    for entry in lock["stages"].values():
        for one in (*entry["outs"], *entry["deps"]):
            if (root / one["path"]).exists():
                one["md5"] = hashlib.md5((root / one["path"]).read_bytes()).hexdigest()
    (root / "dvc.lock").write_text(json.dumps(lock))
    spooled.committed(root)
    subprocess.run([sys.executable, "-m", "dvc", "init", "-q"], cwd=root, check=True)
    project = Project.find(root)
    said = "the outputs of 2 stages came from DVC's cache and match dvc.lock"
    assert said in reporting.markdown(project, None, "")
    (root / "model.pkl").write_text("another")
    gist = reporting.markdown(project, None, "")
    assert "and `model.pkl` differs from dvc.lock" in gist
    assert (
        "⚠️ `late`: good, with warnings (`train`: `has outputs that differ from dvc.lock`)" in gist
    )
