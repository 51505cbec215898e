"""DVC itself: whether it is here, and its hash of a file or folder."""

import datetime
import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import psutil

from stagebook.errors import Exit, Problem, StagebookError


@dataclass(frozen=True, slots=True)
class Hashed:
    """A file or folder with the hash that ``dvc.lock`` has for it.

    Attributes:
        path: Relative to the project's root, with forward slashes.
        md5: Hex digits; a folder's end in ``.dir``.
        size: Bytes.
        files: How many files a folder holds; None for a file.
    """

    path: str
    md5: str
    size: int
    files: int | None = None


def require_repository(root: Path) -> None:
    """Raises a StagebookError where ``dvc init`` has not been run."""
    if not (root / ".dvc").is_dir():
        raise StagebookError(
            Problem(
                "no-dvc",
                f"There is no DVC repository in {root}.",
                "Run: dvc init   (in a subfolder of a git repository: dvc init --subdir; "
                "without git: dvc init --no-scm)",
            ),
            exit_code=Exit.ENVIRONMENT,
        )


def running() -> str | None:
    """The name of the ``dvc repro`` that this process runs under; None if it runs by itself.

    All stages of one ``dvc repro`` have that process above them, which is the nearest one that
    DVC has not told the name of a stage.
    """
    if "DVC_STAGE" not in os.environ:
        return None
    try:
        for process in psutil.Process().parents():
            if "DVC_STAGE" not in process.environ():
                started = datetime.datetime.fromtimestamp(process.create_time(), datetime.UTC)
                return f"{started:%Y%m%dT%H%M%S%f}-{process.pid}"
    except psutil.Error:  # a process of somebody else, or one that has ended
        pass
    return None


def has_remote(root: Path) -> bool:
    """Whether DVC knows of a place to pull from if it is told no other.

    Args:
        root: The project's root, which is DVC's.
    """
    from dvc.config import Config

    return bool(Config(str(root / ".dvc"))["core"].get("remote"))


def hash_paths(root: Path, paths: Iterable[str]) -> tuple[Hashed, ...]:
    """DVC's hashes of files and folders, through its state database.

    A file that DVC hashed since it was last written is not read again.

    Args:
        root: The project's root, which is DVC's.
        paths: Relative paths of what exists.
    """
    from dvc.repo import Repo
    from dvc_data.hashfile.build import build

    require_repository(root)
    hashed = []
    with Repo(str(root)) as repo:
        for path in dict.fromkeys(paths):
            _, meta, found = build(
                repo.cache.local,
                str(root / path),
                repo.fs,
                "md5",
                ignore=repo.dvcignore,
                dry_run=True,
            )
            hashed.append(Hashed(path, str(found.hash_info.value), meta.size or 0, meta.nfiles))
    return tuple(hashed)
