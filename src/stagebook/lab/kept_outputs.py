"""Protects the build's files from cells that write to them by literal paths."""

import contextlib
import os
import shutil
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from stagebook.lab.outputs import FOLDER
from stagebook.pipeline import lock
from stagebook.pipeline.cache import Cache
from stagebook.project.errors import StagebookError
from stagebook.project.project import Project

OWN = frozenset({"put-aside", "wrote-in-place"})
"""The codes of notes about outputs that a cell wrote by literal paths."""

_COPIES = "kept"


@dataclass(frozen=True, slots=True)
class KeptOutputs:
    """The outputs of a stage's build, while a person runs its notebook.

    A file is copied before Python code opens it for writing. A write by native code is noticed
    only after the cell; then DVC's cache may have the build's file.

    Attributes:
        project: The project.
        outputs: The paths of the stage's outputs.
        folder: The folder for the cells' own files, relative to the project's root.
    """

    project: Project
    outputs: tuple[str, ...]
    folder: str
    _copies: dict[str, Path] = field(default_factory=dict)
    _stamps: dict[str, tuple[int, int] | None] = field(default_factory=dict)

    def holds(self, path: str) -> bool:
        """Whether a path is an output of the build, or in one."""
        return any(PurePosixPath(path).is_relative_to(output) for output in self.outputs)

    def is_written(self, path: str) -> bool:
        """Whether a cell wrote an output, or removed it."""
        exists = (self.project.root / path).is_file()
        return self.holds(path) and (exists or path in self._copies)

    def copy(self, path: str) -> None:
        """Copies a file of the build, which is about to be written; once for each cell."""
        file = self.project.root / path
        if path in self._copies or not self.holds(path) or not file.is_file():
            return
        place = self.project.state / FOLDER / _COPIES / str(os.getpid()) / path
        with contextlib.suppress(OSError):  # without a copy, such as on a full disk, only a note
            place.parent.mkdir(parents=True, exist_ok=True)
            self._stamps[path] = _stamp(file)
            shutil.copy2(file, place)
            self._copies[path] = place

    def changed(self) -> tuple[str, ...]:
        """The copied files that changed since they were copied."""
        root = self.project.root
        return tuple(path for path in self._copies if _stamp(root / path) != self._stamps[path])

    def put_aside(self, path: str) -> str | None:
        """Moves what a cell wrote to the folder of its own, and puts the build's file back.

        Args:
            path: The output, or a file in it.

        Returns:
            The new path of the cell's file; None if the build's file is unknown and nothing moved.
        """
        built = self._copies.pop(path, None) or self._in_cache(path)
        file, own = self.project.root / path, f"{self.folder}/{path}"
        if built is None:
            return None
        try:
            back = self._beside(file, built)
            (self.project.root / own).parent.mkdir(parents=True, exist_ok=True)
            if file.exists():
                file.replace(self.project.root / own)
            back.replace(file)
        except OSError:
            return None
        return own

    def forget(self) -> None:
        """Deletes the copies of files that the cell did not change."""
        for place in self._copies.values():
            place.unlink(missing_ok=True)
        self._copies.clear()

    def _beside(self, file: Path, built: Path) -> Path:
        """A copy of the build's file in the folder that it belongs to."""
        file.parent.mkdir(parents=True, exist_ok=True)
        back = file.with_name(f".{file.name}.{os.getpid()}.new")
        shutil.copy2(built, back)
        back.chmod(back.stat().st_mode | 0o200)  # DVC's cache is read-only
        if built.is_relative_to(self.project.state):
            built.unlink()
        return back

    def _in_cache(self, path: str) -> Path | None:
        """The build's file in DVC's cache."""
        cache = Cache.of(self.project.root)
        try:
            entries = lock.read(self.project.root).entries.values()
        except StagebookError:
            return None
        for out in (out for entry in entries for out in entry.outs):
            if out.path == path:
                return cache.file(out.md5)
            if PurePosixPath(path).is_relative_to(out.path):
                files = cache.files(out.md5) or {}
                md5 = files.get(PurePosixPath(path).relative_to(out.path).as_posix())
                return cache.file(md5) if md5 else None
        return None


def _stamp(file: Path) -> tuple[int, int] | None:
    """Size and time of a file, by which a write is noticed; None if it is missing."""
    try:
        status = file.stat()
    except OSError:
        return None
    return status.st_size, status.st_mtime_ns
