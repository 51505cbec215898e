"""What the site says in a checkout that lacks a commit, a branch or the older part of history."""

import hashlib
import json
import re
import subprocess
import sys
from dataclasses import asdict
from importlib import metadata
from pathlib import Path

import pytest
import refusals
import spooled
from elements import Elements
from folders import git
from spooled import put

from stagebook.history.project_status import ProjectStatus
from stagebook.history.verdict import BuildEvidence, BuildVerdict, Reason, ReasonKind, evidence
from stagebook.pipeline import git as checkouts
from stagebook.pipeline.git import Git
from stagebook.project.project import Project
from stagebook.report.site import provenance
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


def status(root: Path, against: str | None = None) -> ProjectStatus:
    return reporting.site(Project.find(root), against).book


def front_page(root: Path, against: str | None = None) -> Elements:
    return Elements(dict(reporting.site(Project.find(root), against).pages())["index.html"])


def notes(front: Elements) -> list[str]:
    return front.texts("ul.notes li")


def told(root: Path) -> tuple[Elements, Elements, str]:
    """The front page, the history, and the gist."""
    project = Project.find(root)
    pages = dict(reporting.site(project, None).pages())
    gist = reporting.markdown(project, None, "")
    return Elements(pages["index.html"]), Elements(pages["history.html"]), gist


def test_before_the_first_commit_nothing_is_compared_and_nothing_is_lost(root: Path) -> None:
    git(root, "init", "-q", "-b", "main")
    build(root, "20260101")
    book = status(root)
    assert (book.built_from, book.started) == (None, "2026-01-01T10:00")
    assert (book.against, book.lost) == ("", frozenset())
    front, history, gist = told(root)
    [note] = notes(front)
    assert " main: " in note
    assert "no commit" in note
    assert f"> `{note}`" in gist
    [summary] = front.texts("#summary")
    assert f"from {provenance.commit(None)}: " in summary
    assert f"2026-01-01 at 10:00 UTC from `{provenance.commit(None)}`." in gist
    assert history.rows("details table")[1:] == [["no commit", "2026-01-01 10:00", "0.7"]]
    assert history.texts(".lost") == []


def test_a_build_before_the_first_commit_is_compared_once_there_is_one(root: Path) -> None:
    git(root, "init", "-q", "-b", "main")
    build(root, "20260101")
    spooled.committed(root)
    (root / "metrics/train.json").write_text('{"auc": 0.8}')
    book = status(root)
    assert (book.built_from, book.against) == (None, "main")
    [gate] = book.verdicts
    assert (gate.value, gate.base, gate.is_good) == (0.8, 0.7, True)
    front, _, gist = told(root)
    assert notes(front) == []
    assert f"from {provenance.commit(None)}: " in front.texts("#summary")[0]
    assert "| `auc` | 0.8 | 0.7 | ▲ +0.1 | ✅ " in gist


def test_a_detached_head_is_on_no_branch(root: Path) -> None:
    spooled.committed(root)
    git(root, "checkout", "-q", "--detach")
    build(root, "20260101")
    front, history, gist = told(root)
    name = git(root, "rev-parse", "HEAD")
    book = status(root)
    assert book.built_from is not None
    assert (book.built_from.commit, book.built_from.branch) == (name, None)
    assert (book.against, notes(front)) == ("main", [])  # it is there, though nobody is on it
    origin = f"commit {name[:10]} on no branch"
    assert f"from {origin}:" in front.texts("#summary")[0]
    assert f"from `{origin}`." in gist
    assert history.rows("details table")[1:] == [[name[:7], "2026-01-01 10:00", "0.7"]]


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
    [note] = notes(front)
    assert note.endswith(" --against origin/main")
    assert f"> `{note}`" in gist
    assert status(clone, "origin/main").against == "origin/main"
    compared = front_page(clone, "origin/main")
    assert "against origin/main" in compared.texts(".tile .change")[0]
    assert notes(compared) == []


