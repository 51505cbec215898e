"""A server in a process of its own, for tests of a deployment."""

import contextlib
import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import psutil

from stagebook.project.errors import Exit, Problem, StagebookError

_STOPPING = 60.0  # seconds


@dataclass(frozen=True, slots=True)
class RunningServer:
    """A server that answers.

    Attributes:
        host: Its address.
        port: Its port.
        process: Its process; with several workers, their parent.
    """

    host: str
    port: int
    process: psutil.Process

    @property
    def memory(self) -> int:
        """Bytes of memory of the server and its workers."""
        return sum(process.memory_info().rss for process in self._processes())

    @property
    def handles(self) -> int:
        """Open files and connections of the server and its workers."""
        return sum(process.num_fds() for process in self._processes())

    def _processes(self) -> Iterator[psutil.Process]:
        for process in (self.process, *self.process.children(recursive=True)):
            with contextlib.suppress(psutil.NoSuchProcess, psutil.AccessDenied):
                process.memory_info()
                yield process


@contextlib.contextmanager
def running(arguments: Sequence[str]) -> Iterator[RunningServer]:
    """A server on a free port, which is stopped afterwards.

    Args:
        arguments: The arguments of ``stagebook serve``, without the port.

    Raises:
        StagebookError: The server did not start, or did not stop as it should.
    """
    command = [sys.executable, "-m", "stagebook", "serve", *arguments, "--port", "0", "--json"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout, "it is a pipe"
            values = json.loads(process.stdout.readline() or "{}")
            if "address" not in values:
                raise _failed(values, process.wait(_STOPPING))
            host, _, port = values["address"].removeprefix("http://").rpartition(":")
            yield RunningServer(host.strip("[]"), int(port), psutil.Process(process.pid))
        finally:
            process.terminate()
            try:
                code = process.wait(_STOPPING)
            except subprocess.TimeoutExpired:
                process.kill()
                code = process.wait()
    if code != Exit.DONE:
        message = f"The server did not stop as it should: it ended with exit code {code}."
        raise StagebookError(Problem("server-failed", message), exit_code=Exit.FAILED)


def _failed(values: dict[str, list[dict[str, object]]], code: int) -> StagebookError:
    problems = [Problem.from_json(problem) for problem in values.get("problems", [])]
    message = f"The server ended with exit code {code} before it answered."
    exit_code = Exit(code) if code in set(Exit) and code else Exit.FAILED
    return StagebookError(*(problems or [Problem("server-failed", message)]), exit_code=exit_code)
