"""Starts kernels as forks of a warm process: a provisioner for any client of Jupyter."""

import contextlib
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from jupyter_client.connect import KernelConnectionInfo
from jupyter_client.provisioning.local_provisioner import LocalProvisioner
from traitlets import List, Unicode

from stagebook.execution.warm.client import Fork, NotWarmError
from stagebook.execution.warm_kernel import LAUNCHER, WarmKernel

NAME = "stagebook-warm"


class WarmProvisioner(LocalProvisioner):
    """Starts Stagebook's launcher of kernels as a fork, or as usual where that is not possible.

    Attributes:
        imports: What the stage imports.
        root: The project's root.
        label: The stage.
        reason: Why the kernel was started as usual; empty if it is a fork.
    """

    imports = List(Unicode(), config=True)
    root = Unicode("", config=True)
    label = Unicode("", config=True)
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
        warm = WarmKernel(tuple(self.imports), self.root, self.label)
        with _streams(options) as descriptors:
            return warm.fork(cmd[3:], options["env"], folder, descriptors)


def metadata(warm: WarmKernel) -> dict[str, Any]:
    """The metadata of a kernelspec that names this provisioner.

    Args:
        warm: The zygote.
    """
    config = {"imports": list(warm.imports), "root": warm.root, "label": warm.stage}
    return {"kernel_provisioner": {"provisioner_name": NAME, "config": config}}


@contextlib.contextmanager
def _streams(options: Mapping[str, Any]) -> Iterator[list[int]]:
    """Descriptors of the standard streams that ``subprocess.Popen`` would give a process."""
    nothing = os.open(os.devnull, os.O_RDWR | os.O_CLOEXEC)
    streams = (options.get(name) for name in ("stdin", "stdout", "stderr"))
    try:
        yield [stream if isinstance(stream, int) and stream >= 0 else nothing for stream in streams]
    finally:
        os.close(nothing)
