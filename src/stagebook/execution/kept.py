"""A kernel that stays after its cells have run, so that a person can attach to it."""

import contextlib
import fcntl
import json
import os
import shutil
import signal
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from queue import Empty
from typing import Any

from stagebook.execution import locks
from stagebook.execution.sandbox import EXECUTIONS
from stagebook.execution.signals import Stop
from stagebook.execution.start import KernelProcess
from stagebook.project.files import write_whole

IDLE_SECONDS = 1800.0
"""How long a kept kernel lives without a message, unless a person says otherwise."""

_STATE = "kept.json"
_TICK = 0.2


@dataclass(frozen=True, slots=True)
class KeptKernel:
    """A kernel that a person can attach to.

    Attributes:
        stage: The stage.
        cell: Position of the cell that failed, or before which it stopped; None if unknown.
        connection: The connection file, where Jupyter's servers look for kernels of others.
        idle: Seconds without a message after which it ends.
    """

    stage: str
    cell: int | None
    connection: Path
    idle: float

    def as_json(self) -> dict[str, Any]:
        """It as plain values."""
        return {
            "stage": self.stage,
            "cell": self.cell,
            "connection": str(self.connection),
            "idle": self.idle,
        }


@contextlib.contextmanager
def offered(
    kernel: KernelProcess, folder: Path, stage: str, cell: int | None, idle: float
) -> Iterator[KeptKernel]:
    """Lets a kernel be found in the block: by Jupyter, and by ``stop_all``.

    Args:
        kernel: The kernel, which lives.
        folder: The folder of its execution, which this process has locked.
        stage: The stage.
        cell: Position of the cell that failed, or before which it stopped.
        idle: Seconds without a message after which it ends.
    """
    place = _runtime_folder() / "external_kernels" / f"kernel-{folder.name}.json"
    place.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    write_whole(folder / _STATE, json.dumps({"stage": stage, "process": os.getpid()}))
    try:
        place.touch(mode=0o600)
        shutil.copyfile(kernel.connection, place)
        yield KeptKernel(stage, cell, place, idle)
    finally:
        place.unlink(missing_ok=True)
        (folder / _STATE).unlink(missing_ok=True)


def _runtime_folder() -> Path:
    """The folder of Jupyter's connection files: https://docs.jupyter.org, "Common Directories"."""
    from jupyter_client.kernelspec import KernelSpecManager

    named = os.environ.get("JUPYTER_RUNTIME_DIR")
    return Path(named) if named else Path(KernelSpecManager().data_dir) / "runtime"


def hold(kernel: KernelProcess, idle: float, stop: Stop) -> None:
    """Waits until a kernel ends, is idle for too long, or a stop is requested; then ends it.

    Args:
        kernel: The kernel.
        idle: Seconds without a message after which it ends; a cell that runs is not idle.
        stop: Whether a stop is requested.
    """
    from jupyter_client.blocking.client import BlockingKernelClient

    client = BlockingKernelClient(connection_file=str(kernel.connection))
    client.load_connection_file()
    client.start_channels(shell=False, iopub=True, stdin=False, hb=False, control=False)
    used, busy = time.monotonic(), False
    try:
        while kernel.process.poll() is None and not stop.requested:
            with contextlib.suppress(Empty):
                message = client.get_iopub_msg(timeout=_TICK)
                if message["msg_type"] == "status":
                    busy = message["content"]["execution_state"] == "busy"
                used = time.monotonic()
            if not busy and time.monotonic() - used > idle:
                return
    finally:
        client.stop_channels()
        kernel.end()


def stop_all(state: Path) -> tuple[str, ...]:
    """Ends the kept kernels of a project, and waits for their end; returns their stages.

    Args:
        state: The project's state folder.
    """
    stages = []
    for file in sorted((state / EXECUTIONS).glob(f"*/{_STATE}")):
        with contextlib.suppress(OSError, ValueError, KeyError):
            values = json.loads(file.read_text(encoding="utf-8"))
            lock = file.with_name("lock")
            if locks.is_held(lock):
                os.kill(int(values["process"]), signal.SIGTERM)
                stages.append(str(values["stage"]))
                with lock.open("rb") as held:
                    fcntl.flock(held, fcntl.LOCK_EX)
    return tuple(stages)
