"""What git says of the code: commit, branch, remote, and whether anything was changed.

Every function raises a ``GitError`` if git does not answer: a failure is not an empty answer.
"""

import hashlib
import os
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from stagebook.pipeline.git_command import GitError, GitFailure, GitReason, run, run_with_input
from stagebook.project.errors import Problem, StagebookError, did_you_mean
from stagebook.project.project import without_credentials


@dataclass(frozen=True, slots=True)
class Git:
    """The state of a git checkout.

    Attributes:
        commit: Hash of the commit, 40 hex digits.
        branch: Name of the branch; None if the head is detached.
        remote: Address of ``origin`` without credentials, if there is one.
        dirty: Whether tracked or new files differ from the commit, build products aside.
        diff: SHA-256 over how they differ; None if they do not differ.
    """

    commit: str
    branch: str | None = None
    remote: str | None = None
    dirty: bool = False
    diff: str | None = None


def read(root: Path, products: Iterable[str]) -> Git | GitFailure:
    """What git says of a folder, or why it says nothing.

    Args:
        root: The project's root.
        products: Paths that a build writes and git may track, such as ``dvc.lock``: their
            changes do not make the code dirty.
    """
    try:
        return _read(root, products)
    except GitError as error:
        return error.failure


def _read(root: Path, products: Iterable[str]) -> Git | GitFailure:
    commit = _head(root)
    if commit is None:
        hint = "Commit the project: git add . && git commit"
        return GitFailure(GitReason.NO_COMMIT.value, "The repository has no commit yet.", hint)
    branch = _optional(root, "symbolic-ref", "--quiet", "HEAD")
    remote = _optional(root, "config", "--local", "--get", "remote.origin.url")
    changes = _changes(root, products)
    return Git(
        commit=commit,
        branch=branch.removeprefix("refs/heads/") if branch else None,
        remote=_address(remote) if remote else None,
        dirty=bool(changes),
        diff=_digest(root, changes) if changes else None,
    )


def _address(remote: str) -> str:
    """A remote's address without credentials, and without parts that may hold some."""
    return without_credentials(remote if "://" not in remote else re.split("[?#]", remote)[0])


def _head(root: Path) -> str | None:
    """The commit of the checkout; None before the first one."""
    commit = _optional(root, "rev-parse", "--verify", "--quiet", "HEAD")
    if commit is None:
        # Git names the branch of a repository without a commit, and fails on one with a bad HEAD.
        _text(root, "symbolic-ref", "HEAD")
    return commit


def _changes(root: Path, products: Iterable[str]) -> list[bytes]:
    """An entry of ``git status`` for each path that is not as in the commit, and not ignored."""
    excluded = [f":(exclude,literal){path}" for path in products]
    options = ("--untracked-files=all", "--ignore-submodules=none", "--no-renames")
    _, output = run(root, "status", "--porcelain=v2", "-z", *options, "--", ".", *excluded)
    return [entry for entry in output.split(b"\0") if entry and not entry.startswith(b"#")]


def _digest(root: Path, changes: Iterable[bytes]) -> str:
    """SHA-256 over all that is not committed: the name and content of each changed path."""
    # Paths of `status` start at the top of the repository, which may lie above the project.
    above = top(root)
    digest = hashlib.sha256()
    # Whether a change is staged makes no difference: only names and contents count.
    for name in sorted(entry.split(b" ", _WORDS[entry[:1]])[-1] for entry in changes):
        path = above / os.fsdecode(name)
        content = hashlib.sha256(path.read_bytes()).digest() if path.is_file() else b""
        digest.update(b"\0" + name + b"\0" + content)
    return digest.hexdigest()


_WORDS = {b"1": 8, b"u": 10, b"?": 1}
"""Words before the path in an entry of ``git status --porcelain=v2`` without renames."""


def failure(root: Path) -> GitFailure | None:
    """Why git does not answer for a folder; None if it does."""
    try:
        run(root, "rev-parse", "--git-dir")
    except GitError as error:
        return error.failure
    return None


def _decoded(output: bytes) -> str:
    return output.decode("utf-8", "surrogateescape").strip()


def _text(root: Path, *arguments: str) -> str:
    return _decoded(run(root, *arguments)[1])


def _optional(root: Path, *arguments: str) -> str | None:
    """The output of a command that exits with 1 if there is nothing, and then None."""
    code, output = run(root, *arguments, accepted=(0, 1))
    return _decoded(output) if code == 0 else None


@dataclass(frozen=True, slots=True)
class Committed:
    """A commit that changed a file.

    Attributes:
        commit: Its hash.
        date: When it was made, ISO 8601.
        blob: Git's name of the file's content in it.
    """

    commit: str
    date: str
    blob: str


