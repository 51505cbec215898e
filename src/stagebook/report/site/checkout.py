"""What a checkout lacks that others have: a first commit, older history, a branch."""

from dataclasses import dataclass
from pathlib import Path

from stagebook.record import git


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

    def without(self, root: Path, name: str) -> str:
        """Why git knows no commit of a name, and what helps.

        Args:
            root: The project's root.
            name: A branch, a tag or a hash that git does not know here.
        """
        if self.unborn:
            return "this repository has no commit yet."
        if git.commit_named(root, f"origin/{name}"):
            return f"it is here as origin/{name} alone. Compare with: --against origin/{name}"
        if self.shallow:
            return (
                "this clone is shallow and does not have it. "
                f"If it is a branch, fetch it: git fetch origin {name}:{name}"
            )
        return "git knows no such commit here."
