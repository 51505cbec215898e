"""Where git keeps what belongs to a project: its repository, its hooks."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from stagebook.pipeline import git
from stagebook.pipeline.git_command import run


@dataclass(frozen=True, slots=True)
class GitPlaces:
    """The places of a project's repository.

    Attributes:
        root: The project's root.
        top: The folder of the repository's files.
        folder: The project's root relative to ``top``; ``.`` if they are the same.
        hooks: The folder of the hooks.
        own_hooks: Whether a person chose that folder by ``core.hooksPath``.
    """

    root: Path
    top: Path
    folder: str
    hooks: Path
    own_hooks: bool

    @classmethod
    def of(cls, root: Path) -> Self:
        """The places of a project.

        Raises:
            GitError: There is no repository.
        """
        top = git.top(root)
        folder = root.resolve().relative_to(top.resolve()).as_posix()
        chosen = _chosen_hooks(root)
        hooks = top / Path(chosen).expanduser() if chosen else _common_folder(root) / "hooks"
        return cls(root, top, folder, hooks, chosen is not None)

    def relative(self, path: Path) -> str:
        """A path as a person in the project's root writes it."""
        return Path(os.path.relpath(path, self.root)).as_posix()


def _chosen_hooks(root: Path) -> str | None:
    """The value of ``core.hooksPath``, without the one that every call of ``run`` has."""
    _, output = run(root, "config", "--show-scope", "-z", "--get-all", "core.hooksPath")
    parts = os.fsdecode(output).split("\0")
    values = [
        value for scope, value in zip(parts[::2], parts[1::2], strict=False) if scope != "command"
    ]
    return values[-1] if values and values[-1] else None


def _common_folder(root: Path) -> Path:
    """The git directory that all worktrees share."""
    _, output = run(root, "rev-parse", "--path-format=absolute", "--git-common-dir")
    return Path(os.fsdecode(output.rstrip(b"\r\n")))
