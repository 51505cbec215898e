"""A folder that holds only what a stage declares, and the way of its outputs out of it."""

import contextlib
import errno
import json
import os
import shutil
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from stagebook.execution.walls import can_confine

EXECUTIONS = "executions"
_MANY = 3
_TRACKER_FILES = "mlruns"
_UNNOTICED = {".ipynb_checkpoints", "__pycache__"}

Stamp = tuple[int, int, int]
"""Size, modification time in nanoseconds and inode of a file; they change when it is written."""


@dataclass(frozen=True, slots=True)
class Sandbox:
    """The folder of one execution.

    Attributes:
        root: The project's root.
        folder: The execution's folder, below the project's state folder.
        inputs: Declared inputs, relative to the root.
        outputs: Declared outputs, relative to the root.
        stamps: For each file of an input, as laid, what tells whether it was written to.
    """

    root: Path
    folder: Path
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    stamps: dict[Path, Stamp]

    @property
    def files(self) -> Path:
        """The kernel's working folder, which looks like the project's root."""
        return self.folder / "files"

    @property
    def kernel(self) -> Path:
        """The kernel's own corner: temporary files, its journal, what it logs to MLflow."""
        return self.folder / "kernel"

    @property
    def materials(self) -> Path:
        """What the stage's result is made of, for a notebook that packages a model."""
        return self.kernel / "materials.json"

    @property
    def executed(self) -> Path:
        """The executed notebook, as far as it got."""
        return self.folder / "executed.ipynb"

    @property
    def lock(self) -> Path:
        """The file that is locked as long as the runner lives."""
        return self.folder / "lock"

    @property
    def tracker_store(self) -> Path:
        """The SQLite file in which plain MLflow logs."""
        return self.kernel / "mlflow.db"

    @property
    def tracker_files(self) -> Path:
        """Where plain MLflow leaves artifacts, beside the notebook."""
        return self.files / _TRACKER_FILES

    @classmethod
    def of(
        cls, root: Path, folder: Path, inputs: tuple[str, ...], outputs: tuple[str, ...]
    ) -> Self:
        """The sandbox of an execution, of which nothing is there yet."""
        return cls(root, folder, inputs, outputs, {})

    def lay(self) -> Self:
        """Lays out the inputs and a place for each output.

        Where native code can be confined, inputs are links that cannot be written through;
        elsewhere, and where their files lie outside the project, they are copies.
        """
        for part in (self.files, self.kernel / "tmp"):
            part.mkdir(parents=True)
        confined = can_confine()
        for path in sorted(set(self.inputs)):
            place = self.files / path
            if place.exists():
                continue  # it lies in a folder that is an input as a whole
            place.parent.mkdir(parents=True, exist_ok=True)
            if confined and _lies_in(self.root, self.root / path):
                place.symlink_to(self.root / path)
            elif (self.root / path).is_dir():
                shutil.copytree(self.root / path, place)
            else:
                shutil.copy2(self.root / path, place)
            self.stamps.update(_stamps(place))
        for path in self.outputs:
            (self.files / path).parent.mkdir(parents=True, exist_ok=True)
        return self

    def give_store(self, empty: Path) -> None:
        """Puts a copy of an empty MLflow store where the kernel's MLflow looks for one."""
        if empty.exists():
            shutil.copyfile(empty, self.tracker_store)

    def changed_inputs(self) -> tuple[str, ...]:
        """The inputs that are not as they were laid."""
        return tuple(
            path
            for path in dict.fromkeys(self.inputs)
            if _stamps(self.files / path)
            != {
                file: at
                for file, at in self.stamps.items()
                if file.is_relative_to(self.files / path)
            }
        )

    def undeclared(self) -> tuple[str, ...]:
        """What is in the sandbox and neither input nor output, relative to it.

        Of many files in a folder that holds nothing declared, the folder is named.
        """
        declared = [self.files / path for path in (*self.inputs, *self.outputs)]
        left = [
            file
            for file in sorted(_files_below(self.files, stop=declared))
            if not any(file.is_relative_to(one) for one in (*declared, self.tracker_files))
        ]
        tops = {file: self._undeclared_folder(file, declared) for file in left}
        counts = Counter(tops.values())
        named = (top if counts[top] > _MANY else file for file, top in tops.items())
        return tuple(dict.fromkeys(one.relative_to(self.files).as_posix() for one in named))

    def _undeclared_folder(self, file: Path, declared: list[Path]) -> Path:
        """The highest folder that holds a file and nothing declared; the file if none does."""
        above = [
            one for one in file.parents if one != self.files and one.is_relative_to(self.files)
        ]
        free = [one for one in above if not any(other.is_relative_to(one) for other in declared)]
        return free[-1] if free else file

    def missing(self) -> tuple[str, ...]:
        """Declared outputs that the notebook did not write."""
        return tuple(path for path in self.outputs if not (self.files / path).exists())

    def move_out(self, to: Path) -> None:
        """Moves the outputs into place, each whole, replacing what is there.

        Whatever can fail for want of space or rights is done beside the target first; then
        each target changes by one rename.

        Args:
            to: The folder that the outputs' paths are relative to.
        """
        near: dict[Path, Path] = {}
        try:
            for path in self.outputs:
                near[to / path] = _bring_near(self.files / path, to / path)
        except OSError:
            for moved in near.values():
                _remove(moved)
            raise
        for target, moved in near.items():
            _replace(moved, target)

    @property
    def evidence(self) -> Path:
        """What is to be remembered of the execution."""
        return self.folder / "evidence"

    def clear_files(self) -> None:
        """Deletes what the notebook wrote, to make room."""
        shutil.rmtree(self.files, ignore_errors=True)

    def clear(self) -> None:
        """Deletes the sandbox with all that is left in it."""
        shutil.rmtree(self.folder, ignore_errors=True)


