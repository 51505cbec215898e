"""A server in a process of its own, for tests of a deployment."""

import contextlib
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import psutil

from stagebook.project.errors import Exit, Problem, StagebookError
from stagebook.serving import access
from stagebook.serving.options import ServingOptions
from stagebook.serving.testing.command_line import arguments

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
        return self._sum(lambda process: process.memory_info().rss)

    @property
    def handles(self) -> int:
        """Open files and connections of the server and its workers."""
        return self._sum(lambda process: process.num_fds())

    def _sum(self, count: Callable[[psutil.Process], int]) -> int:
        """A number summed over the processes; one that ends meanwhile counts as 0."""
        total = 0
        with contextlib.suppress(psutil.NoSuchProcess):
            for process in (self.process, *self.process.children(recursive=True)):
                with contextlib.suppress(psutil.NoSuchProcess, psutil.AccessDenied):
                    total += count(process)
        return total


@contextlib.contextmanager
def running(options: ServingOptions) -> Iterator[RunningServer]:
    """A server on a free port of the loopback address, which is stopped afterwards.

    Args:
        options: What it is started with; address and port are not used.

    Raises:
        StagebookError: The server did not start, or did not stop as it should.
    """
    words = ["--host=127.0.0.1", "--port=0", "--json", *arguments(options)]
    command = [sys.executable, "-P", "-m", "stagebook", "serve", *words]
    environment = {**os.environ, **({access.VARIABLE: options.token} if options.token else {})}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as process:
        try:
            assert process.stdout, "it is a pipe"
            values = _parsed(process.stdout.readline())
            if "address" not in values:
                raise _failed(values, process.wait(_STOPPING), "It never answered.")
            host, _, port = values["address"].removeprefix("http://").rpartition(":")
            yield RunningServer(host, int(port), psutil.Process(process.pid))
        finally:
            process.terminate()
            try:
                code = process.wait(_STOPPING)
            except subprocess.TimeoutExpired:
                process.kill()
                code = process.wait()
        if code != Exit.DONE:
            raise _failed(_parsed(process.stdout.readline()), code, "It was stopped by the test.")


def _parsed(line: str) -> dict[str, Any]:
    """The line that the server prints when it starts, or fails to; empty without one."""
    try:
        values = json.loads(line)
    except ValueError:
        return {}
    return values if isinstance(values, dict) else {}


def _failed(values: dict[str, Any], code: int, hint: str) -> StagebookError:
    """An error with the problems that the server printed, or else with its exit code."""
    problems = [Problem.from_json(problem) for problem in values.get("problems", [])]
    unknown = Problem("server-failed", f"The server ended with exit code {code}.", hint)
    exit_code = Exit(code) if code in set(Exit) and code else Exit.FAILED
    return StagebookError(*(problems or [unknown]), exit_code=exit_code)
