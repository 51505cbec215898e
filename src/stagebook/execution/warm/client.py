"""Asks a zygote for a fork; starts the zygote if there is none. Imports only Python itself."""

import contextlib
import fcntl
import json
import os
import select
import signal
import socket
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from stagebook.execution.warm import wire
from stagebook.execution.warm.key import Recipe
from stagebook.execution.warm.place import Place, UnsafeFolderError
from stagebook.execution.warm.request import Request

LISTENING, LOCK = 3, 4
"""The descriptors that a new zygote gets."""

_START = "import sys; del sys.path[0]; from stagebook.execution.warm import zygote; zygote.main()"
_ROOM_FOR_NAME = "-" * 4000
_ATTEMPTS, _MOMENT = 500, 0.01
_FORGOTTEN = 3600.0  # seconds after which imports that ended a zygote are tried again
_STATUS = "waitstatus"


WHILE_IMPORTING = {
    "OPENBLAS_NUM_THREADS": "1",  # with more, OpenBLAS starts threads when it is loaded
    "JE_ARROW_MALLOC_CONF": "background_thread:false",
}
"""Variables with which these libraries start no thread when they are imported."""


class NotWarmError(Exception):
    """No warm process is available; the text says why."""


@dataclass(slots=True)
class Fork:
    """A process that a zygote forked.

    Attributes:
        pid: Its process id.
        key: The key of its zygote.
        connection: The connection to its supervisor.
        code: Its exit code once it has ended, negative for a signal.
    """

    pid: int
    key: str
    connection: socket.socket = field(repr=False)
    code: int | None = None
    stdin: None = None
    stdout: None = None
    stderr: None = None

    def fileno(self) -> int:
        """The descriptor that becomes readable when the process has ended."""
        return self.connection.fileno()

    def send_signal(self, number: int) -> None:
        """Passes a signal to the process, unless it has ended."""
        with contextlib.suppress(OSError):  # it has ended
            wire.send(self.connection, {"signal": int(number)})

    def kill(self) -> None:
        """Kills the process, unless it has ended."""
        self.send_signal(signal.SIGKILL)

    def terminate(self) -> None:
        """Asks the process to end."""
        self.send_signal(signal.SIGTERM)

    @property
    def returncode(self) -> int | None:
        """Its exit code, if it is known that it has ended."""
        return self.code

    def wait(self, timeout: float | None = None) -> int:
        """Its exit code, once it has ended.

        Args:
            timeout: Seconds; None to wait as long as it takes.

        Raises:
            TimeoutError: It has not ended by then.
        """
        if self.code is None and timeout is not None and not self._ends_within(timeout):
            raise TimeoutError
        if self.code is None:
            try:
                message, _ = wire.receive(self.connection)
            except (OSError, ValueError):
                message = None
            status = message[_STATUS] if message else signal.SIGKILL.value
            self.code = os.waitstatus_to_exitcode(status)
            self.connection.close()
        return self.code

    def _ends_within(self, seconds: float) -> bool:
        return bool(select.select([self.connection], [], [], seconds)[0])

    def poll(self) -> int | None:
        """Its exit code; None if it has not ended."""
        if self.code is None:
            try:
                self.connection.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT)
            except BlockingIOError:
                return None
            except OSError:
                pass
        return self.wait()


def fork(recipe: Recipe, request: Request, descriptors: Sequence[int]) -> Fork:
    """A new process, forked from the zygote of a recipe, which is started if there is none.

    Args:
        recipe: What the process needs to have imported.
        request: The process.
        descriptors: Its standard input, output and error.

    Raises:
        NotWarmError: There is no such process, and none is left of the attempt.
    """
    place, key = Place.of(recipe.root), recipe.key
    connection = reach(recipe, place, key, request.owner)
    try:
        if wire.peer(connection)[1] != os.getuid():
            raise NotWarmError("another user's process answered")
        wire.send(connection, request.as_json(), descriptors)
        message, _ = wire.receive(connection)
    except (OSError, ValueError) as error:
        connection.close()
        raise NotWarmError(f"the warm process did not answer ({error})") from error
    except BaseException:
        connection.close()
        raise
    if message is None or "pid" not in message:
        connection.close()
        reason = message.get("refused") if message else "the warm process ended"
        raise NotWarmError(str(reason))
    return Fork(int(message["pid"]), key, connection)


