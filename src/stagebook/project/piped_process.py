"""What is used of a process with pipes to it, whether it was started or forked."""

from typing import IO, Protocol


class PipedProcess(Protocol):
    """A process with pipes to it, such as ``subprocess.Popen`` starts."""

    @property
    def pid(self) -> int:
        """Its process id."""

    @property
    def stdin(self) -> IO[str] | None:
        """Where it reads from."""

    @property
    def stdout(self) -> IO[str] | None:
        """Where it writes to."""

    def wait(self) -> int:
        """Its exit code, once it has ended."""

    def kill(self) -> None:
        """Kills it."""
