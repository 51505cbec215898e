"""The bytes of a package: each file is read once, and what is hashed is what is opened."""

import contextlib
import hashlib
import os
import sys
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Self

from stagebook.model import json_text, manifest, regular_file
from stagebook.model.golden import FILE as GOLDEN
from stagebook.model.manifest import GET_ANOTHER, Manifest, ManifestEntry
from stagebook.project.errors import Problem, Where
from stagebook.project.files import write_whole

_LARGEST_GOLDEN = 64_000_000  # bytes
_MOST_ENTRIES = 1000  # that are looked at in a folder
_SHOWN = 20


@dataclass(frozen=True, slots=True)
class Contents:
    """What is in a package's folder.

    Attributes:
        folder: The folder.
        manifest: Its manifest.
        files: The bytes of each file that is as the manifest says.
        problems: How the folder differs from what the manifest says.
    """

    folder: Path
    manifest: Manifest
    files: Mapping[str, bytes]
    problems: tuple[Problem, ...]

    @classmethod
    def read(cls, folder: Path) -> Self:
        """The contents of a package's folder.

        Raises:
            StagebookError: The folder is not a package, or one of a newer format.
        """
        package_manifest = manifest.read(folder)
        files: dict[str, bytes] = {}
        problems = [*_unexpected(folder, package_manifest), *_absent(package_manifest)]
        for name, entry in sorted(package_manifest.files.items()):
            if name not in package_manifest.known:
                message = "The manifest lists an unexpected file."
                problems.append(Problem("package-changed", message, GET_ANOTHER, Where(name)))
            else:
                try:
                    files[name] = _read(folder / name, entry, _most(name, package_manifest))
                except (OSError, ValueError) as error:
                    problems.append(_changed(name, error))
        return cls(folder, package_manifest, files, _bounded(problems))

    def text(self, name: str) -> str:
        """A file as text; KeyError if it is not as it was packaged."""
        return self.files[name].decode("utf-8")

    @contextlib.contextmanager
    def written(self) -> Iterator[Path]:
        """A temporary folder with these bytes, for tools that read files themselves."""
        with tempfile.TemporaryDirectory(prefix="stagebook-package-") as name:
            yield self.write(Path(name))

    def write(self, into: Path) -> Path:
        """Writes these bytes into a folder, as a package of the same name; returns that."""
        folder = into / self.folder.resolve().name
        for name, data in self.files.items():
            write_whole(folder / name, data)
        write_whole(folder / manifest.FILE, manifest.render(self.manifest))
        return folder


def read_one(folder: Path, name: str) -> bytes | None:
    """The bytes of one file of a package; None if the package does not have it.

    Raises:
        StagebookError: The folder is not a package, or one of a newer format.
        OSError: The file cannot be read.
        ValueError: It is not as the manifest says.
    """
    package_manifest = manifest.read(folder)
    entry = package_manifest.files.get(name)
    if entry is None:
        return None
    return _read(folder / name, entry, _most(name, package_manifest))


def _changed(name: str, error: OSError | ValueError) -> Problem:
    message = str(error)
    if isinstance(error, FileNotFoundError):
        message = "The file is missing."
    elif isinstance(error, OSError):
        message = f"The file cannot be read: {error.strerror}."
    return Problem("package-changed", message, GET_ANOTHER, Where(name))


def _most(name: str, package_manifest: Manifest) -> int:
    """Bytes that a file may have; a model, half of the memory, as it is read and then opened."""
    if name == package_manifest.model.file:
        return _memory() // 2
    is_golden = name in (GOLDEN, manifest.FEATURE_GOLDEN)
    return _LARGEST_GOLDEN if is_golden else json_text.LARGEST


def _memory() -> int:
    """Bytes of memory of this machine."""
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):  # not on Windows
        return sys.maxsize


def _read(path: Path, entry: ManifestEntry, most: int) -> bytes:
    """A file's bytes; ValueError if they are not those that were packaged."""
    if entry.size > most:
        raise ValueError(f"The file has {entry.size} bytes; at most {most} are allowed.")
    data = regular_file.read(path, entry.size + 1, size=entry.size, links=False)
    if len(data) != entry.size or hashlib.sha256(data).hexdigest() != entry.sha256:
        raise ValueError("The file changed after it was packaged.")
    return data


def _absent(package_manifest: Manifest) -> Iterator[Problem]:
    if package_manifest.model.file not in package_manifest.known:
        message = f"The model's file must be {manifest.MODEL_FILES[package_manifest.model.format]}."
        yield Problem("package-changed", message, GET_ANOTHER, Where(package_manifest.model.file))
    for name in sorted(package_manifest.known - package_manifest.files.keys()):
        message = "The manifest does not list this file, which is required."
        yield Problem("package-changed", message, GET_ANOTHER, Where(name))


def _unexpected(folder: Path, package_manifest: Manifest) -> Iterator[Problem]:
    hint = "Delete the file, or get the package again."
    for path in islice(manifest.files_of(folder), _MOST_ENTRIES):
        if path not in package_manifest.files:
            message = "The file was added after the package was made."
            yield Problem("package-changed", message, hint, Where(path))


def _bounded(problems: list[Problem]) -> tuple[Problem, ...]:
    """The first problems, and how many more there are."""
    if len(problems) <= _SHOWN:
        return tuple(problems)
    message = f"{len(problems) - _SHOWN} more files differ from the manifest."
    summary = Problem("package-changed", message, GET_ANOTHER, Where(manifest.FILE))
    return (*problems[:_SHOWN], summary)
