"""What a checkout lacks that others have: a first commit, older history, a branch."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from stagebook.errors import StagebookError
from stagebook.pipeline import dvc
from stagebook.pipeline.lock import Lock
from stagebook.project import Project
from stagebook.record import git
from stagebook.record.graph import Node
from stagebook.record.history import Values

_HASH = re.compile(r"[0-9a-f]{40}")


@dataclass(frozen=True, slots=True)
class Checkout:
    """How much of a repository is here.

    Attributes:
        unborn: Whether there is a repository and no commit in it yet.
        shallow: Whether git has only the last part of history.
    """

    unborn: bool = False
    shallow: bool = False

    @classmethod
    def read(cls, root: Path) -> "Checkout":
        """The checkout that a folder lies in; of one without git, or outside of any, nothing."""
        shallow = git.is_shallow(root)
        if shallow is None:
            return cls()
        return cls(git.commit_named(root, "HEAD") is None, shallow)

    def may_lack(self, root: Path, name: str) -> bool:
        """Whether a name that git does not know may be right, and history is just not here.

        So it is of an ancestor before the first commit, or before those that a shallow clone has,
        and of a whole hash in a shallow clone. A branch that git does not know is misspelt.

        Args:
            root: The project's root.
            name: A name that git knows no commit of.
        """
        start = _start(name)
        if start != name:
            known = git.commit_named(root, start) is not None
            return known or (self.unborn and start in ("HEAD", "@"))
        return self.shallow and _HASH.fullmatch(name) is not None

    def without(self, root: Path, name: str) -> str:
        """Why git knows no commit of a name, and what helps.

        Args:
            root: The project's root.
            name: A branch, a tag or a hash that git does not know here.
        """
        if self.unborn:
            return "this repository has no commit yet."
        start = _start(name)
        if start != name and git.commit_named(root, start):
            if self.shallow:
                return (
                    "this clone is shallow and does not reach back so far. "
                    "Fetch more of its history: git fetch --deepen 50"
                )
            return f"history does not reach back so far from {start}."
        if git.commit_named(root, f"origin/{name}"):
            return f"it is here as origin/{name} alone. Compare with: --against origin/{name}"
        if self.shallow:
            return (
                "this clone is shallow and does not have it. "
                f"If it is a branch, fetch it: git fetch origin {name}:{name}"
            )
        return "git knows no such commit here."

    def code(self, project: Project) -> Values | None:
        """Commit and branch of the tree as it is now, as a record has them; None without a commit.

        Whether it is dirty is not among them: a report that is written beside it makes it so.
        """
        found = git.read(project.root, ())
        return {"commit": found.commit, "branch": found.branch} if found is not None else None

    def edited(self, root: Path, nodes: Iterable[Node], locked: Lock) -> tuple[str, ...] | None:
        """The outputs of notebooks that are not what ``dvc.lock`` has; None if DVC cannot say.

        Args:
            root: The project's root.
            nodes: The stages.
            locked: What ``dvc.lock`` says.
        """
        names = {one.name for one in nodes if one.notebook}
        outs = {
            out.path: out.md5
            for one in names & locked.entries.keys()
            for out in locked.entries[one].outs
        }
        try:
            return tuple(
                one.path for one in dvc.hash_paths(root, outs) if one.md5 != outs[one.path]
            )
        except (StagebookError, OSError):
            return None


def _start(name: str) -> str:
    """Where a name of an ancestor begins: ``HEAD`` of ``HEAD^``, ``main`` of ``main~3``."""
    return re.split(r"[~^]", name, maxsplit=1)[0] or name
