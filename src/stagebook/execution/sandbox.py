"""A folder that holds only what a stage declares, and from which its outputs are moved."""

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
        stamps: The stamp of each file of an input when it was laid.
        code: The stamp of each module when it was laid; None for a link to a module that was not.
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
        """The kernel's own folder: temporary files, and what it logs to MLflow."""
        return self.folder / "kernel"

    @property
    def journal(self) -> Path:
        """The file with what the kernel was refused; the kernel cannot write to it."""
        return self.folder / "journal.jsonl"

    @property
    def materials(self) -> Path:
        """The file with the origin of the stage's result, for a notebook that packages a model."""
        return self.kernel / "materials.json"

    @property
    def executed(self) -> Path:
        """The executed notebook, as far as it got."""
        return self.folder / "executed.ipynb"

    @property
    def whole_outputs(self) -> Path:
        """The folder with the outputs of cells that are too large for the executed notebook."""
        return self.folder / "whole.outputs"

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
        """The folder in which plain MLflow stores artifacts."""
        return self.files / _TRACKER_FILES

    @classmethod
    def of(
        cls,
        declared: DeclaredFiles,
        folder: Path,
        inputs: tuple[str, ...],
        outputs: tuple[str, ...],
    ) -> Self:
        """The sandbox of an execution, before it is laid."""
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
                continue  # it is in a folder that is an input
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
        """Lays out the local modules that the stage runs, as they were at the build's start.

        The other modules of a package are links into the project, which the kernel cannot open:
        a notebook that imports one of them gets an error that names it.

        Args:
            modules: Bytes by path, relative to the root; modules in a folder that is an input are
                laid with it.
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
        """Links what is next to the modules of a package and was neither laid nor declared."""
        declared = [PurePosixPath(path) for path in (*self.inputs, *self.outputs)]
        folder = self.root / package
        for entry in os.scandir(folder) if folder.is_dir() else ():
            path, place = PurePosixPath(package, entry.name), self.files / package / entry.name
            near = any(path.is_relative_to(file) or file.is_relative_to(path) for file in declared)
            if not near and entry.name not in UNNOTICED and not place.exists():
                place.symlink_to(entry.path)
                self.code[place] = None

    def give_store(self, empty: Path) -> None:
        """Copies an empty MLflow store to where the kernel's MLflow looks for it."""
        if empty.exists():
            shutil.copyfile(empty, self.tracker_store)

    def alterations(self) -> dict[str, Alteration]:
        """The inputs that changed since they were laid, each with how it changed."""
        alterations = {
            path: stamps.compare(
                self._laid(path), self.files / path, self.declared.input_file(path)
            )
            for path in dict.fromkeys(self.inputs)
        }
        return {path: kind for path, kind in alterations.items() if kind}

    def restore_rights(self, path: str) -> None:
        """Restores the rights of an input and, if allowed, its owner."""
        stamps.restore_rights(self._laid(path))

    def restore_times(self, path: str) -> None:
        """Restores the times of an input's files, by which DVC recognises them."""
        stamps.restore_times(self._laid(path))

    def _laid(self, path: str) -> dict[Path, Stamp]:
        place = self.files / path
        return {file: stamp for file, stamp in self.stamps.items() if file.is_relative_to(place)}

    def link_targets(self) -> Iterator[str]:
        """The targets of inputs and of the links in them, such as in DVC's cache."""
        for path in self.inputs:
            original = self.declared.input_file(path)
            for file in (original, *files_below(original, stop=())):
                if file.is_symlink() or file == original:
                    yield str(file.resolve())

    def move_out(self) -> None:
        """Moves the outputs into place, each whole, replacing older ones.

        What can fail because of missing space or rights happens next to the target first; then
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
        """The folder with what is recorded of the execution."""
        return self.folder / "evidence"

    def clear_files(self) -> None:
        """Deletes what the notebook wrote, to make room."""
        shutil.rmtree(self.files, ignore_errors=True)

    def clear(self) -> None:
        """Deletes the sandbox."""
        remove_execution(self.folder)


def remove_execution(folder: Path) -> None:
    """Deletes the folder of an execution, its lock last: leftovers are found by their lock."""
    for entry in list(folder.iterdir()) if folder.is_dir() else ():
        if entry.is_dir() and not entry.is_symlink():
            shutil.rmtree(entry, ignore_errors=True)
        elif entry.name != "lock":
            entry.unlink(missing_ok=True)
    shutil.rmtree(folder, ignore_errors=True)


def empty_store(state: Path, version: str) -> Path:
    """Path of the empty MLflow store that sandboxes get a copy of, as creating it takes seconds.

    Args:
        state: The project's state folder.
        version: MLflow's version, on which the store's tables depend.
    """
    return state / "cache" / f"mlflow-{version}.db"


def _lies_in(root: Path, path: Path) -> bool:
    """Whether a file, or every file in a folder, is below the root once links are followed."""
    return all(file.resolve().is_relative_to(root) for file in (path, *files_below(path, stop=())))
