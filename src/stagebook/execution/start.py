"""The start of a job: its folders, and the process of its kernel.

The kernel starts before anything is imported that talks to it, so that both load at once.
"""

import contextlib
import json
import os
import secrets
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from stagebook.execution import kernel, leftovers, orphans, warm_kernel
from stagebook.execution.job import Job
from stagebook.execution.sandbox import EXECUTIONS, Sandbox
from stagebook.execution.warm.client import Fork, NotWarmError
from stagebook.execution.warm_kernel import LAUNCHER, WarmKernel
from stagebook.notebook.distributions import Installed
from stagebook.project.project import Project

if TYPE_CHECKING:
    from stagebook.execution.probe.conditions import RunConditions

_PORTS = ("shell_port", "iopub_port", "stdin_port", "control_port", "hb_port")
_SOCKET = "k"
_SECONDS_TO_END = 5
_MOMENT = 0.005
_MATPLOTLIB = "matplotlibrc"


def folder(project: Project, job: Job) -> Path:
    """The folder that an execution works in."""
    return project.state / EXECUTIONS / job.id


def code_folders(project: Project, job: Job) -> tuple[Path, ...]:
    """Folders that an execution imports local modules from: those of its sandbox, in order."""
    files = Sandbox.of(job.files, folder(project, job), (), ()).files
    return tuple(files / name for name in job.snapshot.folders)


@dataclass(frozen=True, slots=True)
class KernelProcess:
    """The kernel of a job, which has been started and runs no cell yet.

    Attributes:
        process: The process of its guard.
        connection: Its connection file.
        ending: The file that its guard writes its exit code to.
    """

    process: "subprocess.Popen[bytes] | Fork"
    connection: Path
    ending: Path

    @property
    def is_warm(self) -> bool:
        """Whether it is a fork of a warm process."""
        return isinstance(self.process, Fork)

    @property
    def guard(self) -> int:
        """Process id of its guard, which is also that of its group."""
        return self.process.pid

    def wait_for_sockets(self, seconds: float) -> None:
        """Waits until it listens, or has ended; who connects earlier tries again much later."""
        ip, deadline = str(self.connection.with_name(_SOCKET)), time.monotonic() + seconds
        sockets = [Path(f"{ip}-{number}") for number, _ in enumerate(_PORTS, start=1)]
        while self.process.poll() is None and time.monotonic() < deadline:
            if all(socket.exists() for socket in sockets):
                return
            time.sleep(_MOMENT)

    def end(self) -> None:
        """Ends it with all its processes, if it still runs."""
        others = set(orphans.children()) - {self.guard}
        for firmly in (False, True):
            if self.process.poll() is None:
                orphans.end(self.guard, firmly=firmly)
                with contextlib.suppress(subprocess.TimeoutExpired, TimeoutError):
                    self.process.wait(_SECONDS_TO_END)
        orphans.end_all_but(others)


@contextlib.contextmanager
def started(
    project: Project,
    job: Job,
    sandbox: Sandbox,
    note: Callable[[str], None],
    conditions: "RunConditions | None" = None,
) -> Iterator[KernelProcess]:
    """Starts a job's kernel in a sandbox that is laid; it ends with the block, at the latest.

    Args:
        project: The project.
        job: The job.
        sandbox: Its sandbox.
        note: Is called with a note for the person, if there is one.
        conditions: The conditions of a run that is observed, whose kernel is cold; None for any
            other run.

    Raises:
        StagebookError: The kernel that the notebook names is not available.
    """
    spec, remark = kernel.choose(job.notebook, job.settings, job.signature.where)
    if remark:
        note(remark)
    own_folders = tuple(project.root / name for name in job.snapshot.folders)
    # the project's own folders come last: a module found only there is refused by name
    code = (*code_folders(project, job), *own_folders)
    with leftovers.sockets() as short:
        policy = kernel.build_policy(
            sandbox,
            short,
            tuple(job.snapshot.modules),
            own_folders,
            Path(job.notebook.path).parent.as_posix(),
            job.settings,
            conditions,
        )
        policy_file = sandbox.folder / "policy.json"
        policy.write(policy_file)
        connection = _connection_file(short)
        threads = job.settings.threads
        environment = kernel.environment(
            spec,
            sandbox,
            job.id,
            conditions.threads(threads) if conditions else threads,
            code,
            project.settings.name,
        )
        if conditions:
            environment["PYTHONHASHSEED"] = conditions.hash_seed
        warm = None if conditions else _start_warm(project, job, environment)
        orphans.adopt()  # those of a guard that is killed
        process = _launch(warm, _words(policy_file, connection), environment, sandbox.files, note)
        running = KernelProcess(process, connection, Path(policy.ending))
        try:
            yield running
        finally:
            if process.returncode is None:
                running.end()


def _start_warm(project: Project, job: Job, environment: Mapping[str, str]) -> WarmKernel | None:
    """Starts the zygote of a job's kernel, and that of the stage after it; None for a cold one.

    To be called before this process adopts orphans, which zygotes become.
    """
    if _MATPLOTLIB in job.signature.inputs:  # which matplotlib reads when it is imported
        return None
    warm = WarmKernel.of(project, job.snapshot, Installed.remembered(project.state))
    if warm:
        warm.start(environment)
        if following := warm_kernel.after(project.state, job.stage):
            following.start(kernel.lasting_environment(following.threads))
    return warm


def _connection_file(folder: Path) -> Path:
    """Writes the addresses and the key of a kernel that is to listen in a new folder.

    The file's format: https://jupyter-client.readthedocs.io/en/stable/kernels.html
    """
    place = folder / "kernel.json"
    values = {
        **{name: number for number, name in enumerate(_PORTS, start=1)},
        "transport": "ipc",
        "ip": str(folder / _SOCKET),
        "key": secrets.token_hex(32),
        "signature_scheme": "hmac-sha256",
        "kernel_name": kernel.NATIVE,
    }
    place.touch(mode=0o600)
    place.write_text(json.dumps(values), encoding="utf-8")
    return place


def _words(policy: Path, connection: Path) -> list[str]:
    """The arguments of the launcher."""
    return [str(policy), "-f", str(connection), "--HistoryManager.enabled=False"]


def _launch(
    warm: WarmKernel | None,
    words: Sequence[str],
    environment: Mapping[str, str],
    folder: Path,
    note: Callable[[str], None],
) -> "subprocess.Popen[bytes] | Fork":
    """Starts the launcher. IPython's own output is dropped: secrets in it would not be hidden."""
    if warm:
        try:
            with open(os.devnull, "r+b") as nothing:
                return warm.fork(words, environment, str(folder), [nothing.fileno()] * 3)
        except NotWarmError as error:
            note(f"The kernel was started without a warm process: {error}.")
    none = subprocess.DEVNULL
    return subprocess.Popen(
        [sys.executable, "-m", LAUNCHER, *words],
        env=dict(environment),
        cwd=folder,
        stdin=none,
        stdout=none,
        stderr=none,
        start_new_session=True,
    )
