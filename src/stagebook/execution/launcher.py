"""The kernel's process: raises the walls around itself, then is an ordinary IPython kernel.

Run as ``python -m stagebook.execution.launcher WALLS ARGUMENTS...``, with the arguments of
``ipykernel_launcher``.
"""

import ctypes
import fcntl
import os
import resource
import signal
import sys
import threading
from typing import Never

from stagebook.execution import audit, landlock
from stagebook.execution.walls import Walls

_PR_SET_PDEATHSIG = 1


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


def _guard(child: int, walls: Walls) -> Never:
    """Waits for the kernel, and kills it with all that it started when the runner is gone.

    The runner holds a lock on a file as long as it lives; the system releases it however the
    runner ends, ``kill -9`` included, and then the lock is had here.
    """
    for ignored in (signal.SIGINT, signal.SIGTERM):
        signal.signal(ignored, signal.SIG_IGN)
    threading.Thread(target=_kill_when_free, args=(walls.lock,), daemon=True).start()
    _, status = os.waitpid(child, 0)
    code = os.waitstatus_to_exitcode(status)
    with open(walls.ending, "w", encoding="utf-8") as file:
        file.write(str(code))
    os._exit(code if code >= 0 else 128 - code)


def _kill_when_free(lock: str) -> None:
    try:
        with open(lock, "rb") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
    except FileNotFoundError:
        pass  # the runner has cleaned up already
    os.killpg(os.getpgid(0), signal.SIGKILL)


def _die_with_parent() -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def _limit_memory(limit: int | None) -> None:
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if limit is not None:
        resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))


if __name__ == "__main__":
    main()
