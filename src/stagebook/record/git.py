"""What git says of the code: commit, branch, remote, and whether anything was changed."""

import hashlib
import subprocess
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

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
