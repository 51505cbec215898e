"""Starts kernels as forks of a warm process: a provisioner for any client of Jupyter."""

import contextlib
import os
import signal
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from jupyter_client.connect import KernelConnectionInfo
from jupyter_client.provisioning.local_provisioner import LocalProvisioner

from stagebook.execution.warm import client
from stagebook.execution.warm.client import NotWarmError
from stagebook.execution.warm.key import KERNEL, Recipe
from stagebook.execution.warm.request import Request
from stagebook.project import ancestry

NAME = "stagebook-warm"
_SET_BY_KERNEL = {
    "TERM": "xterm-color",
    "CLICOLOR": "1",
    "FORCE_COLOR": "1",
    "CLICOLOR_FORCE": "1",
    "PAGER": "cat",
    "GIT_PAGER": "cat",
}
"""Variables that ipykernel sets at its start, before a cell imports anything."""

_BACKEND = "module://matplotlib_inline.backend_inline"
_LAUNCHER = "stagebook.execution.launcher"


class WarmProvisioner(LocalProvisioner):
    """Starts Stagebook's launcher of kernels as a fork, or as usual where that is not possible.

    The kernelspec's metadata says below ``stagebook-warm`` what the stage ``imports``, the
    project's ``root``, and the stage as a ``label``.

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

    def _fork(self, cmd: list[str], options: Mapping[str, Any]) -> client.Fork:
        if cmd[1:3] != ["-m", _LAUNCHER]:
            raise NotWarmError(f"the kernel is not {_LAUNCHER}")
        environment = dict(options["env"])
        stage = self.kernel_spec.metadata[NAME]
        folder = str(Path(options.get("cwd") or ".").absolute())
        request = Request.here(
            f"{_LAUNCHER}:main",
            (_LAUNCHER, *cmd[3:]),
            environment=environment,
            folder=folder,
            first=folder,
            owner=ancestry.build(),
            ending=signal.SIGTERM.value,
            reaps=True,
            hides=True,
        )
        with _streams(options) as descriptors:
            return client.fork(
                recipe(environment, tuple(stage["imports"]), stage["root"], stage["label"]),
                request,
                descriptors,
            )


def recipe(
    environment: Mapping[str, str], imports: tuple[str, ...], root: str, label: str
) -> Recipe:
    """What a kernel's zygote is made of.

    Args:
        environment: The kernel's environment.
        imports: What the stage imports.
        root: The project's root.
        label: The stage.
    """
    own = {"MPLBACKEND": "", **environment, **_SET_BY_KERNEL}
    own["MPLBACKEND"] = own["MPLBACKEND"] or _BACKEND  # unless it has a value
    own.pop("PYTHONPATH", None)  # the sandbox's folders of code differ between two runs
    if path := os.environ.get("PYTHONPATH"):
        own["PYTHONPATH"] = path
    return Recipe(KERNEL, imports, own, root, label)


@contextlib.contextmanager
def _streams(options: Mapping[str, Any]) -> Iterator[list[int]]:
    """Descriptors of the standard streams that ``subprocess.Popen`` would give a process."""
    nothing = os.open(os.devnull, os.O_RDWR | os.O_CLOEXEC)
    streams = (options.get(name) for name in ("stdin", "stdout", "stderr"))
    try:
        yield [stream if isinstance(stream, int) and stream >= 0 else nothing for stream in streams]
    finally:
        os.close(nothing)
