"""A fork of a zygote: its supervisor, and what it does before it calls its function."""

import contextlib
import ctypes
import importlib
import os
import select
import signal
import socket
import sys
from collections.abc import Callable, Mapping
from importlib.machinery import PathFinder
from types import ModuleType

from stagebook.execution import orphans
from stagebook.execution.warm import pools, wire
from stagebook.execution.warm.hidden import Hidden
from stagebook.execution.warm.request import Request
from stagebook.project import ancestry

_PR_SET_PDEATHSIG = 1
_ARG_START, _ARG_END = 47, 48  # in /proc/self/stat, counted from 0: see proc(5)


def start(
    request: Request,
    hidden: Hidden,
    connection: socket.socket,
    descriptors: list[int],
    let_go: Callable[[], None],
) -> Callable[[], None] | None:
    """Forks twice: a supervisor, and under it the process that was asked for.

    Args:
        request: The process.
        hidden: What the zygote has imported.
        connection: The connection to the client.
        descriptors: Standard input, output and error.
        let_go: Closes what belongs to the zygote alone.

    Returns:
        In the process that was asked for, what it has to do; None in the zygote.
    """
    if os.fork():
        return None
    try:
        let_go()
        os.setsid()
        if request.reaps:
            orphans.adopt()
        child = os.fork()
        if child:
            _supervise(child, request, connection)
    except BaseException:
        os._exit(1)
    try:
        connection.close()
        _become(request, hidden, descriptors)
        if request.hides:
            hidden.hide()
    except BaseException:  # nothing of the zygote may go on here
        sys.excepthook(*sys.exc_info())
        os._exit(1)
    return lambda: _call(request)


def _supervise(child: int, request: Request, connection: socket.socket) -> None:
    """Tells the client of the child's start and end, passes signals on, and ends the child."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    show_name(["stagebook-warm", "supervisor", request.function])
    nothing = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):  # which are the log of the zygote
        os.dup2(nothing, stream)
    end = os.pidfd_open(child)
    with contextlib.suppress(OSError):
        wire.send(connection, {"pid": child})
    watched = [connection.fileno(), end]
    while end not in select.select(watched, [], [])[0]:
        passed_on = _next_signal(connection)
        if passed_on is None:
            watched = [end]
        with contextlib.suppress(ProcessLookupError):
            os.kill(child, request.ending if passed_on is None else passed_on)
    _, status = os.waitpid(child, 0)
    if request.reaps:
        orphans.end_all_but(())
    with contextlib.suppress(OSError):
        wire.send(connection, {"waitstatus": status})
    os._exit(0)


def _next_signal(connection: socket.socket) -> int | None:
    """The signal that the client passes on; None if the client is gone."""
    try:
        message, _ = wire.receive(connection)
        return int(message["signal"]) if message else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _become(request: Request, hidden: Hidden, descriptors: list[int]) -> None:
    """Makes this process what a new one would be, with the modules at hand."""
    libc = ctypes.CDLL(None)
    os.setsid()
    if request.ending:
        libc.prctl(_PR_SET_PDEATHSIG, request.ending)
    for number, descriptor in enumerate(descriptors):
        os.dup2(descriptor, number)
    _open_streams()
    _restore_signals(request)
    os.umask(request.umask)
    os.chdir(request.folder)
    os.environ.clear()
    os.environ.update(request.environment)
    sys.argv = list(request.arguments)
    sys.path[:] = _search_path(request, hidden)
    importlib.invalidate_caches()
    PathFinder.find_spec("runpy_")  # lists each folder, some of which a sandbox closes later
    show_name([sys.executable, "-m", request.function.partition(":")[0], *request.arguments[1:]])
    pools.reseed(hidden)
    sys.modules["__main__"] = ModuleType("__main__")
    ancestry.stand_for(request.client)


def _open_streams() -> None:
    """Opens the standard streams anew, with the buffers that fit the new files."""
    for number, (name, mode) in enumerate((("stdin", "r"), ("stdout", "w"), ("stderr", "w"))):
        old = getattr(sys, name)
        stream = open(number, mode, encoding=old.encoding, errors=old.errors, closefd=False)  # noqa: SIM115  # for the life of the process
        if name == "stderr":
            stream.reconfigure(line_buffering=True)  # type: ignore[attr-defined]
        setattr(sys, name, stream)
        setattr(sys, f"__{name}__", stream)


def _search_path(request: Request, hidden: Hidden) -> list[str]:
    """The search path of a new process: its first entry, ``PYTHONPATH``, and Python's own."""
    own = _entries(hidden.environment)
    rest = [entry for entry in sys.path if entry not in own]
    return [request.first, *dict.fromkeys([*_entries(request.environment), *rest])]


def _entries(environment: Mapping[str, str]) -> list[str]:
    text = environment.get("PYTHONPATH", "")
    return [os.path.abspath(entry) for entry in text.split(os.pathsep) if entry]


def _restore_signals(request: Request) -> None:
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT):
        signal.signal(number, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    for ignored in request.ignored:
        signal.signal(ignored, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_SETMASK, ())


def _call(request: Request) -> None:
    module, _, name = request.function.partition(":")
    function = getattr(importlib.import_module(module), name)
    if request.hides:
        importlib.import_module("runpy")  # by which a new process would run the module
        del sys.modules[module]  # there it is called `__main__`
    if not request.reaps:  # a kernel does it in its sandbox
        pools.restore_threads()
    function()


def show_name(words: list[str]) -> None:
    """Lets tools such as ``ps`` show a command line for this process.

    It replaces the one that the zygote was started with, which has room for it.

    Args:
        words: The command line.
    """
    with open("/proc/self/stat", encoding="utf-8", errors="replace") as file:
        fields = file.read().rpartition(")")[2].split()
    start, end = (int(fields[place - 2]) for place in (_ARG_START, _ARG_END))
    room = end - start
    text = b"\0".join(map(os.fsencode, words))[: room - 1]
    ctypes.memmove(start, text.ljust(room, b"\0"), room)
