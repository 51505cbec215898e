"""Files written whole or not at all, and told apart by their bytes."""

import hashlib
import os
from pathlib import Path


def write_whole(path: Path, content: str | bytes) -> None:
    """Writes a file whole or not at all: beside it, then by one rename.

    Args:
        path: The file; folders above it are made.
        content: Its bytes, or its text, written as UTF-8 with the line ends that it has.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    near = path.with_name(f".{path.name}.{os.getpid()}.new")
    try:
        near.write_bytes(content.encode("utf-8") if isinstance(content, str) else content)
        near.replace(path)
    finally:
        near.unlink(missing_ok=True)


def digest(path: Path, algorithm: str) -> str:
    """The hash of a file's bytes, in hex; by ``md5`` it is DVC's.

    Args:
        path: The file.
        algorithm: Its name in ``hashlib``.
    """
    with path.open("rb") as file:
        return hashlib.file_digest(file, algorithm).hexdigest()
