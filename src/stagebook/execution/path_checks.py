"""Checks of paths for the audit hook, which runs them for each file, without pathlib."""

# Each file that a kernel opens passes here, and pathlib takes ten times longer.
# ruff: noqa: PTH100, PTH115, PTH118, PTH120, PTH206

import fcntl
import os
import stat
import sys
from collections.abc import Iterable, Iterator
from typing import Any
from urllib.parse import unquote, urlsplit

from stagebook.execution.sandbox_policy import SandboxPolicy
from stagebook.execution.spelling import PathNames

_WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
_LONGEST_PATH = 1024
"""Bytes that macOS writes a path into, by its constant ``MAXPATHLEN``."""
_lstat = os.lstat  # the kernel replaces ``os.lstat`` by one that calls the audit hook


def absolute(path: Any) -> str:
    """A path in full, without ``..``; no link is followed."""
    return os.path.abspath(os.fsdecode(path))


def is_link(path: str) -> bool:
    """Whether a path is a link."""
    try:
        return stat.S_ISLNK(_lstat(path).st_mode)
    except (OSError, ValueError):
        return False


def exists(path: str) -> bool:
    """Whether a path exists, even as a broken link."""
    try:
        _lstat(path)
    except (OSError, ValueError):
        return False
    return True


def above(folder: str) -> Iterator[str]:
    """The folders above a folder, the nearest first."""
    while folder != (folder := os.path.dirname(folder)):
        yield folder


def input_spellings(policy: SandboxPolicy) -> Iterator[str]:
    """All paths that lead to an input."""
    for path in policy.inputs:
        yield os.path.join(policy.files, path)
        yield os.path.join(policy.root, path)
        yield os.path.realpath(os.path.join(policy.root, path))


def is_reserved(real: str, names: PathNames) -> bool:
    """Whether a path belongs to the project's tools, but for a sandbox's own surroundings."""
    relative = os.path.relpath(real, names.root).split(os.sep)
    executions = os.path.dirname(os.path.dirname(names.files))
    return relative[0] in (".git", ".dvc", ".stagebook") and not real.startswith(executions)


def opens_to_write(mode: object, flags: object) -> bool:
    """Whether a file is opened to be written."""
    if isinstance(mode, str):
        return not set(mode).isdisjoint("wax+")
    return isinstance(flags, int) and bool(flags & _WRITES)


def path_of(opened: Any) -> Any:
    """The path of an open folder; None if it is unknown. A path is returned unchanged.

    Args:
        opened: A descriptor, or a path.
    """
    if not isinstance(opened, int):
        return opened
    try:
        if sys.platform == "darwin":
            result = fcntl.fcntl(opened, fcntl.F_GETPATH, bytes(_LONGEST_PATH))
            return os.fsdecode(result.rstrip(b"\0"))
        return os.readlink(f"/proc/self/fd/{opened}")
    except OSError:
        return None


def database_path(name: Any) -> Any:
    """The file of an SQLite database; None if the database is in memory.

    Args:
        name: What it is opened by: a path, or an address such as ``file:data.db?mode=ro``.
    """
    if not isinstance(name, str | bytes | os.PathLike):
        return None
    text = os.fsdecode(name)
    if text.startswith("file:"):
        address = urlsplit(text)
        text = "" if "mode=memory" in address.query else unquote(address.path)
    return None if text in ("", ":memory:") else text


class PathSet:
    """Files and folders, asked whether one of them is, or holds, a path."""

    def __init__(self, paths: Iterable[str]) -> None:
        self._exact = frozenset(path.rstrip(os.sep) for path in paths)
        self._folders = tuple(path + os.sep for path in self._exact)

    def hold(self, path: str) -> bool:
        """Whether one of them is, or holds, a path."""
        return path in self._exact or path.startswith(self._folders)
