"""What git says of a project does not depend on who asks, and a failure is not an empty answer."""

import subprocess
from pathlib import Path

import folders
import pytest
from spooled import committed

from stagebook.pipeline import git, git_contents
from stagebook.pipeline.git import Git
from stagebook.pipeline.git_command import GitError, GitFailure, GitReason


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A project below a repository's top, with a dvc.lock that two commits and a merge changed."""
    folder = tmp_path / "team" / "a project"
    folder.mkdir(parents=True)
    (folder / "dvc.lock").write_text("first\n")
    (folder / "code.py").write_text("pass\n")
    committed(tmp_path)
    folders.git(tmp_path, "checkout", "-q", "-b", "side")
    change(folder, "second\n")
    folders.git(tmp_path, "checkout", "-q", "main")
    change(folder, "third\n")
    subprocess.run(["git", "merge", "-q", "side"], cwd=tmp_path, check=False, capture_output=True)
    change(folder, "merged\n")
    return folder


def change(folder: Path, text: str) -> None:
    (folder / "dvc.lock").write_text(text)
    folders.git(folder, "commit", "-q", "-a", "-m", text.strip())


def state(root: Path) -> Git:
    found = git.read(root, ("dvc.lock",))
    assert isinstance(found, Git)
    return found


SETTINGS = {
    "log.showSignature": "true",
    "log.follow": "true",
    "log.date": "relative",
    "format.pretty": "oneline",
    "core.abbrev": "4",
    "core.quotePath": "false",
    "core.pager": "false",
    "color.ui": "always",
    "diff.noprefix": "true",
    "diff.external": "false",
    "diff.renames": "copies",
    "diff.orderFile": "/dev/null",
    "status.showUntrackedFiles": "no",
    "status.branch": "true",
    "status.showStash": "true",
    "status.short": "true",
    "status.relativePaths": "true",
    "column.ui": "always",
    "i18n.logOutputEncoding": "UTF-16",
}


def test_the_config_of_a_person_changes_no_answer(root: Path) -> None:
    (root / "new.py").write_text("new\n")
    (root / "code.py").write_text("changed\n")
    head = git.require_commit(root, "HEAD")

    def answers() -> tuple[object, ...]:
        return (
            state(root),
            git.commits_of(root, "dvc.lock"),
            git.last_changes(root, "dvc.lock", head, 2),
            git.names(root),
            git.tips(root),
            git_contents.texts(root, ["HEAD:./dvc.lock", "HEAD:./nothing"]),
            git.unreachable(root, [head, "0" * 40]),
        )

    before = answers()
    for name, value in SETTINGS.items():
        folders.git(root, "config", name, value)
    assert answers() == before
    assert state(root).dirty


def test_every_content_of_a_file_is_found_with_its_commit(root: Path) -> None:
    found = git.commits_of(root, "dvc.lock")
    texts = dict(git_contents.blobs(root, [one.blob for one in found]))
    assert texts[found[0].blob] == "merged\n"
    assert sorted(texts[one.blob] for one in found) == [
        "first\n",
        "merged\n",
        "second\n",
        "third\n",
    ]
    assert [one.commit for one in found[:1]] == [git.require_commit(root, "main")]


def test_the_digest_of_changes_knows_contents_and_not_what_is_staged(root: Path) -> None:
    clean = state(root)
    assert (clean.dirty, clean.diff, clean.branch) == (False, None, "main")
    (root / "new.py").write_text("new\n")
    first = state(root).diff
    folders.git(root, "add", ".")
    assert state(root).diff == first
    (root / "new.py").write_text("newer\n")
    assert state(root).diff not in (None, first)


def test_a_branch_with_the_name_of_a_tag_keeps_its_name(root: Path) -> None:
    folders.git(root, "tag", "main")
    assert state(root).branch == "main"
    assert set(git.names(root)) == {"main", "side"}


def test_a_product_of_the_build_makes_no_code_dirty(root: Path) -> None:
    (root / "dvc.lock").write_text("built\n")
    assert not state(root).dirty


def test_before_the_first_commit_there_is_a_reason(tmp_path: Path) -> None:
    folders.git(tmp_path, "init", "-q")
    found = git.read(tmp_path, ())
    assert isinstance(found, GitFailure)
    assert found.reason == GitReason.NO_COMMIT.value
    assert git.commits_of(tmp_path, "dvc.lock") == ()
    assert git.tips(tmp_path) is None


@pytest.mark.parametrize("text", ["garbage\n", ""])
def test_a_branch_that_cannot_be_read_is_not_taken_for_no_commit(root: Path, text: str) -> None:
    top = Path(folders.git(root, "rev-parse", "--show-toplevel"))
    (top / ".git" / "refs" / "heads" / "main").write_text(text)
    found = git.read(root, ())
    assert isinstance(found, GitFailure)
    assert found.reason == GitReason.BROKEN.value


def test_no_question_takes_a_failure_for_an_empty_answer(tmp_path: Path) -> None:
    questions = (
        lambda: git.tips(tmp_path),
        lambda: git.commits_of(tmp_path, "dvc.lock"),
        lambda: list(git_contents.blobs(tmp_path, ["HEAD:./dvc.lock"])),
        lambda: git_contents.texts(tmp_path, ["HEAD:./dvc.lock"]),
        lambda: git.commit_named(tmp_path, "HEAD"),
        lambda: git.is_shallow(tmp_path),
        lambda: git.last_changes(tmp_path, "dvc.lock", "0" * 40, 2),
        lambda: git.names(tmp_path),
        lambda: git.unreachable(tmp_path, ["0" * 40]),
    )
    for question in questions:
        with pytest.raises(GitError) as raised:
            question()
        assert raised.value.failure.reason == GitReason.NO_REPOSITORY.value


@pytest.mark.parametrize("name", ["nothing", "HEAD@{7}", "HEAD^7", "a:b", "", "-x", "main@{u}"])
def test_a_name_that_is_of_no_commit_is_not_a_failure(root: Path, name: str) -> None:
    assert git.commit_named(root, name) is None


def test_a_clone_is_made_without_the_hooks_of_a_person(root: Path, tmp_path: Path) -> None:
    hooks = tmp_path / "hooks"
    hooks.mkdir()
    (hooks / "post-checkout").write_text(f"#!/bin/sh\ntouch '{tmp_path}/ran'\n")
    (hooks / "post-checkout").chmod(0o755)
    folders.git(root, "config", "core.hooksPath", str(hooks))
    first = git.commits_of(root, "dvc.lock")[-1].commit
    place = git.clone(root, first, tmp_path / "clone")
    assert (place / "dvc.lock").read_text() == "first\n"
    assert place == tmp_path / "clone" / "team" / "a project"
    assert not (tmp_path / "ran").exists()
    assert state(root).branch == "main"