def tips(root: Path) -> str | None:
    """Everything that git has a name for, with its commit; None before the first commit."""
    return _optional(root, "show-ref", "--head")


def commits_of(root: Path, path: str) -> tuple[Committed, ...]:
    """The commits that changed a file, on any branch, newest first.

    Args:
        root: The project's root, which may lie below the repository's.
        path: The file, relative to the project's root.
    """
    head = ["HEAD"] if _head(root) else []
    options = ("--encoding=UTF-8", "--format=tformat:%H %cI")
    arguments = ("--all", *head, *options, "--", f":(literal){path}")
    output = _text(root, "rev-list", *arguments)
    lines = [line for line in output.splitlines() if not line.startswith("commit ")]
    commits = [line.split(" ", 1) for line in lines]
    names = [f"{commit}:./{path}" for commit, _ in commits]
    blobs = run_with_input(root, names, "cat-file", "--batch-check=%(objectname) %(objecttype)")
    return tuple(
        Committed(commit, date, blob)
        for (commit, date), line in zip(commits, blobs.decode().splitlines(), strict=True)
        for blob, kind in [line.rsplit(" ", 1)]
        if kind == "blob"
    )


def commit_named(root: Path, name: str) -> str | None:
    """The commit that a branch, a tag or a hash refers to; None if git knows none.

    Raises:
        GitError: There is no repository.
    """
    run(root, "rev-parse", "--git-dir")
    # For an impossible name, such as `HEAD@{5}` of two commits, git exits with 128.
    arguments = ("--verify", "--quiet", "--end-of-options", f"{name}^{{commit}}")
    code, output = run(root, "rev-parse", *arguments, accepted=(0, 1, 128))
    return _decoded(output) if code == 0 else None


def is_shallow(root: Path) -> bool:
    """Whether only the last part of history is here."""
    return _text(root, "rev-parse", "--is-shallow-repository") == "true"


def last_changes(root: Path, name: str, commit: str, limit: int) -> tuple[str, ...]:
    """The last commits up to a commit that changed a file of some name, newest first.

    Args:
        root: The project's root, which may lie below the repository's.
        name: The file's name; it counts in each folder of the project.
        commit: Hash of the commit.
        limit: The maximum number of commits.
    """
    arguments = (f"--max-count={limit}", commit, "--", f":(glob)**/{name}")
    return tuple(_text(root, "rev-list", *arguments).splitlines())


def require_commit(root: Path, name: str) -> str:
    """The commit that a branch, a tag or a hash refers to.

    Raises:
        StagebookError: Git knows no such commit.
    """
    commit = commit_named(root, name)
    if commit is None:
        message = f"The commit `{name}` does not exist."
        hint = did_you_mean(name, names(root), "Give a commit, a branch or a tag.")
        raise StagebookError(Problem("no-commit", message, hint))
    return commit


def names(root: Path) -> tuple[str, ...]:
    """The branches and tags."""
    # Not `%(refname:short)`, which says `heads/main` where a tag has the name of a branch.
    arguments = ("--format=%(refname:lstrip=2)", "refs/heads", "refs/tags")
    return tuple(dict.fromkeys(_text(root, "for-each-ref", *arguments).splitlines()))


def unreachable(root: Path, commits: Iterable[str]) -> frozenset[str]:
    """The commits that no branch or tag leads to: history was rewritten, or never fetched."""
    hashes = frozenset(commits)
    if not hashes:
        return hashes
    output = run_with_input(root, hashes, "cat-file", "--batch-check=%(objectname)").decode()
    present = hashes & frozenset(output.split("\n"))
    head = ["HEAD"] if _head(root) else []
    unreferenced = run_with_input(
        root, present, "rev-list", "--stdin", "--not", "--all", *head
    ).decode()
    return (hashes - present) | (present & frozenset(unreferenced.split()))


def top(root: Path) -> Path:
    """The folder of the repository that holds a folder; for a linked worktree, that of its files.

    Raises:
        GitError: There is no repository.
    """
    return Path(os.fsdecode(run(root, "rev-parse", "--show-toplevel")[1].rstrip(b"\r\n")))


def clone(root: Path, commit: str, into: Path) -> Path:
    """Clones a repository into a folder, at a commit.

    The person's hooks, templates and line ends do not apply.

    Args:
        root: A folder in the repository.
        commit: The commit.
        into: The folder to create.

    Returns:
        The folder in the clone that corresponds to ``root``.
    """
    above = top(root)
    plain = ("--quiet", "--no-checkout", "--template=", "--no-recurse-submodules")
    ends = ("--config", "core.autocrlf=false")
    run(root, "clone", *plain, *ends, "--", str(above), str(into.resolve()))
    run(into, "checkout", "--quiet", "--detach", commit)
    return into / root.resolve().relative_to(above.resolve())
