"""The kernel's process: raises the walls around itself, then is an ordinary IPython kernel.

Run as ``python -m stagebook.execution.launcher WALLS ARGUMENTS...``, with the arguments of
``ipykernel_launcher``.
"""

import contextlib
import ctypes
import fcntl
import os
import resource
import signal
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Never

from stagebook.execution import audit, landlock
from stagebook.execution.walls import Walls

_PR_SET_PDEATHSIG = 1
_PR_SET_CHILD_SUBREAPER = 36


def main() -> None:
    """Forks: the parent guards, the child becomes the kernel."""
    walls = Walls.read(sys.argv[1])
    del sys.argv[1]
    child = os.fork()
    if child:
        _guard(child, walls)
    os.environ["JPY_PARENT_PID"] = str(os.getppid())  # else ipykernel thinks it is orphaned
    _die_with_parent()
    _limit_memory(walls.memory_limit)
    os.chdir(walls.files)
    if landlock.version():
        landlock.restrict(walls.grants())
    audit.install(walls)
    from ipykernel import kernelapp

    kernelapp.launch_new_instance()


def _guard(kernel: int, walls: Walls) -> Never:
    """Waits for the kernel, and kills all that it started when it, or the runner, is gone.

    The runner holds a lock on a file as long as it lives; the system releases it however the
    runner ends, ``kill -9`` included, and then the lock is had here. On SIGTERM the guard ends
    everything too. What the kernel started becomes this process's child when it is orphaned,
    even if it left the process group.
    """
    _adopt_orphans()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, lambda *_: _kill_children())
    threading.Thread(target=_kill_when_free, args=(walls.lock,), daemon=True).start()
    code = None
    with contextlib.suppress(ChildProcessError):  # raised when there is none left
        while True:
            pid, status, used = os.wait4(-1, 0)
            if pid == kernel:
                code = os.waitstatus_to_exitcode(status)
                # since the last time that its peak was reset, which `wait4` gives in KiB
                told = f"{code} {used.ru_maxrss * 1024}"
                with contextlib.suppress(OSError):  # the disk may be full
                    Path(walls.ending).write_text(told, encoding="utf-8")
            if code is not None:
                _kill_children()
    os._exit(code if code is not None and code >= 0 else 1)


def _kill_when_free(lock: str) -> None:
    with contextlib.suppress(FileNotFoundError), open(lock, "rb") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
    _kill_children()


def _kill_children() -> None:
    """Kills each child; the children of those come here next, and the guard kills them too."""
    if sys.platform != "linux":
        os.killpg(0, signal.SIGKILL)
    for child in _children():
        with contextlib.suppress(ProcessLookupError):
            os.kill(child, signal.SIGKILL)


def _children() -> Iterator[int]:
    own = str(os.getpid())
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            # the name of the command stands in brackets and may hold anything
            if stat.read_text().rpartition(")")[2].split()[1] == own:
                yield int(stat.parent.name)


def _adopt_orphans() -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1)


def _die_with_parent() -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def _limit_memory(limit: int | None) -> None:
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if limit is not None:
        resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))


if __name__ == "__main__":
    main()
