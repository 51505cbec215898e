"""Processes that lost their parent: adopted, so that whoever started a kernel can end them."""

import contextlib
import ctypes
import os
import signal
import sys
from collections.abc import Collection, Iterator
from pathlib import Path

_PR_SET_CHILD_SUBREAPER = 36


def adopt() -> None:
    """From here on, descendants whose parent ends become children of this process, on Linux."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1)


def children() -> Iterator[int]:
    """Ids of this process's children, on Linux."""
    own = str(os.getpid())
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            # the name of the command is in parentheses and may contain any character
            if stat.read_text().rpartition(")")[2].split()[1] == own:
                yield int(stat.parent.name)


def end_all_but(spared: Collection[int]) -> None:
    """Kills all children but some, and those that become children meanwhile.

    Args:
        spared: The children to leave alone.
    """
    while remaining := [child for child in children() if child not in spared]:
        for child in remaining:
            with contextlib.suppress(ProcessLookupError):
                os.kill(child, signal.SIGKILL)
            with contextlib.suppress(ChildProcessError):
                os.waitpid(child, 0)


def end(guard: int, *, firmly: bool) -> None:
    """Lets a kernel's guard end it with all that it started; or kills the guard's whole group.

    Args:
        guard: The guard's id, which is that of its group.
        firmly: Whether the group is killed.
    """
    with contextlib.suppress(ProcessLookupError):
        if firmly:
            os.killpg(guard, signal.SIGKILL)
        else:
            os.kill(guard, signal.SIGTERM)
