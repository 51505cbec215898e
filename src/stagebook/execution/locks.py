"""Locks that are held as long as a process lives, however it ends."""

import contextlib
import errno
import fcntl
from collections.abc import Iterator
from pathlib import Path
from typing import IO


@contextlib.contextmanager
def hold(lock: Path, *, make_folder: bool = True) -> Iterator[IO[bytes]]:
    """Holds a lock file until the process ends, however it ends, or the block is left.

    Args:
        lock: The file.
        make_folder: Whether the folder above it is made.
    """
    if make_folder:
        lock.parent.mkdir(parents=True, exist_ok=True)
    with lock.open("wb") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield file


@contextlib.contextmanager
def try_to_hold(lock: Path) -> Iterator[bool]:
    """Holds a lock file as ``hold`` does, without waiting.

    Args:
        lock: The file.

    Yields:
        Whether it is held; not if another process holds it.
    """
    lock.parent.mkdir(parents=True, exist_ok=True)
    with lock.open("wb") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
        else:
            yield True


@contextlib.contextmanager
def occupy(folder: Path) -> Iterator[None]:
    """Creates an execution's folder and locks it, with no moment between the two.

    Otherwise a run that starts in between would sweep the folder as a leftover.
    """
    with contextlib.ExitStack() as stack:
        with gate(folder.parent):
            stack.enter_context(hold(folder / "lock"))
        yield


def gate(executions: Path) -> contextlib.AbstractContextManager[IO[bytes]]:
    """The right to create execution folders, or to clear leftover ones."""
    return hold(executions.with_suffix(".gate"))


def is_held(lock: Path) -> bool:
    """Whether some living process holds the lock."""
    try:
        with lock.open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except FileNotFoundError:
        return False
    except OSError as error:
        if error.errno in (errno.EAGAIN, errno.EACCES):
            return True
        raise
    return False
