"""The parents of a process, as a process sees them that works for another."""

import os
from collections.abc import Iterator

_STANDS_FOR: list[int] = []


def stand_for(process: int) -> None:
    """Makes another process's parents count as those of this process.

    Args:
        process: The process that this one works for, which waits for it.
    """
    _STANDS_FOR[:] = [process]


def own() -> int:
    """The id of the process that this process works for: itself, if for no other."""
    return _STANDS_FOR[-1] if _STANDS_FOR else os.getpid()


def is_fork() -> bool:
    """Whether this process is a fork of a process that had imported its modules before."""
    return bool(_STANDS_FOR)


def parents(process: int) -> Iterator[int]:
    """The parents of a process, the nearest first, on Linux; the last is the first of all.

    Args:
        process: The process's id.
    """
    while process > 1:
        try:
            with open(f"/proc/{process}/stat", "rb") as file:
                # the name of the command is in parentheses and may contain any character
                process = int(file.read().rpartition(b")")[2].split()[1])
        except (OSError, ValueError, IndexError):
            return
        if process:
            yield process


def build() -> int | None:
    """The ``dvc repro`` that this process runs under, on Linux: the first parent without a stage.

    None if DVC did not start this process, or it cannot be found.
    """
    if "DVC_STAGE" not in os.environ:
        return None
    for process in parents(own()):
        try:
            with open(f"/proc/{process}/environ", "rb") as file:
                variables = file.read()
        except OSError:
            return None
        if b"DVC_STAGE=" not in variables:
            return process if process != 1 else None
    return None
