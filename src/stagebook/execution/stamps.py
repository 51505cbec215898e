"""Stamps of files, by which changes of inputs are recognised."""

import contextlib
import enum
import os
import stat
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Self

SPECIAL = {
    stat.S_IFLNK: "a link",
    stat.S_IFIFO: "a named pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}
"""Kinds of entries that are neither file nor folder."""

UNNOTICED = {".ipynb_checkpoints", "__pycache__"}


@dataclass(frozen=True, slots=True)
class Stamp:
    """The state of a file, by which a change is recognised.

    Attributes:
        inode: Its inode, which changes when it is replaced.
        size: Bytes.
        modified: When it was written, in nanoseconds; None for a folder, where only rights and
            owner count.
        mode: Its rights.
        owner: User and group.
    """

    inode: int
    size: int
    modified: int | None
    mode: int
    owner: tuple[int, int]

    @classmethod
    def of(cls, file: Path) -> Self:
        """The stamp of a file; for a link, the stamp of its target."""
        status = file.stat()
        mode, owner = stat.S_IMODE(status.st_mode), (status.st_uid, status.st_gid)
        if stat.S_ISDIR(status.st_mode):
            return cls(0, 0, None, mode, owner)
        return cls(status.st_ino, status.st_size, status.st_mtime_ns, mode, owner)


class Alteration(enum.Enum):
    """How an input changed while a stage ran."""

    REPLACED = "the notebook wrote to the sandbox's own copy"
    TOUCHED = "its content may be the same, but its permissions or its times differ"
    EDITED = "somebody else wrote to it, as the kernel could not"


def stamps_of(path: Path) -> dict[Path, Stamp]:
    """Stamps of a file, or of a folder with its content; for a link, those of its target."""
    stamps = {}
    for file in _all_below(path):
        with contextlib.suppress(FileNotFoundError):
            stamps[file] = Stamp.of(file)
    return stamps


def compare(laid: Mapping[Path, Stamp], place: Path, original: Path) -> Alteration | None:
    """How an input changed since it was laid; the rights of folders are restored first.

    Args:
        laid: Its stamps when it was laid.
        place: Where it is in the sandbox.
        original: Where it is in the project.
    """
    reopened = _reopen(laid)
    # a new folder without files is not content
    now = {
        file: stamp
        for file, stamp in stamps_of(place).items()
        if file in laid or stamp.modified is not None
    }
    if laid == now:
        return Alteration.TOUCHED if reopened else None
    if place.resolve() != original.resolve():
        return Alteration.REPLACED
    sizes = [
        {file: (value.inode, value.size) for file, value in item.items()} for item in (laid, now)
    ]
    return Alteration.TOUCHED if sizes[0] == sizes[1] else Alteration.EDITED


def _reopen(laid: Mapping[Path, Stamp]) -> bool:
    """Restores the rights of folders, from the top down; returns whether any had changed."""
    reopened = False
    for folder in sorted(path for path, stamp in laid.items() if stamp.modified is None):
        with contextlib.suppress(OSError):
            if stat.S_IMODE(folder.stat().st_mode) != laid[folder].mode:
                folder.chmod(laid[folder].mode)
                reopened = True
    return reopened


def restore_rights(laid: Mapping[Path, Stamp]) -> None:
    """Restores the rights of files and folders and, if allowed, their owner."""
    for file, stamp in laid.items():
        with contextlib.suppress(OSError):
            file.chmod(stamp.mode)
        with contextlib.suppress(OSError):
            os.chown(file, *stamp.owner)


def restore_times(laid: Mapping[Path, Stamp]) -> None:
    """Restores the times of files, by which DVC recognises them."""
    for file, stamp in laid.items():
        if stamp.modified is not None:
            with contextlib.suppress(OSError):
                os.utime(file, ns=(file.stat().st_atime_ns, stamp.modified))


def _all_below(path: Path) -> Iterator[Path]:
    """A path and, if it is a folder, everything in it, also through links."""
    if not path.is_dir():
        yield from files_below(path, stop=())
        return
    yield path
    for entry in os.scandir(path):
        if entry.name not in UNNOTICED:
            yield from _all_below(Path(entry.path))


def special_files(path: Path) -> Iterator[tuple[Path, str]]:
    """Entries at or below a path that are neither file nor folder, each with its kind.

    Links are followed. Opening such an entry may block forever.
    """
    for file in _all_below(path):
        with contextlib.suppress(OSError):
            if kind := SPECIAL.get(stat.S_IFMT(file.stat().st_mode)):
                yield file, kind


def files_below(path: Path, stop: object) -> Iterator[Path]:
    """The files at or below a path, following links to folders; not into those in ``stop``."""
    if not path.is_dir():
        if path.exists() or path.is_symlink():
            yield path
        return
    for entry in os.scandir(path):
        child = Path(entry.path)
        if entry.name in UNNOTICED:
            continue
        if child in stop:  # type: ignore[operator]
            yield child
        else:
            yield from files_below(child, stop)
