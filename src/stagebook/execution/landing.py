"""Moves a file or folder into place: first next to it, then by one rename."""

import errno
import shutil
from pathlib import Path


def bring_near(source: Path, target: Path) -> Path:
    """Moves a file or folder next to its target, across file systems if necessary."""
    if source.is_symlink():
        raise OSError(errno.EINVAL, "the output is a link; write the file itself", str(target))
    target.parent.mkdir(parents=True, exist_ok=True)
    near = target.with_name(f".{target.name}.new")
    remove(near)
    try:
        source.rename(near)
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        try:
            shutil.move(source, near)
        except OSError:
            remove(near)
            raise
    return near


def replace(near: Path, target: Path) -> None:
    """Replaces a target by the file or folder next to it."""
    if target.is_dir() and not target.is_symlink():
        old = target.with_name(f".{target.name}.old")
        remove(old)
        target.rename(old)
        near.rename(target)
        remove(old)
    elif near.is_dir():
        remove(target)
        near.rename(target)
    else:
        near.replace(target)


def remove(path: Path) -> None:
    """Deletes a file or a folder, if it exists."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
