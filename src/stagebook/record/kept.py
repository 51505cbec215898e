"""The executed notebooks of the last executions of each stage, kept packed."""

import contextlib
import gzip
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from stagebook.project.files import write_whole

MOST = 20
"""Of each stage, so many builds are kept, and so many runs with ``-P``."""

LARGEST = 256_000_000
"""Bytes of a notebook that is kept, and that is unpacked again."""

_FOLDER = "executed"
_SUFFIX = ".ipynb.gz"
_LEVEL = 6


class DamagedError(Exception):
    """A kept notebook is there and cannot be read; says why."""


@dataclass(frozen=True, slots=True)
class KeptNotebooks:
    """The notebooks that one project keeps.

    Attributes:
        state: The project's state folder.
    """

    state: Path

    def put(self, stage: str, name: str, notebook: Path, *, trial: bool = False) -> None:
        """Keeps a notebook, whole or not at all, and forgets the oldest of its stage and kind.

        What cannot be kept, such as on a full disk, is not: MLflow is given it all the same.

        Args:
            stage: The stage.
            name: Id of the execution.
            notebook: What it left; nothing is kept where that is not there.
            trial: Whether it was a run with ``-P``: a sweep of them pushes out no build.
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
            DamagedError: It is there, but cannot be read.
        """
        places = [folder / f"{name}{_SUFFIX}" for folder in self._folders(stage)]
        return next((_unpacked(place) for place in places if place.exists()), None)

    def names(self, stage: str) -> tuple[str, ...]:
        """Ids of the executions of a stage whose notebooks are kept, oldest first."""
        files = (path for folder in self._folders(stage) for path in _files(folder))
        return tuple(sorted(path.name.removesuffix(_SUFFIX) for path in files))

    def _folders(self, stage: str) -> tuple[Path, Path]:
        """Where builds of a stage are, and where its runs with ``-P``."""
        name = Path(stage).name
        return self.state / _FOLDER / name, self.state / _FOLDER / f"{name}@"


def _unpacked(place: Path) -> bytes:
    try:
        with gzip.open(place) as file:
            content = file.read(LARGEST + 1)
    except (OSError, EOFError, zlib.error) as error:
        raise DamagedError(f"{place.name} is damaged: {error}") from None
    if not content:  # a gzip file of no bytes reads as one of nothing
        raise DamagedError(f"{place.name} is empty")
    if len(content) > LARGEST:
        raise DamagedError(f"{place.name} is larger than any notebook that is kept")
    return content


def _prune(folder: Path) -> None:
    for path in sorted(_files(folder))[:-MOST]:  # ids sort by time
        path.unlink(missing_ok=True)


def _files(folder: Path) -> Iterator[Path]:
    files = folder.glob(f"*{_SUFFIX}")
    yield from (path for path in files if not path.name.startswith("."))
