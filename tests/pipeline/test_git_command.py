"""Git runs in the given folder, and each of its failures has its own problem code."""

import subprocess
from pathlib import Path

import pytest
from spooled import committed

from stagebook.pipeline import git_command
from stagebook.pipeline.git_command import GitError, GitReason
from stagebook.project.errors import Exit


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A repository with one commit."""
    folder = tmp_path / "zwei Wörter"
    folder.mkdir()
    (folder / "file").write_text("one\n")
    committed(folder)
    return folder


def reason(folder: Path) -> str:
    with pytest.raises(GitError) as raised:
        git_command.run(folder, "status", "--porcelain")
    is_here = raised.value.failure.reason == GitReason.NO_REPOSITORY.value
    assert raised.value.exit_code == (Exit.INVALID if is_here else Exit.ENVIRONMENT)
    assert raised.value.problems[0].code == raised.value.failure.reason
    assert raised.value.failure.hint
    return raised.value.failure.reason


def program(tmp_path: Path, text: str) -> Path:
    """A folder with a program that is called git."""
    folder = tmp_path / "bin"
    folder.mkdir()
    (folder / "git").write_text(text)
    (folder / "git").chmod(0o755)
    return folder


def test_git_that_is_not_installed(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert reason(root) == GitReason.NOT_INSTALLED.value


def test_git_that_cannot_be_started(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(program(tmp_path, "no program")))
    assert reason(root) == GitReason.BROKEN.value


def test_a_folder_outside_of_any_repository(tmp_path: Path) -> None:
    assert reason(tmp_path) == GitReason.NO_REPOSITORY.value


def test_a_repository_of_somebody_else(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = subprocess.run(["which", "git"], capture_output=True, text=True, check=True).stdout
    script = f'#!/bin/sh\nGIT_TEST_ASSUME_DIFFERENT_OWNER=1 exec {own.strip()} "$@"\n'
    path = program(tmp_path, script)
    monkeypatch.setenv("PATH", f"{path}:/usr/bin:/bin")
    monkeypatch.setenv("LC_ALL", "de_DE.UTF-8")
    assert reason(root) == GitReason.REFUSED.value
    with pytest.raises(GitError) as raised:
        git_command.run(root, "rev-parse", "HEAD")
    assert "safe.directory" in raised.value.failure.hint


@pytest.mark.parametrize("file", ["HEAD", "config"])
def test_a_repository_that_is_broken(root: Path, file: str) -> None:
    (root / ".git" / file).write_text("[no key\n")
    assert reason(root) == GitReason.BROKEN.value


def test_a_worktree_whose_repository_is_gone(tmp_path: Path) -> None:
    (tmp_path / ".git").write_text("gitdir: /nowhere/at/all\n")
    assert reason(tmp_path) == GitReason.BROKEN.value


def test_variables_of_git_lead_to_no_other_repository(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = tmp_path / "other"
    other.mkdir()
    (other / "file").write_text("two\n")
    committed(other)
    monkeypatch.setenv("GIT_DIR", str(other / ".git"))
    monkeypatch.setenv("GIT_WORK_TREE", str(other))
    monkeypatch.setenv("GIT_INDEX_FILE", str(tmp_path / "index"))
    monkeypatch.setenv("GIT_CONFIG_COUNT", "1")
    monkeypatch.setenv("GIT_CONFIG_KEY_0", "core.bare")
    monkeypatch.setenv("GIT_CONFIG_VALUE_0", "true")
    _, text = git_command.run(root, "show", "HEAD:file")
    assert text == b"one\n"
    assert not {"GIT_DIR", "GIT_INDEX_FILE", "GIT_CONFIG_COUNT"} & git_command.inherited().keys()


@pytest.mark.parametrize("by", ["count", "file"])
def test_a_repository_that_a_person_trusts_by_variables_is_read(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, by: str
) -> None:
    own = subprocess.run(["which", "git"], capture_output=True, text=True, check=True).stdout
    script = f'#!/bin/sh\nGIT_TEST_ASSUME_DIFFERENT_OWNER=1 exec {own.strip()} "$@"\n'
    monkeypatch.setenv("PATH", f"{program(tmp_path, script)}:/usr/bin:/bin")
    assert reason(root) == GitReason.REFUSED.value
    if by == "file":
        (tmp_path / "config").write_text("[safe]\n\tdirectory = *\n")
        monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(tmp_path / "config"))
    else:
        entries = (("core.bare", "true"), ("Safe.Directory", "*"))
        monkeypatch.setenv("GIT_CONFIG_COUNT", "2")
        for place, (key, value) in enumerate(entries):
            monkeypatch.setenv(f"GIT_CONFIG_KEY_{place}", key)
            monkeypatch.setenv(f"GIT_CONFIG_VALUE_{place}", value)
    assert git_command.run(root, "show", "HEAD:file")[1] == b"one\n"