def empty_store(state: Path, version: str) -> Path:
    """Path of the empty MLflow store that sandboxes get a copy of, as making one takes seconds.

    Args:
        state: The project's state folder.
        version: MLflow's version, on which the store's tables depend.
    """
    return state / "cache" / f"mlflow-{version}.db"


def journal(sandbox: Sandbox) -> tuple[tuple[str, str], ...]:
    """What the kernel was refused: pairs of a kind and a path relative to the root."""
    try:
        lines = (sandbox.kernel / "journal.jsonl").read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        return ()
    entries = (json.loads(line) for line in lines)
    return tuple((str(entry["kind"]), str(entry["path"])) for entry in entries)


def _stamps(path: Path) -> dict[Path, Stamp]:
    """Stamps of a file, or of all files in a folder; of a link, those of what it points to."""
    stamps = {}
    for file in _files_below(path, stop=()):
        with contextlib.suppress(FileNotFoundError):
            status = file.stat()
            stamps[file] = (status.st_size, status.st_mtime_ns, status.st_ino)
    return stamps


def _files_below(path: Path, stop: object) -> Iterator[Path]:
    """The files at or below a path, following links to folders; not into those in ``stop``."""
    if not path.is_dir():
        if path.exists() or path.is_symlink():
            yield path
        return
    for entry in os.scandir(path):
        child = Path(entry.path)
        if entry.name in _UNNOTICED:
            continue
        if child in stop:  # type: ignore[operator]
            yield child
        else:
            yield from _files_below(child, stop)


def _lies_in(root: Path, path: Path) -> bool:
    """Whether a file, or every file in a folder, really lies below the root."""
    return all(file.resolve().is_relative_to(root) for file in (path, *_files_below(path, stop=())))


def _bring_near(source: Path, target: Path) -> Path:
    """Moves a file or folder beside its target, across file systems if need be."""
    if source.is_symlink():
        raise OSError(errno.EINVAL, "the output is a link; write the file itself", str(target))
    target.parent.mkdir(parents=True, exist_ok=True)
    near = target.with_name(f".{target.name}.new")
    _remove(near)
    try:
        source.rename(near)
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        try:
            shutil.move(source, near)
        except OSError:
            _remove(near)
            raise
    return near


def _replace(near: Path, target: Path) -> None:
    if target.is_dir() and not target.is_symlink():
        old = target.with_name(f".{target.name}.old")
        _remove(old)
        target.rename(old)
        near.rename(target)
        _remove(old)
    elif near.is_dir():
        _remove(target)
        near.rename(target)
    else:
        near.replace(target)


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
