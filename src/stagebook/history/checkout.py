"""What a checkout may lack: a first commit, older history, a branch."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from stagebook.pipeline import git
from stagebook.pipeline.git import Git
from stagebook.pipeline.git_command import GitError, GitFailure
from stagebook.project.project import Project

_HASH = re.compile(r"[0-9a-f]{40}")


@dataclass(frozen=True, slots=True)
class Checkout:
    """How much of a repository this checkout has.

    Attributes:
        unborn: Whether the repository has no commit yet.
        shallow: Whether git has only the last part of history.
        failure: Why git does not answer; None if it does.
    """

    unborn: bool = False
    shallow: bool = False
    failure: GitFailure | None = None

    @classmethod
    def read(cls, root: Path) -> "Checkout":
        """The checkout that a folder lies in, as far as git answers."""
        try:
            return cls(git.commit_named(root, "HEAD") is None, git.is_shallow(root))
        except GitError as error:
            return cls(failure=error.failure)

    def commit_named(self, root: Path, name: str) -> str | None:
        """The commit that a name refers to; None if it is unknown, or git does not answer."""
        return git.commit_named(root, name) if self.failure is None else None

    def unreachable(self, root: Path, commits: Iterable[str]) -> frozenset[str]:
        """The commits that no branch or tag leads to; empty if git does not answer."""
        return git.unreachable(root, commits) if self.failure is None else frozenset()

    def may_lack(self, root: Path, name: str) -> bool:
        """Whether git may not know a name only because history is missing here.

        This is true of an ancestor before the first commit, or before those that a shallow clone
        has, and of a full hash in a shallow clone. A branch that git does not know is misspelt.

        Args:
            root: The project's root.
            name: A name that git does not know.
        """
        start = _start(name)
        if start != name:
            is_known = self.commit_named(root, start) is not None
            return is_known or (self.unborn and start in ("HEAD", "@"))
        return self.shallow and _HASH.fullmatch(name) is not None

    def without(self, root: Path, name: str) -> str:
        """Why git knows no commit of a name, and what to do.

        Args:
            root: The project's root.
            name: A branch, a tag or a hash that git does not know here.
        """
        if self.failure is not None:
            return self.failure.message
        if self.unborn:
            return "this repository has no commit yet."
        start = _start(name)
        if start != name and git.commit_named(root, start):
            if self.shallow:
                return (
                    "this clone is shallow and does not go back far enough. "
                    "Fetch more of its history: git fetch --deepen 50"
                )
            return f"{start} does not have so many ancestors."
        if git.commit_named(root, f"origin/{name}"):
            return f"only origin/{name} exists here. Compare with: --against origin/{name}"
        if self.shallow:
            return (
                "this clone is shallow and does not have that commit. "
                f"To fetch a branch: git fetch origin {name}:{name}"
            )
        return "this repository has no such commit."

    def code(self, project: Project) -> Git | None:
        """Commit and branch of the tree as it is now; None without a commit.

        Whether it is dirty is left out: a report that is written into the tree makes it dirty.
        """
        state = git.read(project.root, ())
        if isinstance(state, GitFailure):
            return None
        return Git(state.commit, state.branch)


def _start(name: str) -> str:
    """The start of an ancestor's name: ``HEAD`` of ``HEAD^``, ``main`` of ``main~3``."""
    return re.split(r"[~^]", name, maxsplit=1)[0] or name
