"""Git merges ``dvc.lock`` through the driver, in each of the commands that merge."""

import subprocess
from pathlib import Path

import pytest
from folders import WHO, git, write
from lock_texts import lock_of

from stagebook.pipeline.git_setup.environment import own_python
from stagebook.pipeline.git_setup.git_setup import GitSetup


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A repository with the branches ``left`` and ``right``, which built neighbouring stages."""
    root = tmp_path / "a project"
    root.mkdir()
    git(root, "init", "-q", "-b", "main")
    git(root, "config", "user.name", "Someone")
    git(root, "config", "user.email", "someone@example.org")
    GitSetup.missing(root).write(root)
    save(root, a=0, b=0, c=0)
    git(root, "branch", "right")
    git(root, "switch", "-q", "-c", "left")
    save(root, a=1, b=0, c=0)
    git(root, "switch", "-q", "right")
    save(root, a=0, b=2, c=0)
    git(root, "switch", "-q", "left")
    return root


def save(root: Path, **versions: int) -> None:
    """Commits a lock."""
    write(root, {"sub folder/dvc.lock": lock_of(**versions)})
    git(root, "add", "-A")
    git(root, "commit", "-q", "--allow-empty", "-m", str(versions))


def lock(root: Path) -> str:
    return (root / "sub folder/dvc.lock").read_text()


def is_stopped(root: Path, *command: str) -> bool:
    ended = subprocess.run(["git", *WHO, *command], cwd=root, capture_output=True, check=False)
    return ended.returncode != 0


@pytest.mark.parametrize(
    "command",
    [
        ("merge", "-q", "--no-edit", "right"),
        ("merge", "-q", "--no-edit", "-s", "recursive", "right"),
        ("rebase", "-q", "right"),
        ("rebase", "-q", "--apply", "right"),
        ("cherry-pick", "right"),
        ("pull", "-q", "--no-rebase", "--no-edit", ".", "right"),
    ],
    ids=" ".join,
)
def test_stages_that_one_side_built_never_conflict(root: Path, command: tuple[str, ...]) -> None:
    git(root, *command)
    assert lock(root) == lock_of(a=1, b=2, c=0)
    assert git(root, "status", "--porcelain") == ""


def test_a_stash_is_applied_to_a_lock_that_was_built_since(root: Path) -> None:
    write(root, {"sub folder/dvc.lock": lock_of(a=1, b=0, c=7)})
    git(root, "stash", "-q")
    git(root, "merge", "-q", "--no-edit", "right")
    git(root, "stash", "pop")
    assert lock(root) == lock_of(a=1, b=2, c=7)


def test_a_revert_takes_back_one_build(root: Path) -> None:
    save(root, a=1, b=5, c=0)
    git(root, "revert", "--no-edit", "HEAD^")
    assert lock(root) == lock_of(a=0, b=5, c=0)


def test_a_conflict_is_git_s_own_to_see_and_to_end(root: Path) -> None:
    save(root, a=1, b=3, c=0)
    assert is_stopped(root, "merge", "-q", "right")
    assert git(root, "diff", "--name-only", "--diff-filter=U") == "sub folder/dvc.lock"
    assert lock(root).count("<<<<<<<") == 1
    git(root, "merge", "--abort")
    assert lock(root) == lock_of(a=1, b=3, c=0)


def test_branches_that_were_merged_crosswise_are_merged_again(root: Path) -> None:
    git(root, "branch", "first")
    git(root, "merge", "-q", "--no-edit", "right")
    git(root, "switch", "-q", "right")
    git(root, "merge", "-q", "--no-edit", "first")
    save(root, a=1, b=2, c=8)
    git(root, "switch", "-q", "left")
    save(root, a=9, b=2, c=0)
    git(root, "merge", "-q", "--no-edit", "right")
    assert lock(root) == lock_of(a=9, b=2, c=8)


def test_a_crosswise_conflict_that_both_resolved_alike_is_none(root: Path) -> None:
    save(root, a=1, b=3, c=0)
    git(root, "branch", "first")
    assert is_stopped(root, "merge", "-q", "right")
    save(root, a=1, b=4, c=0)
    git(root, "switch", "-q", "right")
    assert is_stopped(root, "merge", "-q", "first")
    save(root, a=1, b=4, c=6)
    git(root, "switch", "-q", "left")
    git(root, "merge", "-q", "--no-edit", "right")
    assert lock(root) == lock_of(a=1, b=4, c=6)


@pytest.mark.parametrize("python", ["/gone/python", "/bin/false"])
def test_without_its_environment_git_merges_lines(root: Path, python: str) -> None:
    config = root / ".git/config"
    config.write_text(config.read_text().replace(own_python(), python))
    save(root, a=1, b=0, c=0, d=1)
    git(root, "merge", "-q", "--no-edit", "right")
    assert lock(root) == lock_of(a=1, b=2, c=0, d=1)
    git(root, "reset", "-q", "--hard", "HEAD^")
    save(root, a=1, b=3, c=0)
    assert is_stopped(root, "merge", "-q", "right")
    assert lock(root).count("<<<<<<< ours") == 1


def test_a_clone_without_the_driver_merges_lines(root: Path, tmp_path: Path) -> None:
    clone = tmp_path / "clone"
    git(tmp_path, "clone", "-q", str(root), str(clone))
    git(clone, "merge", "-q", "--no-edit", "origin/right")
    assert lock(clone) == lock_of(a=1, b=2, c=0)


def test_a_lock_in_another_layout_is_merged_by_lines(root: Path) -> None:
    old = "a:\n  cmd: one\n\n\n\nb:\n  cmd: two\n"
    write(root, {"old/dvc.lock": old})
    git(root, "add", "-A")
    git(root, "commit", "-q", "-m", "old")
    git(root, "switch", "-q", "-c", "other")
    write(root, {"old/dvc.lock": old.replace("two", "three")})
    git(root, "commit", "-q", "-a", "-m", "other")
    git(root, "switch", "-q", "left")
    write(root, {"old/dvc.lock": old.replace("one", "four")})
    git(root, "commit", "-q", "-a", "-m", "left")
    git(root, "merge", "-q", "--no-edit", "other")
    assert (root / "old/dvc.lock").read_text() == "a:\n  cmd: four\n\n\n\nb:\n  cmd: three\n"
