"""DVC itself: its repository, its processes, and its hash of a file or folder."""

import datetime
import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Self

from stagebook.project import ancestry
from stagebook.project.errors import Exit, Problem, StagebookError

if TYPE_CHECKING:
    import psutil


@dataclass(frozen=True, slots=True)
class HashedPath:
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
    """Raises a StagebookError if ``dvc init`` has not been run."""
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


def stage() -> str | None:
    """The stage that DVC runs this process for; None if a person started it."""
    # from a folder below the root, DVC names it with the path of its dvc.yaml
    return os.environ.get("DVC_STAGE", "").rpartition(":")[2] or None


def running() -> str | None:
    """The name of the ``dvc repro`` that runs this process; None if it runs by itself."""
    process = Caller.of_this_process().process
    if process is None:
        return None
    started = datetime.datetime.fromtimestamp(process.create_time(), datetime.UTC)
    return f"{started:%Y%m%dT%H%M%S%f}-{process.pid}"


@dataclass(frozen=True, slots=True)
class Caller:
    """The ``dvc repro`` that a process runs under.

    Attributes:
        process: Its process; None if it has ended, or cannot be inspected.
        expected: Whether DVC started this process: then it has set the name of the stage.
    """

    process: "psutil.Process | None"
    expected: bool

    @classmethod
    def of_this_process(cls) -> Self:
        """The caller of this process.

        It is the nearest parent that DVC has not given the name of a stage; a shell may be in
        between. If DVC was killed before, the process that adopted this one is there instead.
        """
        if "DVC_STAGE" not in os.environ:
            return cls(None, expected=False)
        import psutil  # a run without DVC needs none of it

        try:
            parents = psutil.Process(ancestry.own()).parents()
            nearest = next((parent for parent in parents if not _runs_stage(parent)), None)
            alive = nearest is not None and not _has_adopted(nearest)
        except psutil.Error:  # a parent has ended in the meantime
            return cls(None, expected=False)
        return cls(nearest if alive else None, expected=True)

    @property
    def is_gone(self) -> bool:
        """Whether DVC was killed."""
        if self.process is None:
            return self.expected
        import psutil

        try:
            return self.process.status() == psutil.STATUS_ZOMBIE or not self.process.is_running()
        except psutil.Error:
            return True


def _runs_stage(process: "psutil.Process") -> bool:
    """Whether DVC gave a process the name of a stage; False for other users, such as init."""
    import psutil

    try:
        return "DVC_STAGE" in process.environ()
    except psutil.AccessDenied:
        return False


def _has_adopted(process: "psutil.Process") -> bool:
    """Whether a process is not a build but adopts orphans: init or a session manager.

    DVC leaves its stages in its own session.
    """
    if os.getsid(process.pid) != os.getsid(ancestry.own()):
        return True
    words = " ".join(process.cmdline())
    return process.pid == 1 and not ("dvc" in words or "stagebook" in words)


def has_remote(root: Path) -> bool:
    """Whether DVC has a default remote to pull from.

    Args:
        root: The project's root, which is DVC's.
    """
    from dvc.config import Config

    return bool(Config(str(root / ".dvc"))["core"].get("remote"))


def load() -> None:
    """Imports what a hash needs, so that a later one is computed without delay."""
    from dvc.repo import Repo  # noqa: F401
    from dvc_data.hashfile.build import build  # noqa: F401


def hash_paths(root: Path, paths: Iterable[str]) -> tuple[HashedPath, ...]:
    """DVC's hashes of files and folders, through its state database.

    A file that DVC hashed since it was last written is not read again.

    Args:
        root: The project's root, which is DVC's.
        paths: Relative paths that exist.
    """
    require_repository(root)
    unique = tuple(dict.fromkeys(paths))
    if not unique:
        return ()
    from dvc.repo import Repo
    from dvc_data.hashfile.build import build

    hashed = []
    with Repo(str(root)) as repo:
        for path in unique:
            _, meta, obj = build(
                repo.cache.local,
                str(root / path),
                repo.fs,
                "md5",
                ignore=repo.dvcignore,
                dry_run=True,
            )
            hashed.append(HashedPath(path, str(obj.hash_info.value), meta.size or 0, meta.nfiles))
    return tuple(hashed)
