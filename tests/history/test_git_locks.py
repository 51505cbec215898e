"""Each dvc.lock in git counts, and each ``.dvc`` file, whatever its name and its folder."""

from pathlib import Path

import folders
import pytest
from spooled import committed

from stagebook.history import git_locks
from stagebook.history.history import History
from stagebook.history.lineage import tracing
from stagebook.history.past_locks import PastLocks
from stagebook.pipeline import git, repository, tracked_files
from stagebook.project.errors import StagebookError
from stagebook.project.project import Project

OLD, NEW, RAW = "a" * 32, "b" * 32, "c" * 32


def written(out: str, md5: str, dep: str = "in.csv", read: str = RAW) -> str:
    files = f"    deps:\n    - path: {dep}\n      md5: {read}\n    outs:\n    - path: {out}\n"
    return f"schema: '2.0'\nstages:\n  join:\n    cmd: x\n{files}      md5: {md5}\n"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A project below a repository's top, with locks below its root that two commits changed."""
    root = tmp_path / "a project"
    other = root / "vendor" / "other"
    files = {
        "pyproject.toml": '[project]\nname = "p"\n[tool.stagebook]\n',
        "raw/über uns/dvc.yaml": "stages: {}\n",
        "raw/über uns/dvc.lock": written("../all.csv", OLD),
        "vendor/other/.dvc/config": "",
        "vendor/other/dvc.lock": written("theirs.csv", OLD),
    }
    folders.write(root, files)
    committed(tmp_path)
    (root / "raw/über uns/dvc.lock").write_text(written("../all.csv", NEW), encoding="utf-8")
    (other / "dvc.lock").write_text(written("theirs.csv", NEW), encoding="utf-8")
    (root / "dvc.lock").write_text(written("top.csv", NEW, "raw/all.csv", NEW), encoding="utf-8")
    folders.commit(root, "second")
    (root / "raw/über uns/dvc.lock").unlink()
    folders.commit(root, "third")
    return root


def test_locks_below_the_root_are_found_also_if_they_are_gone(root: Path) -> None:
    assert git_locks.below(root) == ("raw/über uns/dvc.lock",)
    head = git.require_commit(root, "HEAD")
    assert git_locks.at(root, head) == {}
    assert list(git_locks.at(root, git.require_commit(root, "HEAD~1"))) == ["raw/über uns/dvc.lock"]
    assert len(git.last_changes(root, "dvc.lock", head, 9)) == 3


def test_the_history_of_a_lock_has_the_paths_of_the_root(root: Path) -> None:
    with History.open(Project.find(root).state) as history:
        locks = PastLocks(root, history.index)
        assert locks.refresh() is None
        assert locks.contents("raw/all.csv") == (NEW, OLD)
        for md5, commits in ((OLD, 1), (NEW, 1)):
            (past,) = locks.wrote("raw/all.csv", md5)
            assert past.entry.stage == "raw/über uns/dvc.yaml:join"
            assert [one.path for one in past.entry.deps] == ["raw/über uns/in.csv"]
            assert len(past.commits) == commits
        assert not locks.contents("theirs.csv")
        assert not locks.contents("vendor/other/theirs.csv")


def test_a_trace_follows_locks_below_the_root_in_git(root: Path) -> None:
    project = Project.find(root)
    found = tracing.trace(project, "raw/all.csv", root, at="HEAD~2", down=False)
    assert [(one.path, one.md5) for one in found.raw] == [("raw/über uns/in.csv", RAW)]
    found = tracing.trace(project, "top.csv", root, at=None, down=False)
    assert [one.stage for one in found.makings] == ["raw/über uns/dvc.yaml:join", "join"]
    with pytest.raises(StagebookError) as raised:
        tracing.trace(project, "theirs.csv", root, at="HEAD~2", down=False)
    assert raised.value.problems[0].code == "unknown-trace"


@pytest.mark.parametrize(
    ("file", "text", "path"),
    [
        ("data/x.csv.dvc", "outs:\n- {md5: %s, path: x.csv}\n", "data/x.csv"),
        ("tracked/first.dvc", "outs:\n- {md5: %s, path: ../data/x.csv}\n", "data/x.csv"),
        ("first.dvc", "wdir: data\nouts:\n- {md5: %s, path: x.csv}\n", "data/x.csv"),
        ("data.dvc", "outs:\n- {path: y, md5: d}\n- {md5: %s, path: data}\n", "data"),
    ],
)
def test_a_dvc_file_has_any_name(tmp_path: Path, file: str, text: str, path: str) -> None:
    (tmp_path / file).parent.mkdir(exist_ok=True)
    (tmp_path / file).write_text(text % RAW)
    (tmp_path / "broken.dvc").write_text("outs: [")
    files = repository.tracking_files(tmp_path)
    found = tracked_files.tracked(tmp_path, path, files)
    assert found is not None
    assert (found[0], found[1] and found[1].md5) == (file, RAW)
    inside = tracked_files.tracked(tmp_path, "data/part/z.csv", files)
    assert (inside is not None) is (path == "data")
    assert tracked_files.tracked(tmp_path, "data2", files) is None
