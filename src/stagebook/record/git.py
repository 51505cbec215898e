"""What git says of the code: commit, branch, remote, and whether anything was changed."""

import hashlib
import subprocess
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from stagebook.errors import Problem, StagebookError, did_you_mean
from stagebook.project import without_credentials


@dataclass(frozen=True, slots=True)
class Git:
    """The state of a git checkout.

    Attributes:
        commit: Hash of the commit, 40 hex digits.
        branch: Name of the branch; None where the head is detached.
        remote: Address of ``origin`` without credentials, if there is one.
        dirty: Whether tracked or new files differ from the commit, build products aside.
        diff: SHA-256 over how they differ; None where they do not.
    """

    commit: str
    branch: str | None
    remote: str | None
    dirty: bool
    diff: str | None = None


def read(root: Path, products: Iterable[str]) -> Git | None:
    """What git says of a folder; None without git, a repository or a commit.

    Args:
        root: The project's root.
        products: Paths that a build writes and git may track, such as ``dvc.lock``: a build
            changes them as it goes on, which makes no code dirty.
    """
    commit = _git(root, "rev-parse", "HEAD")
    if not commit:
        return None
    aside = [f":(exclude,literal){path}" for path in products]
    status = _git(root, "status", "--porcelain", "--", ".", *aside)
    diff = _diff(root, aside) if status else None
    remote = _git(root, "config", "--get", "remote.origin.url")
    return Git(
        commit=commit,
        branch=_git(root, "symbolic-ref", "--short", "-q", "HEAD"),
        remote=without_credentials(remote) if remote else None,
        dirty=bool(status),
        diff=diff,
    )


def _diff(root: Path, aside: Iterable[str]) -> str:
    """SHA-256 over all that is not committed: the changes, and the files that git does not know."""
    changes = _git(
        root, "diff", "HEAD", "--binary", "--no-color", "--no-ext-diff", "--", ".", *aside
    )
    listed = _git(root, "ls-files", "--others", "--exclude-standard", "-z", "--", ".", *aside)
    digest = hashlib.sha256((changes or "").encode())
    for name in filter(None, (listed or "").split("\0")):
        digest.update(f"\0{name}\0".encode(errors="surrogateescape"))
        if (root / name).is_file():
            digest.update((root / name).read_bytes())
    return digest.hexdigest()


def _git(root: Path, *arguments: str) -> str | None:
    try:
        done = subprocess.run(
            ["git", *arguments],
            cwd=root,
            capture_output=True,
            encoding="utf-8",
            errors="surrogateescape",
            check=False,
        )
    except FileNotFoundError:
        return None
    return done.stdout.strip() or None if done.returncode == 0 else None


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
    """Everything that git has a name for, with its commit; None without git or a commit."""
    return _git(root, "show-ref", "--head")


def commits_of(root: Path, path: str) -> tuple[Committed, ...]:
    """The commits that changed a file, on whatever branch, newest first.

    Args:
        root: The project's root, which may lie below the repository's.
        path: The file, relative to the project's root.
    """
    form = "--format=%x00%H %cI"
    said = _git(root, "log", "--all", "HEAD", "-c", "--raw", "--no-abbrev", form, "--", path)
    found: list[Committed] = []
    for part in filter(None, (said or "").split("\0")):
        head, *changes = part.strip().splitlines()
        commit, date = head.split(" ", 1)
        # `:<modes> <hashes> <status>\t<path>`; of a merge, with a mode and a hash per parent.
        blobs = {line.split("\t")[0].split()[-2] for line in changes if line.startswith(":")}
        found.extend(Committed(commit, date, blob) for blob in blobs if blob.strip("0"))
    return tuple(found)


def blobs(root: Path, names: Iterable[str]) -> Iterator[tuple[str, str]]:
    """The texts of some contents; what the repository does not hold is left out.

    Args:
        root: The project's root.
        names: Git's names of them, or any that git takes, such as ``HEAD:./dvc.lock``.

    Yields:
        Git's name of a content, and the content.
    """
    yield from filter(None, _answers(root, names))


def texts(root: Path, names: Iterable[str]) -> dict[str, str]:
    """The texts of some contents, by the name that each was asked for.

    Args:
        root: The project's root.
        names: Any that git takes, such as ``HEAD:./dvc.lock``; what it has not is left out.
    """
    asked = [name for name in names if "\n" not in name]  # which would be two questions
    return {name: one[1] for name, one in zip(asked, _answers(root, asked), strict=False) if one}


def _answers(root: Path, names: Iterable[str]) -> Iterator[tuple[str, str] | None]:
    """Of each name git's own and the content; None where it has none."""
    rest = _fed(root, names, "cat-file", "--batch")
    while rest:
        head, _, rest = rest.partition(b"\n")
        words = head.decode(errors="replace").split(" ")
        if len(words) == 3 and words[2].isdigit():
            size = int(words[2])
            yield words[0], rest[:size].decode(errors="replace")
            rest = rest[size + 1 :]
        else:
            yield None


def commit_named(root: Path, name: str) -> str | None:
    """The commit that a branch, a tag or a hash stands for; None if there is none."""
    return _git(root, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{name}^{{commit}}")


def is_shallow(root: Path) -> bool | None:
    """Whether only the last part of history is here; None outside of any repository."""
    said = _git(root, "rev-parse", "--is-shallow-repository")
    return None if said is None else said == "true"


def last_changes(root: Path, path: str, commit: str, most: int) -> tuple[str, ...]:
    """The last commits up to a commit that changed a file, newest first.

    Args:
        root: The project's root, which may lie below the repository's.
        path: The file, relative to the project's root.
        commit: Hash of the commit.
        most: At most so many.
    """
    said = _git(root, "log", f"-{most}", "--format=%H", commit, "--", path)
    return tuple((said or "").splitlines())


def require_commit(root: Path, name: str) -> str:
    """The commit that a branch, a tag or a hash stands for.

    Raises:
        StagebookError: There is none.
    """
    commit = commit_named(root, name)
    if commit is None:
        message = f"Git knows no commit `{name}`."
        hint = did_you_mean(name, names(root), "Give a commit, a branch or a tag.")
        raise StagebookError(Problem("no-commit", message, hint))
    return commit


def names(root: Path) -> tuple[str, ...]:
    """The branches and tags."""
    said = _git(root, "for-each-ref", "--format=%(refname:short)", "refs/heads", "refs/tags")
    return tuple((said or "").splitlines())


def lost(root: Path, commits: Iterable[str]) -> frozenset[str]:
    """Those commits that no branch or tag leads to: history was rewritten, or they never came."""
    asked = frozenset(commits)
    if not asked:
        return asked
    said = _fed(root, asked, "cat-file", "--batch-check=%(objectname)").decode()
    there = asked & frozenset(said.split("\n"))
    head = ["HEAD"] if commit_named(root, "HEAD") else []  # before the first commit there is none
    loose = _fed(root, there, "rev-list", "--stdin", "--not", "--all", *head).decode()
    return (asked - there) | (there & frozenset(loose.split()))


def _fed(root: Path, lines: Iterable[str], *arguments: str) -> bytes:
    try:
        done = subprocess.run(
            ["git", *arguments],
            cwd=root,
            input="".join(f"{line}\n" for line in lines).encode(),
            capture_output=True,
            check=False,
        )
    except FileNotFoundError:
        return b""
    return done.stdout
