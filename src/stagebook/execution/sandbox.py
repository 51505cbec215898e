"""A folder that holds only what a stage declares, and the way of its outputs out of it."""

import os
import shutil
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Self

from stagebook.execution import landing, stamps
from stagebook.execution.declared_files import DeclaredFiles
from stagebook.execution.sandbox_policy import can_confine
from stagebook.execution.stamps import UNNOTICED, Alteration, Stamp, files_below, stamps_of

EXECUTIONS = "executions"
_TRACKER_FILES = "mlruns"


@dataclass(frozen=True, slots=True)
class Sandbox:
    """The folder of one execution.

    Attributes:
        declared: Where the declared files are.
        folder: The execution's folder, below the project's state folder.
        inputs: Declared inputs, relative to the root.
        outputs: Declared outputs, relative to the root.
        stamps: For each file of an input, as laid, what tells whether it was written to.
        code: The same for each module, as laid; None for a link to what is not laid.
    """

    declared: DeclaredFiles
    folder: Path
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    stamps: dict[Path, Stamp]
    code: dict[Path, Stamp | None] = field(default_factory=dict)

    @property
    def root(self) -> Path:
        """The project's root."""
        return self.declared.root

    @property
    def files(self) -> Path:
        """The kernel's working folder, which looks like the project's root."""
        return self.folder / "files"

    @property
    def kernel(self) -> Path:
        """The kernel's own corner: temporary files, what it logs to MLflow."""
        return self.folder / "kernel"

    @property
    def journal(self) -> Path:
        """What the kernel was refused, where the kernel cannot reach it."""
        return self.folder / "journal.jsonl"

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
        cls,
        declared: DeclaredFiles,
        folder: Path,
        inputs: tuple[str, ...],
        outputs: tuple[str, ...],
    ) -> Self:
        """The sandbox of an execution, of which nothing is there yet."""
        return cls(declared, folder, inputs, outputs, {})

    def lay(self) -> Self:
        """Lays out the inputs and a place for each output.

        Where native code can be confined, inputs are links that cannot be written through;
        elsewhere, and where their files lie outside the project, they are copies.
        """
        for part in (self.files, self.kernel / "tmp"):
            part.mkdir(parents=True, exist_ok=True)
        confined = can_confine()
        for path in sorted(set(self.inputs)):
            place = self.files / path
            if place.exists():
                continue  # it lies in a folder that is an input as a whole
            place.parent.mkdir(parents=True, exist_ok=True)
            original = self.declared.input_file(path)
            if confined and _lies_in(self.root, original):
                place.symlink_to(original)
            elif original.is_dir():
                shutil.copytree(original, place)
            else:
                shutil.copy2(original, place)
            self.stamps.update(stamps_of(place))
        for path in self.outputs:
            (self.files / path).parent.mkdir(parents=True, exist_ok=True)
        return self

    def lay_code(self, modules: Mapping[str, bytes], folders: Iterable[str]) -> None:
        """Lays out the local modules that the stage runs, as its build's start had them.

        Beside each module of a package, the others of that package are links to where they are in
        the project, which the kernel cannot open: a notebook that imports one of them is told.

        Args:
            modules: Bytes by path, relative to the root; those in a folder that is an input come
                with it.
            folders: Folders that modules are found in, relative to the root.
        """
        own = {
            path: data
            for path, data in modules.items()
            if not any(PurePosixPath(path).is_relative_to(input_) for input_ in self.inputs)
        }
        for path, data in own.items():
            place = self.files / path
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(data)
            self.code.update(stamps_of(place))
        starts = set(map(PurePosixPath, folders))
        for package in {PurePosixPath(path).parent for path in own} - starts:
            self._link_others(package.as_posix())

    def _link_others(self, package: str) -> None:
        """Links what lies beside the modules of a package and was neither laid nor declared."""
        declared = [PurePosixPath(path) for path in (*self.inputs, *self.outputs)]
        there = self.root / package
        for entry in os.scandir(there) if there.is_dir() else ():
            path, place = PurePosixPath(package, entry.name), self.files / package / entry.name
            near = any(path.is_relative_to(file) or file.is_relative_to(path) for file in declared)
            if not near and entry.name not in UNNOTICED and not place.exists():
                place.symlink_to(entry.path)
                self.code[place] = None

    def give_store(self, empty: Path) -> None:
        """Puts a copy of an empty MLflow store where the kernel's MLflow looks for one."""
        if empty.exists():
            shutil.copyfile(empty, self.tracker_store)

    def alterations(self) -> dict[str, Alteration]:
        """The inputs that are not as they were laid, each with what can be told of it."""
        found = {
            path: stamps.compare(
                self._laid(path), self.files / path, self.declared.input_file(path)
            )
            for path in dict.fromkeys(self.inputs)
        }
        return {path: kind for path, kind in found.items() if kind}

    def restore_rights(self, path: str) -> None:
        """Gives an input the rights and, where that is allowed, the owner that it had."""
        stamps.restore_rights(self._laid(path))

    def restore_times(self, path: str) -> None:
        """Gives the files of an input the times that they had, which DVC goes by."""
        stamps.restore_times(self._laid(path))

    def _laid(self, path: str) -> dict[Path, Stamp]:
        place = self.files / path
        return {file: stamp for file, stamp in self.stamps.items() if file.is_relative_to(place)}

    def link_targets(self) -> Iterator[str]:
        """Where inputs, and the links in them, lead: such as into DVC's cache."""
        for path in self.inputs:
            original = self.declared.input_file(path)
            for file in (original, *files_below(original, stop=())):
                if file.is_symlink() or file == original:
                    yield str(file.resolve())

    def move_out(self) -> None:
        """Moves the outputs into place, each whole, replacing what is there.

        Whatever can fail for want of space or rights is done beside the target first; then
        each target changes by one rename.
        """
        near: dict[Path, Path] = {}
        try:
            for path in self.outputs:
                target = self.root / self.declared.output(path)
                near[target] = landing.bring_near(self.files / path, target)
        except OSError:
            for moved in near.values():
                landing.remove(moved)
            raise
        for target, moved in near.items():
            landing.replace(moved, target)

    @property
    def evidence(self) -> Path:
        """What is to be remembered of the execution."""
        return self.folder / "evidence"

    def clear_files(self) -> None:
        """Deletes what the notebook wrote, to make room."""
        shutil.rmtree(self.files, ignore_errors=True)

    def clear(self) -> None:
        """Deletes the sandbox with all that is left in it."""
        remove_execution(self.folder)


def remove_execution(folder: Path) -> None:
    """Deletes the folder of an execution, its lock last: what is left is found by its lock."""
    for entry in list(folder.iterdir()) if folder.is_dir() else ():
        if entry.is_dir() and not entry.is_symlink():
            shutil.rmtree(entry, ignore_errors=True)
        elif entry.name != "lock":
            entry.unlink(missing_ok=True)
    shutil.rmtree(folder, ignore_errors=True)


def empty_store(state: Path, version: str) -> Path:
    """Path of the empty MLflow store that sandboxes get a copy of, as making one takes seconds.

    Args:
        state: The project's state folder.
        version: MLflow's version, on which the store's tables depend.
    """
    return state / "cache" / f"mlflow-{version}.db"


def _lies_in(root: Path, path: Path) -> bool:
    """Whether a file, or every file in a folder, really lies below the root."""
    return all(file.resolve().is_relative_to(root) for file in (path, *files_below(path, stop=())))
