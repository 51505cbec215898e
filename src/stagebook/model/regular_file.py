"""The bytes of files that somebody else laid there: regular ones only, and not waited for."""

import os
import stat
from pathlib import Path


def read(path: Path, most: int, *, size: int | None = None, links: bool = True) -> bytes:
    """The bytes of a regular file, at most so many of them.

    Args:
        path: The file.
        most: Bytes that are read.
        size: Bytes that it has to have, where that is known.
        links: Whether the last part of the path may be a symbolic link.

    Raises:
        OSError: It cannot be read.
        ValueError: It is a pipe, a device, a folder, a link where none may be, or of another size.
    """
    # NONBLOCK: to open a pipe would wait for a writer
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0)
    if not links:
        if path.is_symlink():
            raise ValueError("The file is a symbolic link, so its content could be replaced.")
        flags |= getattr(os, "O_NOFOLLOW", 0)
    with open(os.open(path, flags), "rb") as file:
        status = os.fstat(file.fileno())
        if not stat.S_ISREG(status.st_mode):
            raise ValueError("The path is not a regular file.")
        if size is not None and status.st_size != size:
            raise ValueError("The file changed after it was packaged.")
        return file.read(most)
