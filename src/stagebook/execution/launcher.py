"""The kernel's process: restricts itself, then is an ordinary IPython kernel.

Run as ``python -m stagebook.execution.launcher POLICY ARGUMENTS...``, with the arguments of
``ipykernel_launcher``.
"""

import contextlib
import ctypes
import fcntl
import os
import resource
import signal
import socket
import sys
import threading
from pathlib import Path
from typing import Any, Never

from stagebook.execution import (
    absences,
    audit,
    connections,
    exits,
    journal,
    landlock,
    orphans,
    sandbox_policy,
)
from stagebook.execution.connections import Watch
from stagebook.execution.journal import Journal
from stagebook.execution.sandbox_policy import SandboxPolicy
from stagebook.execution.surroundings import Surroundings
from stagebook.execution.warm import pools

_PR_SET_PDEATHSIG = 1
_SECONDS_TO_KEEP = 10  # no writer is left; only a disk that hangs takes longer


def main() -> None:
    """Forks: the parent guards, the child becomes the kernel."""
    policy = SandboxPolicy.read(sys.argv[1])
    del sys.argv[1]
    reader, evidence = Journal.open()
    own, guards = socket.socketpair()
    child = os.fork()
    if child:
        own.close()
        if policy.surroundings:
            Watch(policy.surroundings, evidence).start(guards)
        _guard(child, policy, evidence, journal.keep(reader, Path(policy.journal)))
    os.close(reader)
    guards.close()
    evidence.belongs_here()
    # else ipykernel thinks it is orphaned; it reads the variable only when it is imported
    os.environ["JPY_PARENT_PID"] = str(os.getppid())
    sys.argv.append(f"--IPKernelApp.parent_handle={os.getppid()}")
    _die_with_parent()
    _limit_memory(policy.memory_limit)
    os.chdir(policy.files)
    if landlock.version():
        sandbox_policy.make_user_folders(Path(policy.root))
        landlock.restrict(policy.grants())
    _watch_connections(own, policy.surroundings)
    pools.restore_threads()
    absences.install(audit.install(policy, evidence))
    _serve(evidence, policy)


def _watch_connections(channel: socket.socket, surroundings: Surroundings | None) -> None:
    """Lets the guard answer for each connection; without it, Landlock may refuse them all."""
    with channel:
        questions = connections.listen() if surroundings else None
        if questions is not None:
            socket.send_fds(channel, [b"q"], [questions])
            os.close(questions)
        elif surroundings and surroundings.refuses_network and landlock.can_close_network():
            landlock.close_network()


def _serve(evidence: Journal, policy: SandboxPolicy) -> None:
    """Runs IPython's kernel, without losing a message of a cell."""
    import zmq
    from ipykernel.kernelapp import IPKernelApp

    class Kernel(IPKernelApp):
        def init_iopub(self, context: zmq.Context[zmq.Socket[bytes]]) -> None:
            # By default a publisher drops what is more than a thousand messages ahead:
            # https://libzmq.readthedocs.io/en/latest/zmq_setsockopt.html (ZMQ_SNDHWM)
            context.setsockopt(zmq.SNDHWM, 0)
            super().init_iopub(context)  # type: ignore[no-untyped-call]

        def init_shell(self) -> None:
            super().init_shell()  # type: ignore[no-untyped-call]
            if policy.conditions:
                from stagebook.execution.probe import probe

                probe.install(policy.conditions, policy.files, evidence).attach(self.shell)

    _note_failed_commands(evidence)
    Kernel.launch_instance()


def _note_failed_commands(evidence: Journal) -> None:
    """Notes each command after ``!`` that fails, since IPython continues without an error.

    IPython starts it by its own fork, which Python does not audit.
    """
    from ipykernel import zmqshell

    shell: Any = zmqshell
    start = shell.system

    def system(command: str) -> int:
        sys.audit("os.system", command)
        code = int(start(command))
        if code:
            evidence.note("command", f"{code} {command}")
        return code

    shell.system = system


def _guard(
    kernel: int, policy: SandboxPolicy, evidence: Journal, keeping: threading.Thread
) -> Never:
    """Waits for the kernel; kills its processes when the kernel or the runner is gone.

    The runner holds a lock on a file as long as it lives. When the runner ends, even by
    ``kill -9``, the system releases the lock and the guard gets it. SIGTERM also ends everything.
    An orphaned process of the kernel becomes this process's child, even if it left the process
    group.
    """
    orphans.adopt()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, lambda *_: _kill_children())
    threading.Thread(target=_kill_when_free, args=(policy.lock,), daemon=True).start()
    code = None
    with contextlib.suppress(ChildProcessError):  # raised when there is none left
        while True:
            pid, status, used = os.wait4(-1, 0)
            if pid == kernel:
                code = os.waitstatus_to_exitcode(status)
                # since the last time that its peak was reset, which `wait4` gives in KiB
                with contextlib.suppress(OSError):  # the disk may be full
                    exits.write(Path(policy.ending), code, used.ru_maxrss * 1024)
            if code is not None:
                _kill_children()
    evidence.close()
    keeping.join(_SECONDS_TO_KEEP)
    os._exit(code if code is not None and code >= 0 else 1)


def _kill_when_free(lock: str) -> None:
    with contextlib.suppress(FileNotFoundError), open(lock, "rb") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
    _kill_children()


def _kill_children() -> None:
    """Kills each child; their children become the guard's children next, and are killed then."""
    if sys.platform != "linux":
        os.killpg(0, signal.SIGKILL)
    for child in orphans.children():
        with contextlib.suppress(ProcessLookupError):
            os.kill(child, signal.SIGKILL)


def _die_with_parent() -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def _limit_memory(limit: int | None) -> None:
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if limit is not None:
        resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))


if __name__ == "__main__":
    main()
