"""Starts kernels as forks of a warm process: a provisioner for any client of Jupyter."""

import contextlib
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from jupyter_client.connect import KernelConnectionInfo
from jupyter_client.provisioning.local_provisioner import LocalProvisioner

from stagebook.execution.warm.client import Fork, NotWarmError
from stagebook.execution.warm_kernel import LAUNCHER, WarmKernel

NAME = "stagebook-warm"


class WarmProvisioner(LocalProvisioner):
    """Starts Stagebook's launcher of kernels as a fork, or as usual where that is not possible.

    The kernelspec's metadata says below ``stagebook-warm`` what the stage ``imports``, the
    project's ``root``, the stage as a ``label``, and its ``threads``.

    Attributes:
        reason: Why the kernel was started as usual; empty if it is a fork.
    """

    reason = ""

    async def launch_kernel(self, cmd: list[str], **kwargs: Any) -> KernelConnectionInfo:
        """Starts the kernel.

        Args:
            cmd: Its command line.
            **kwargs: As for ``subprocess.Popen``.
        """
        try:
            fork = self._fork(cmd, kwargs)
        except NotWarmError as error:
            self.reason = str(error)
            return await super().launch_kernel(cmd, **kwargs)
        self.process, self.pid, self.pgid = fork, fork.pid, fork.pid  # type: ignore[assignment]
        return self.connection_info

    def _fork(self, cmd: list[str], options: Mapping[str, Any]) -> Fork:
        if cmd[1:3] != ["-m", LAUNCHER]:
            raise NotWarmError(f"the kernel is not {LAUNCHER}")
        folder = str(Path(options.get("cwd") or ".").absolute())
        stage = self.kernel_spec.metadata[NAME]
        warm = WarmKernel(
            tuple(stage["imports"]), stage["root"], stage["label"], stage.get("threads", 1)
        )
        with _streams(options) as descriptors:
            return warm.fork(cmd[3:], options["env"], folder, descriptors)


def metadata(warm: WarmKernel) -> dict[str, Any]:
    """The metadata of a kernelspec that names this provisioner.

    Args:
        warm: The zygote.
    """
    return {
        "kernel_provisioner": {"provisioner_name": NAME},
        NAME: {
            "imports": list(warm.imports),
            "root": warm.root,
            "label": warm.stage,
            "threads": warm.threads,
        },
    }


@contextlib.contextmanager
def _streams(options: Mapping[str, Any]) -> Iterator[list[int]]:
    """Descriptors of the standard streams that ``subprocess.Popen`` would give a process."""
    nothing = os.open(os.devnull, os.O_RDWR | os.O_CLOEXEC)
    streams = (options.get(name) for name in ("stdin", "stdout", "stderr"))
    try:
        yield [stream if isinstance(stream, int) and stream >= 0 else nothing for stream in streams]
    finally:
        os.close(nothing)
