"""Jupyter's side of a kernel that Stagebook has started: its manager and its client."""

import asyncio
import time
from queue import Empty

from jupyter_client.asynchronous.client import AsyncKernelClient
from jupyter_client.kernelspec import KernelSpec, KernelSpecManager
from jupyter_client.manager import AsyncKernelManager
from jupyter_client.provisioning.local_provisioner import LocalProvisioner

from stagebook.execution.start import KernelProcess

_REPLY_SECONDS = 1.0
_IOPUB_SECONDS = 0.2
_MOMENT = 0.01


class PromptClient(AsyncKernelClient):
    """A client that is ready with the first answer that it gets on both channels.

    Jupyter's own waits for 0.2 s of silence afterwards.
    """

    async def wait_for_ready(self, timeout: float | None = None) -> None:
        """Waits until the kernel answers and its outputs arrive here.

        Args:
            timeout: Seconds, or None.

        Raises:
            RuntimeError: The kernel died, or did not answer in time.
        """
        deadline = time.monotonic() + timeout if timeout else None
        while not await self._is_answered(self.kernel_info()):
            if not await self.is_alive():
                raise RuntimeError("Kernel died before replying to kernel_info")
            if deadline and time.monotonic() > deadline:
                raise RuntimeError(f"Kernel didn't respond in {timeout} seconds")

    async def _is_answered(self, request: str) -> bool:
        """Whether a request gets its reply, and its message of an idle kernel, in time."""
        try:
            reply = None
            while reply != request:
                message = await self.get_shell_msg(timeout=_REPLY_SECONDS)
                reply = message["parent_header"].get("msg_id")
            while True:
                message = await self.get_iopub_msg(timeout=_IOPUB_SECONDS)
                state = message["content"].get("execution_state")
                if message["parent_header"].get("msg_id") == request and state == "idle":
                    return True
        except Empty:
            return False


class GuardedKernel(LocalProvisioner):
    """A kernel that runs already, and whose end is noticed at once."""

    async def shutdown_requested(self, restart: bool = False) -> None:
        """Waits for the end of the kernel; after half of Jupyter's own time, Jupyter ends it.

        Jupyter looks for it ten times a second.
        """
        deadline = time.monotonic() + self.get_shutdown_wait_time() / 2
        while await self.poll() is None and time.monotonic() < deadline:
            await asyncio.sleep(_MOMENT)


class _OneKernel(KernelSpecManager):
    """Returns the same kernelspec for every name; Jupyter's own imports IPython to find it."""

    def __init__(self, spec: KernelSpec) -> None:
        super().__init__()
        self._spec = spec

    def get_kernel_spec(self, kernel_name: str) -> KernelSpec:
        return self._spec


def of(kernel: KernelProcess) -> AsyncKernelManager:
    """The manager of a kernel, to which the kernel looks like one that it started itself."""
    manager = AsyncKernelManager(connection_file=str(kernel.connection))
    manager.client_factory = PromptClient
    manager.load_connection_file()
    spec = KernelSpec(language="python")
    manager.kernel_spec_manager = _OneKernel(spec)
    provisioner = GuardedKernel(kernel_id=kernel.connection.stem, kernel_spec=spec, parent=manager)
    provisioner.connection_info = manager.get_connection_info()
    provisioner.process = kernel.process  # type: ignore[assignment]  # used like one
    provisioner.pid = provisioner.pgid = kernel.guard
    manager.provisioner = provisioner
    return manager