def reach(recipe: Recipe, place: Place, key: str, owner: int | None) -> socket.socket:
    """A connection to the zygote of a recipe, which is started if there is none.

    Args:
        recipe: The recipe.
        place: The folder of the project's zygotes.
        key: The recipe's key.
        owner: Id of the build's process, with which a new zygote ends.

    Raises:
        NotWarmError: The zygote cannot be started, or it ended when it was started before.
    """
    if os.path.isdir(place.folder) and (connection := place.connect(key)):
        return connection
    try:
        place.prepare()
        return _connect_or_start(recipe, place, key, owner)
    except (OSError, UnsafeFolderError) as error:
        raise NotWarmError(str(error)) from error


def _connect_or_start(recipe: Recipe, place: Place, key: str, owner: int | None) -> socket.socket:
    """Connects to a zygote that another client starts meanwhile, or starts one."""
    for _ in range(_ATTEMPTS):
        if connection := place.connect(key):
            return connection
        lock = place.lock(key, waits=False)
        if lock is not None:
            try:
                return place.connect(key) or _start(recipe, place, key, lock, owner)
            finally:
                os.close(lock)
        time.sleep(_MOMENT)  # the other client makes the socket, or the old zygote ends
    raise NotWarmError("another process starts or ends the warm process")


def _start(recipe: Recipe, place: Place, key: str, lock: int, owner: int | None) -> socket.socket:
    """Starts a zygote and connects to it; it answers once its imports are done.

    Its socket exists before the zygote does, so that no client has to wait or to try again.
    """
    state = place.state(key)
    if state and place.age(key) < _FORGOTTEN:
        if state.get("phase") == "importing":
            raise NotWarmError("it ended during its imports; see: stagebook warm status")
        if state.get("refusal"):
            raise NotWarmError(str(state["refusal"]))
    listening = place.listen(key)
    try:
        connection = place.connect(key)
        if connection is None:
            raise NotWarmError("the warm process has no socket")
        _spawn(recipe, place, key, lock, listening.fileno(), owner)
        return connection
    finally:
        listening.close()


def _spawn(
    recipe: Recipe, place: Place, key: str, lock: int, listening: int, owner: int | None
) -> None:
    values = {
        "key": key,
        "kind": recipe.kind,
        "imports": recipe.imports,
        "root": recipe.root,
        "label": recipe.label,
        "owner": owner,
        "left_out": place.state(key).get("left_out", {}),
    }
    log = os.open(place.path(key, "log"), os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC)
    nothing = os.open(os.devnull, os.O_RDONLY | os.O_CLOEXEC)
    # above those of the zygote, so that none is overwritten before it is copied
    held = [_high(number) for number in (nothing, log, log, listening, lock)]
    words = [sys.executable, *_options(), "-c", _START, json.dumps(values), _ROOM_FOR_NAME]
    try:
        os.posix_spawn(
            sys.executable,
            words,
            {**recipe.environment, **WHILE_IMPORTING},
            file_actions=[(os.POSIX_SPAWN_DUP2, one, place) for place, one in enumerate(held)],
            setsid=True,
            setsigmask=(),
            setsigdef=(signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT),
        )
    finally:
        for number in (nothing, log, *held):
            os.close(number)


def _high(descriptor: int) -> int:
    return fcntl.fcntl(descriptor, fcntl.F_DUPFD_CLOEXEC, 10)


def _options() -> list[str]:
    """The options of this Python that its zygote needs too."""
    options = [f"-W{option}" for option in sys.warnoptions]
    options += [f"-X{name}" for name, value in sys._xoptions.items() if value is True]
    return options + [f"-X{n}={value}" for n, value in sys._xoptions.items() if value is not True]


def start_early(recipe: Recipe, owner: int | None) -> None:
    """Starts a zygote, if there is none, for a process that will ask for a fork later.

    Args:
        recipe: What it imports.
        owner: Id of the build's process, with which the zygote ends.
    """
    with contextlib.suppress(NotWarmError):  # the later process says so
        reach(recipe, Place.of(recipe.root), recipe.key, owner).close()
