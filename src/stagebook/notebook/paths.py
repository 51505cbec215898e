"""The rules for paths that a notebook declares."""

from pathlib import PurePosixPath

from stagebook.project.errors import Problem, Where

RESERVED = {".stagebook", ".dvc", ".git", "runs", "notebooks", "params", "dvc.yaml", "dvc.lock"}
"""Entries directly below a project's root that belong to its tools."""


def check(name: str, path: str, where: Where, *, written: bool) -> Problem | None:
    """The problem with a declared path; None if it is valid.

    Args:
        name: The variable.
        path: The path in the cell.
        where: Its line.
        written: Whether the stage writes it.
    """
    pure = PurePosixPath(path)
    first = pure.parts[0] if pure.parts else ""
    outside = pure.is_absolute() or first.startswith("~") or ":" in first
    if outside or ".." in pure.parts or "\\" in path:
        return Problem(
            "path-outside",
            f"`{name}` is {path!r}, which is not below the project's root.",
            f"Give a path relative to the root, such as {pure.name!r} in a folder of the project.",
            where,
        )
    if "${" in path or any(ord(char) < ord(" ") for char in path):
        return Problem("bad-path", f"`{name}`: DVC cannot track the path {path!r}.", where=where)
    if not first or (written and first in RESERVED):
        return Problem(
            "reserved-path",
            f"`{name}` cannot be {path!r}: that folder is reserved for the project's tools.",
            "Write below another folder, such as data/, models/, metrics/ or plots/.",
            where,
        )
    return None
