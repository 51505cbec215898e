"""The executed notebooks of the last executions of each stage, compressed."""

import contextlib
import gzip
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from stagebook.project.files import write_whole

MOST = 20
"""Number of builds that are kept for each stage, and of runs with ``-P``."""

LARGEST = 256_000_000
"""Largest size of a kept notebook in bytes."""

_FOLDER = "executed"
_SUFFIX = ".ipynb.gz"
_LEVEL = 6


class DamagedError(Exception):
    """A kept notebook exists but cannot be read."""


@dataclass(frozen=True, slots=True)
class KeptNotebooks:
    """The notebooks that one project keeps.

    Attributes:
        state: The project's state folder.
    """

    state: Path

    def put(self, stage: str, name: str, notebook: Path, *, trial: bool = False) -> None:
        """Keeps a notebook, whole or not at all, and deletes the oldest of its stage and kind.

        An error, such as a full disk, is ignored, since MLflow also gets the notebook.

        Args:
            stage: The stage.
            name: Id of the execution.
            notebook: The executed notebook; a missing file is ignored.
            trial: Whether it was a run with ``-P``: many of these replace no build.
        """
        with contextlib.suppress(OSError):
            if notebook.stat().st_size <= LARGEST:
                packed = gzip.compress(notebook.read_bytes(), _LEVEL, mtime=0)
                folder = self._folders(stage)[trial]
                write_whole(folder / f"{name}{_SUFFIX}", packed)
                _prune(folder)

    def read(self, stage: str, name: str) -> bytes | None:
        """The notebook of an execution; None if it is not kept.

        Args:
            stage: The stage.
            name: Id of the execution.

        Raises:
            DamagedError: It exists, but cannot be read.
        """
        places = [folder / f"{name}{_SUFFIX}" for folder in self._folders(stage)]
        return next((_unpacked(place) for place in places if place.exists()), None)

    def names(self, stage: str) -> tuple[str, ...]:
        """Ids of the executions of a stage whose notebooks are kept, oldest first."""
        files = (path for folder in self._folders(stage) for path in _files(folder))
        return tuple(sorted(path.name.removesuffix(_SUFFIX) for path in files))

    def _folders(self, stage: str) -> tuple[Path, Path]:
        """The folder for builds of a stage, and the folder for its runs with ``-P``."""
        name = Path(stage).name
        return self.state / _FOLDER / name, self.state / _FOLDER / f"{name}@"


def _unpacked(place: Path) -> bytes:
    try:
        with gzip.open(place) as file:
            content = file.read(LARGEST + 1)
    except (OSError, EOFError, zlib.error) as error:
        raise DamagedError(f"{place.name} is damaged: {error}") from None
    if not content:  # an empty file is a valid gzip file without content
        raise DamagedError(f"{place.name} is empty")
    if len(content) > LARGEST:
        raise DamagedError(f"{place.name} is larger than {LARGEST:,} bytes")
    return content


def _prune(folder: Path) -> None:
    for path in sorted(_files(folder))[:-MOST]:  # ids sort by time
        path.unlink(missing_ok=True)


def _files(folder: Path) -> Iterator[Path]:
    files = folder.glob(f"*{_SUFFIX}")
    yield from (path for path in files if not path.name.startswith("."))
