"""A process of Stagebook with pipes to it: a fork of a warm process, or started as usual."""

import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import IO

from stagebook.execution.warm import choice, client
from stagebook.execution.warm.client import Fork, NotWarmError
from stagebook.execution.warm.key import Recipe
from stagebook.execution.warm.request import Request
from stagebook.project import ancestry
from stagebook.project.piped_process import PipedProcess
from stagebook.project.project import Project


@dataclass(frozen=True, slots=True)
class PipedFork:
    """A fork of a warm process, with pipes to it.

    Attributes:
        fork: The process.
        stdin: Where it reads from.
        stdout: Where it writes to.
    """

    fork: Fork
    stdin: IO[str] = field(repr=False)
    stdout: IO[str] = field(repr=False)

    @property
    def pid(self) -> int:
        """Its process id."""
        return self.fork.pid

    def wait(self) -> int:
        """Its exit code, once it has ended."""
        return self.fork.wait()

    def kill(self) -> None:
        """Kills it."""
        self.fork.kill()


def start(
    project: Project,
    module: str,
    words: Sequence[str],
    *,
    folder: str,
    ending: int,
    hides: bool,
) -> PipedProcess:
    """Starts a process that runs a module.

    Args:
        project: The project.
        module: The module, whose ``main`` it calls.
        words: Its arguments.
        folder: Its working folder.
        ending: The signal that it gets when this process is gone; 0 if it goes on.
        hides: Whether it runs code of others, from which preloaded modules are hidden.
    """
    if choice.is_wanted(project.settings.warm):
        request = Request.here(
            f"{module}:main",
            (module, *words),
            folder=folder,
            first=folder,
            owner=ancestry.build(),
            ending=ending,
            hides=hides,
        )
        try:
            return _fork(project, request)
        except NotWarmError:
            pass  # it differs only in the time that it takes
    return subprocess.Popen(
        [sys.executable, "-m", module, *words],
        cwd=folder,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        start_new_session=True,
    )


def _fork(project: Project, request: Request) -> PipedFork:
    reads, stdin = os.pipe()
    stdout, writes = os.pipe()
    nothing = os.open(os.devnull, os.O_WRONLY | os.O_CLOEXEC)
    try:
        fork = client.fork(
            Recipe.of_own_processes(str(project.root)), request, (reads, writes, nothing)
        )
    except BaseException:
        os.close(stdin)
        os.close(stdout)
        raise
    finally:
        for descriptor in (reads, writes, nothing):
            os.close(descriptor)
    return PipedFork(fork, os.fdopen(stdin, "w"), os.fdopen(stdout))