def test_a_shallow_clone_does_not_take_older_commits_for_lost(root: Path, tmp_path: Path) -> None:
    spooled.committed(root)
    build(root, "20260101", 0.6)
    git(root, "checkout", "-q", "-b", "work")
    commit(root)
    build(root, "20260102")
    clone = tmp_path / "clone"
    git(tmp_path, "clone", "-q", "--depth", "1", "--branch", "work", root.as_uri(), str(clone))
    (root / ".stagebook").rename(clone / ".stagebook")
    book = status(clone)
    assert (book.shallow, len(book.lost)) == (True, 1)
    front, history, gist = told(clone)
    [lost] = history.texts(".lost")
    assert lost.startswith("1 ")
    assert "shallow" in lost
    newer, older = (row[0] for row in history.rows("details table")[1:])
    assert re.fullmatch("[0-9a-f]{7}", newer)
    assert re.fullmatch(r"[0-9a-f]{7} \(.* shallow .*\)", older)
    [note] = notes(front)
    command = re.search(r"git (fetch .*)", note)
    assert command is not None
    assert command[1] == "fetch origin main:main"
    assert f"> `{note}`" in gist
    git(clone, *command[1].split())
    front, history, gist = told(clone)
    assert notes(front) == []
    assert "> `" not in gist
    assert history.texts(".lost") == []
    assert "shallow" not in history.text


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
    dirty = checkouts.read(root, ())
    assert isinstance(dirty, Git)
    assert (dirty.commit, dirty.branch, dirty.dirty) == (built, "main", True)
    words = provenance.commit(dirty)
    assert not status(root).is_commit_lost
    front, _, gist = told(root)
    assert f"from {words}:" in front.texts("#summary")[0]
    assert f"from `{words}`." in gist
    git(root, "reset", "-q", "--hard", kept)
    book = status(root)
    assert book.is_commit_lost
    lost = provenance.built_from(book)
    assert lost.startswith(f"{words}, ")
    front, _, gist = told(root)
    assert f"from {lost}:" in front.texts("#summary")[0]
    assert f"from `{lost}`." in gist
    assert front.texts("footer p") == [f"Stagebook {metadata.version('stagebook')}, {lost}"]


@pytest.mark.parametrize("name", ["HEAD^", "HEAD~3", "main^2"])
def test_an_ancestor_before_the_first_commit_is_no_error(root: Path, name: str) -> None:
    spooled.committed(root)
    build(root, "20260101")
    assert status(root, name).against == ""
    front = front_page(root, name)
    [note] = notes(front)
    assert f" {name}: " in note
    assert f": {name[:4]} " in note
    assert not any("against" in change for change in front.texts(".tile .change"))


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
        [note] = status(clone, name).notes
        assert f" {name}: " in note
        assert "git fetch " in note
        assert f"> `{note[:100]}" in reporting.markdown(project, name, "")
    for name in ("mian", "mian^", "mian~2"):
        assert refusals.problem(reporting.site, project, name).code == "no-commit"
    git(clone, "fetch", "-q", "--deepen", "50")
    book = status(clone, "HEAD^")
    assert (book.against, book.notes) == ("HEAD^", ())


def test_a_clone_in_which_nothing_was_executed_names_its_commit(root: Path) -> None:
    spooled.committed(root)
    name = f"commit {git(root, 'rev-parse', 'HEAD')[:10]} on main"
    pages = dict(reporting.site(Project.find(root), None).pages())
    [summary] = Elements(pages["index.html"]).select("#summary")
    assert summary.attributes["data-evidence"] == "cache"
    assert f" at {name}: " in summary.text
    assert "2 stages" in summary.text
    assert Elements(pages["notebooks/train.html"]).texts("footer p")[0].endswith(f" of {name}")
    gist = reporting.markdown(Project.find(root), None, "")
    assert f" at `{name}`: " in gist
    assert "Rebuilt" not in gist
    (root / "model.pkl").unlink()
    [summary] = front_page(root).select("#summary")
    assert summary.attributes["data-evidence"] == "outputs_missing"
    assert f" at {name}, " in summary.text


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
    book = status(root)
    assert (book.edited, evidence(book)) == ((), BuildEvidence.CACHE)
    assert "2 stages" in reporting.markdown(project, None, "")
    (root / "model.pkl").write_text("another")
    book = status(root)
    assert (book.edited, evidence(book)) == (("model.pkl",), BuildEvidence.EDITED)
    assert BuildVerdict.of(book).reasons == (Reason(ReasonKind.EDITED, "train", book.stages[1]),)
    gist = reporting.markdown(project, None, "")
    assert "`model.pkl`" in gist
    assert gist.startswith("### ⚠️ `late`: ")
    assert "(`train`: `" in gist.splitlines()[0]
