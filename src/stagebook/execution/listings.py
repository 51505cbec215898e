"""Files that a listing in the sandbox lacks and the same listing in the project has."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path, PurePosixPath

from stagebook.notebook.paths import RESERVED

_CONFIGURATION = {
    *("pyproject.toml", "setup.py", "setup.cfg", "tox.ini", "pytest.ini", "conftest.py"),
    *("MLproject", "mlruns", "mlflow.db", "conda.yaml", "environment.yml", "requirements.txt"),
    *("requirements.lock", "uv.lock", "poetry.lock", "matplotlibrc", "Makefile", "Dockerfile"),
    *("README.md", "LICENSE", "CHANGELOG.md", "CONTRIBUTING.md", "__pycache__"),
}
"""Names that tools look for to find a project's root, or their settings."""

_CODE = {".py", ".pyc", ".ipynb", ".so"}


@dataclass(frozen=True, slots=True)
class IncompleteListing:
    """A listing that would have been different in the project.

    Attributes:
        listed: The folder or the pattern, relative to the root.
        files: The files that it lacked.
    """

    listed: str
    files: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Listings:
    """Compares the listings of a stage with those of its project.

    Attributes:
        root: The project's root.
        declared: Paths that the stage declares, relative to the root.
    """

    root: Path
    declared: tuple[str, ...]

    def of_folder(self, folder: str) -> IncompleteListing:
        """What the listing of a folder lacked.

        Folders directly below the root do not count, since no stage can declare the root.
        """
        path = self.root / folder
        names = sorted(os.listdir(path)) if path.is_dir() else []
        paths = [PurePosixPath(folder, name).as_posix() for name in names]
        if folder == os.curdir:
            paths = [item for item in paths if not (self.root / item).is_dir()]
        return IncompleteListing(folder, tuple(filter(self._is_lacking, paths)))

    def of_pattern(self, pattern: str) -> IncompleteListing:
        """What the search for a pattern lacked; ``**`` matches folders of any depth."""
        paths = _matches(self.root, PurePosixPath(pattern).parts)
        names = dict.fromkeys(path.relative_to(self.root).as_posix() for path in paths)
        return IncompleteListing(pattern, tuple(sorted(filter(self._is_lacking, names))))

    def is_content(self, name: str) -> bool:
        """Whether a path is data: a stage that finds it missing is wrong.

        Code is not data, since the stage's source contains it; nor is what tools look for.
        """
        path = self.root / name
        if name in RESERVED or is_configuration(name) or path.suffix in _CODE:
            return False
        return not path.is_dir() or any(
            file.suffix not in _CODE and not is_configuration(file.name) for file in _files(path)
        )

    def _is_lacking(self, name: str) -> bool:
        path = self.root / name
        if is_configuration(name) or path.suffix in _CODE or self._is_in_sandbox(name):
            return False
        return not path.is_dir() or next(_files(path), None) is not None

    def _is_in_sandbox(self, name: str) -> bool:
        path = PurePosixPath(name)
        return any(
            path.is_relative_to(item) or PurePosixPath(item).is_relative_to(path)
            for item in self.declared
        )


def is_configuration(name: str) -> bool:
    """Whether a path belongs to a tool, so that a notebook or a library may look for it."""
    parts = PurePosixPath(name).parts
    hidden = any(part.startswith(".") for part in parts)
    return hidden or parts[-1] in _CONFIGURATION or parts[-1].endswith(".dvc")


def _matches(folder: Path, parts: tuple[str, ...]) -> Iterator[Path]:
    if not parts:
        yield folder
        return
    head, rest = parts[0], parts[1:]
    if head == "**":
        yield from _matches(folder, rest)
        for child in _visible(folder):
            if child.is_dir() and not child.is_symlink():
                yield from _matches(child, parts)
            elif not rest:
                yield child
        return
    for child in _visible(folder):
        if fnmatchcase(child.name, head) and (not rest or child.is_dir()):
            yield from _matches(child, rest)


def _visible(folder: Path) -> list[Path]:
    """What is in a folder, without hidden files such as those of DVC and git."""
    names = sorted(os.listdir(folder)) if folder.is_dir() else []
    return [folder / name for name in names if not name.startswith(".")]


def _files(folder: Path) -> Iterator[Path]:
    for child in _visible(folder):
        if child.is_dir() and not child.is_symlink():
            yield from _files(child)
        else:
            yield child
