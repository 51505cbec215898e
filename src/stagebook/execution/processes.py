"""Commands that run side by side, each with its output in a pipe, without polling."""

import contextlib
import os
import signal
import socket
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field
from selectors import EVENT_READ, DefaultSelector
from typing import IO

import psutil

from stagebook.pipeline.reproduction import StageCommand

_PIECE = 1 << 16


@dataclass(frozen=True, slots=True)
class OutputLine:
    """A line that a command printed.

    Attributes:
        name: The command's name.
        text: The line, without its end.
    """

    name: str
    text: str


@dataclass(frozen=True, slots=True)
class CommandEnd:
    """The end of a command.

    Attributes:
        name: Its name.
        code: Its exit code; negative if a signal ended it.
    """

    name: str
    code: int


@dataclass(slots=True)
class _Running:
    """One command that runs.

    Attributes:
        name: Its name.
        command: All its lines.
        place: Which line runs.
        apart: Whether it has a process group and a pipe of its own.
        process: The process of the line.
        rest: What it printed after the last end of a line.
    """

    name: str
    command: StageCommand
    apart: bool
    output: int | IO[str] | None
    process: subprocess.Popen[bytes]
    place: int = 0
    rest: bytes = b""


@dataclass(slots=True)
class Processes:
    """The commands that run now; a context in which SIGCHLD wakes up ``wait``.

    Only the main thread can use it.
    """

    _selector: DefaultSelector = field(default_factory=DefaultSelector)
    _running: dict[str, _Running] = field(default_factory=dict)

    @classmethod
    @contextlib.contextmanager
    def open(cls) -> Iterator["Processes"]:
        """No commands yet; at the end of the block, none is left."""
        processes = cls()
        reader, writer = socket.socketpair()
        reader.setblocking(False)
        writer.setblocking(False)
        with reader, writer, processes._selector:
            processes._selector.register(reader, EVENT_READ)
            child_handler = signal.signal(signal.SIGCHLD, lambda *_: None)
            wakeup = signal.set_wakeup_fd(writer.fileno(), warn_on_full_buffer=False)
            try:
                yield processes
            finally:
                processes.end()
                signal.set_wakeup_fd(wakeup)
                signal.signal(signal.SIGCHLD, child_handler)

    def start(
        self, name: str, command: StageCommand, *, apart: bool, output: IO[str] | None = None
    ) -> None:
        """Starts a command.

        Args:
            name: Its name.
            command: The command.
            apart: Whether its output goes into a pipe and signals to it alone; otherwise it has
                this process's terminal.
            output: Where its standard output goes if it has no pipe; None for this process's.
        """
        process = _popen(command, 0, apart, output)
        running = _Running(name, command, apart, output, process)
        self._running[name] = running
        self._watch(running)

    def wait(self, seconds: float | None = None) -> list[OutputLine | CommandEnd]:
        """What happens next: lines, and ends of commands.

        Args:
            seconds: The longest time to wait; None for no limit.

        Returns:
            Empty after that time, or after a signal.
        """
        events: list[OutputLine | CommandEnd] = []
        for key, _ in self._selector.select(seconds):
            if isinstance(key.fileobj, socket.socket):
                with contextlib.suppress(BlockingIOError):
                    while key.fileobj.recv(_PIECE):
                        pass
            else:
                events.extend(self._read(key.data))
        for running in tuple(self._running.values()):
            if running.process.poll() is not None:
                events.extend(self._ended(running))
        return events

    def forward(self, number: signal.Signals, *, from_terminal: bool) -> None:
        """Sends a signal to all commands.

        Args:
            number: The signal.
            from_terminal: Whether the commands that have this process's terminal got it already.
        """
        for running in self._running.values():
            if running.apart:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(running.process.pid, number)
            elif not from_terminal:
                _send(running.process.pid, number)

    def end(self) -> None:
        """Kills all commands that still run."""
        self.forward(signal.SIGKILL, from_terminal=False)
        for running in self._running.values():
            running.process.wait()
            self._unwatch(running)
        self._running.clear()

    def _watch(self, running: _Running) -> None:
        if running.process.stdout is not None:
            os.set_blocking(running.process.stdout.fileno(), False)
            self._selector.register(running.process.stdout, EVENT_READ, running)

    def _unwatch(self, running: _Running) -> None:
        if running.process.stdout is not None and not running.process.stdout.closed:
            with contextlib.suppress(KeyError):
                self._selector.unregister(running.process.stdout)
            running.process.stdout.close()

    def _read(self, running: _Running) -> Iterator[OutputLine]:
        """The lines that are in a command's pipe; one that is incomplete waits for its end."""
        pipe = running.process.stdout
        while pipe is not None and not pipe.closed:
            try:
                piece = os.read(pipe.fileno(), _PIECE)
            except BlockingIOError:
                return
            if not piece:
                self._unwatch(running)
                return
            *lines, running.rest = (running.rest + piece).split(b"\n")
            yield from (_line(running.name, line) for line in lines)

    def _ended(self, running: _Running) -> Iterator[OutputLine | CommandEnd]:
        """The rest of a command's output and its end; or its next line starts."""
        yield from self._read(running)
        self._unwatch(running)
        if running.rest:
            yield _line(running.name, running.rest)
        code = running.process.returncode
        running.place += 1
        if code == 0 and running.place < len(running.command.lines):
            running.rest = b""
            running.process = _popen(running.command, running.place, running.apart, running.output)
            self._watch(running)
            return
        del self._running[running.name]
        yield CommandEnd(running.name, code)


def _line(name: str, line: bytes) -> OutputLine:
    return OutputLine(name, line.decode("utf-8", errors="replace").rstrip("\r"))


def _popen(
    command: StageCommand, place: int, apart: bool, output: int | IO[str] | None
) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        command.lines[place],
        cwd=command.folder,
        env=command.environment,
        stdin=subprocess.DEVNULL if apart else None,
        stdout=subprocess.PIPE if apart else output,
        stderr=subprocess.STDOUT if apart else None,
        process_group=0 if apart else None,
    )


def _send(process: int, number: signal.Signals) -> None:
    """Sends a signal to a process and all that it started."""
    with contextlib.suppress(psutil.Error):
        parent = psutil.Process(process)
        for item in (*parent.children(recursive=True), parent):
            with contextlib.suppress(psutil.Error):
                item.send_signal(number)
