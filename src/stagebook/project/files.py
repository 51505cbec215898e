"""Writes files atomically and without secrets, and hashes files."""

import hashlib
import os
from pathlib import Path

from stagebook.project.errors import Problem, Where
from stagebook.project.masks import Masks

_LFS = "version https://git-lfs.github.com/spec/"
_LONGEST_POINTER = 1024
"""Bytes; by the specification, https://github.com/git-lfs/git-lfs/blob/main/docs/spec.md."""


def write_whole(
    path: Path, content: str | bytes, *, exact: bool = False, durable: bool = False
) -> None:
    """Writes a file whole or not at all: beside it, then by one rename.

    All texts that Stagebook writes pass here, where the environment's secrets are hidden.

    Args:
        path: The file; folders above it are created.
        content: Its bytes, or its text, which is written as UTF-8 with its own line ends.
        exact: Whether the text is the user's own, such as ``dvc.yaml``, and nothing is hidden.
        durable: Whether it must survive a power loss, which costs milliseconds: for files that
            cannot be created again.
    """
    if isinstance(content, str):
        text = content if exact else Masks.here().hide_document(content, numbers=False)
        content = text.encode("utf-8", errors="strict" if exact else "replace")
    path.parent.mkdir(parents=True, exist_ok=True)
    near = path.with_name(f".{path.name}.{os.getpid()}.new")
    try:
        with near.open("wb") as file:
            file.write(content)
            if durable:
                file.flush()
                os.fsync(file.fileno())  # otherwise a power loss can leave an empty file
        near.replace(path)
    finally:
        near.unlink(missing_ok=True)


def digest(path: Path, algorithm: str) -> str:
    """The hash of a file's bytes, in hex; with ``md5`` it equals DVC's hash.

    Args:
        path: The file.
        algorithm: Name of the algorithm in ``hashlib``.
    """
    with path.open("rb") as file:
        return hashlib.file_digest(file, algorithm).hexdigest()


def is_lfs_pointer(text: str) -> bool:
    """Whether a file's text is a pointer of Git LFS."""
    return text.startswith(_LFS) and len(text) <= _LONGEST_POINTER


def holds_lfs_pointer(path: Path) -> bool:
    """Whether a file is a pointer that Git LFS has not replaced yet; large files are not read."""
    if not path.is_file() or path.stat().st_size > _LONGEST_POINTER:
        return False
    return is_lfs_pointer(path.read_text(encoding="utf-8", errors="replace"))


def lfs_pointer(path: str, kind: str) -> Problem:
    """The problem with a file that is a pointer of Git LFS.

    Args:
        path: Its path.
        kind: The expected kind of file, such as ``notebook``.
    """
    message = f"The file is a pointer of Git LFS, not the {kind} itself."
    return Problem("lfs-pointer", message, "Run: git lfs pull", Where(path))


def stamps(folder: Path) -> list[tuple[str, int, int]]:
    """Name, time and size of each file in a folder, sorted: they identify versions of its code.

    Args:
        folder: The folder.
    """
    files = [(entry.name, entry.stat()) for entry in os.scandir(folder) if entry.is_file()]
    return sorted((name, status.st_mtime_ns, status.st_size) for name, status in files)
