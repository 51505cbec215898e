"""What a notebook wrote in its sandbox: missing outputs, undeclared and special files."""

import os
import stat
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from stagebook.execution import stamps
from stagebook.execution.sandbox import Sandbox
from stagebook.execution.stamps import files_below, stamps_of

_MANY = 3


def special_files(sandbox: Sandbox) -> Iterator[tuple[str, str]]:
    """Entries in outputs that are neither file nor folder, as pairs of path and kind."""
    for path in sandbox.outputs:
        for entry in _entries(sandbox.files / path):
            kind = stamps.SPECIAL.get(stat.S_IFMT(entry.lstat().st_mode))
            if kind:
                yield entry.relative_to(sandbox.files).as_posix(), kind


def drop_special_artifacts(sandbox: Sandbox) -> None:
    """Deletes entries for MLflow that are neither file nor folder."""
    for place in (sandbox.tracker_store, sandbox.tracker_files):
        for entry in list(_entries(place)):
            if stat.S_IFMT(entry.lstat().st_mode) in stamps.SPECIAL:
                entry.unlink()


def undeclared(sandbox: Sandbox) -> tuple[str, ...]:
    """Files in the sandbox that are neither input nor output, relative to it.

    For many files in a folder without declared files, the folder is returned.
    """
    declared = [sandbox.files / path for path in (*sandbox.inputs, *sandbox.outputs)]
    files = [
        file
        for file in sorted(files_below(sandbox.files, stop={*declared, *sandbox.code}))
        if not any(file.is_relative_to(path) for path in (*declared, sandbox.tracker_files))
        and not _is_laid_code(sandbox, file)
    ]
    tops = {file: _undeclared_folder(sandbox, file, declared) for file in files}
    counts = Counter(tops.values())
    named = (top if counts[top] > _MANY else file for file, top in tops.items())
    return tuple(dict.fromkeys(path.relative_to(sandbox.files).as_posix() for path in named))


def _is_laid_code(sandbox: Sandbox, file: Path) -> bool:
    stamp = sandbox.code.get(file, ())
    return stamp is None or stamp == stamps_of(file).get(file)


def _undeclared_folder(sandbox: Sandbox, file: Path, declared: list[Path]) -> Path:
    """The highest folder that holds a file and nothing declared; the file if none does."""
    above = [
        folder
        for folder in file.parents
        if folder != sandbox.files and folder.is_relative_to(sandbox.files)
    ]
    free = [folder for folder in above if not any(path.is_relative_to(folder) for path in declared)]
    return free[-1] if free else file


def missing(sandbox: Sandbox) -> tuple[str, ...]:
    """Declared outputs that the notebook did not write."""
    return tuple(path for path in sandbox.outputs if not (sandbox.files / path).exists())


def _entries(path: Path) -> Iterator[Path]:
    """A path and, if it is a folder, everything below it; links are not followed."""
    if not os.path.lexists(path):
        return
    yield path
    if path.is_dir() and not path.is_symlink():
        for entry in os.scandir(path):
            yield from _entries(Path(entry.path))
