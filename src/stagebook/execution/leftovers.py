"""Sweeps what killed runs left outside of their execution's folder."""

import contextlib
import os
import re
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path

from stagebook.execution import landing, locks

_SOCKETS = re.compile(r"sb-[a-z0-9_]{8}")
_LOCK = "lock"
_PARTIAL = re.compile(r"\..+\.(\d+)\.new")
"""The name that ``files.write_whole`` gives to an unfinished file, with its process's id."""


@contextlib.contextmanager
def sockets() -> Iterator[Path]:
    """A new folder whose path is short enough for a socket in it (at most 107 bytes).

    It is locked as long as this process lives, so that no other run sweeps it.
    """
    with contextlib.ExitStack() as stack:
        yield _locked_folder(stack)


def _locked_folder(stack: contextlib.ExitStack) -> Path:
    while True:
        folder = Path(tempfile.mkdtemp(prefix="sb-", dir=_temporary()))
        with contextlib.suppress(FileNotFoundError):  # swept before it was locked
            stack.enter_context(locks.hold(folder / _LOCK, make_folder=False))
            if (folder / _LOCK).exists():
                stack.callback(shutil.rmtree, folder, ignore_errors=True)
                return folder


def _temporary() -> Path:
    short = Path("/tmp")
    return short if short.is_dir() else Path(tempfile.gettempdir())


def sweep_sockets() -> None:
    """Deletes the socket folders of this user's runs that have ended."""
    for folder in _temporary().glob("sb-*"):
        with contextlib.suppress(OSError):
            ours = (
                folder.is_dir() and not folder.is_symlink() and folder.lstat().st_uid == os.getuid()
            )
            if ours and _SOCKETS.fullmatch(folder.name) and _is_left(folder):
                shutil.rmtree(folder, ignore_errors=True)


def _is_left(folder: Path) -> bool:
    """Whether no living run uses a folder; a folder without a lock counts only if empty."""
    lock = folder / _LOCK
    return not locks.is_held(lock) if lock.exists() else not any(folder.iterdir())


def sweep_outputs(root: Path, executions: Path, outputs: Iterable[str]) -> None:
    """Deletes what a run left next to its outputs, if it was killed while it moved them.

    Nothing changes while any run of the project lives. An output that was moved aside and not
    replaced yet goes back into place.

    Args:
        root: The folder that the paths are relative to.
        executions: The folder of the project's executions.
        outputs: The stage's outputs.
    """
    with locks.gate(executions):
        if any(locks.is_held(lock) for lock in executions.glob("*/lock")):
            return
        for path in outputs:
            target = root / path
            old = target.with_name(f".{target.name}.old")
            with contextlib.suppress(OSError):
                if old.exists() and not target.exists():
                    old.rename(target)
                landing.remove(old)
                landing.remove(target.with_name(f".{target.name}.new"))


def sweep_partial(*folders: Path) -> None:
    """Deletes unfinished files of processes that have ended, directly in some folders."""
    for folder in folders:
        for file in folder.glob(".*.new"):
            match = _PARTIAL.fullmatch(file.name)
            if match and not _lives(int(match[1])):
                file.unlink(missing_ok=True)


def _lives(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except (OSError, OverflowError):
        return True
    return True
