"""Starts and stops the processes that answer."""

import contextlib
import errno
import functools
import multiprocessing
import os
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from multiprocessing.synchronize import Semaphore

import uvicorn
from starlette.types import ASGIApp
from uvicorn.supervisors import Multiprocess

from stagebook.project.errors import Exit, Problem, StagebookError
from stagebook.serving import metrics
from stagebook.serving.app import application
from stagebook.serving.connection import bounded
from stagebook.serving.options import ServingOptions
from stagebook.serving.served_model import ServedModel
from stagebook.serving.service import Service

_BACKLOG = 2048
_PAUSE = 0.1  # seconds between two looks at processes that start


@dataclass(frozen=True, slots=True)
class Listening:
    """A server to which requests can be sent.

    Attributes:
        address: Its address, such as ``http://127.0.0.1:5001``.
        model: The package that answers.
        stop: Lets the server end, as a signal does.
    """

    address: str
    model: ServedModel
    stop: Callable[[], None]


Started = Callable[[Listening], None]


class _Server(uvicorn.Server):
    """uvicorn's server; a signal ends it, and is not raised again after that.

    Args:
        config: How it answers.
        started: Called when it answers, and when signals end it as they should.
    """

    def __init__(self, config: uvicorn.Config, started: Callable[["_Server"], None]) -> None:
        super().__init__(config)
        self._started = started

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Starts, and says so."""
        await super().startup(sockets)
        self._started(self)

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Lets SIGINT and SIGTERM end the server when it has answered what it accepted."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        numbers = (signal.SIGINT, signal.SIGTERM)
        before = {number: signal.signal(number, self.handle_exit) for number in numbers}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def stop(self) -> None:
        """Lets the server end when it has answered what it accepted."""
        self.should_exit = True


class _Workers(Multiprocess):
    """uvicorn's processes, with a call when all of them have opened the package.

    Args:
        config: How they answer.
        listening: The socket that they share.
        opened: What each process releases when it has opened the package.
        started: What is called then.
    """

    def __init__(
        self,
        config: uvicorn.Config,
        listening: socket.socket,
        opened: Semaphore,
        started: Callable[["_Workers"], None],
    ) -> None:
        super().__init__(config, [listening])
        self._opened, self._started = opened, started

    def init_processes(self) -> None:
        """Starts the processes, and waits for them."""
        super().init_processes()
        missing = len(self.processes)
        while missing:
            missing -= self._opened.acquire(timeout=_PAUSE)
            self.handle_signals()
            ended = any(not process.process.is_alive() for process in self.processes)
            if self.should_exit.is_set() or ended:
                return
        self._started(self)


def run(options: ServingOptions, started: Started) -> None:
    """Serves until a signal; returns when every accepted request has been answered.

    The port is taken first, and opened only after the package has passed its gate and predicted
    its golden rows.

    Args:
        options: What to serve, and how.
        started: Called when requests can be sent.

    Raises:
        StagebookError: The port is in use, or the package is not fit to be served here.
    """
    with contextlib.closing(_bound(options.host, options.port)) as listening:
        service = Service(options)
        listening.listen(_BACKLOG)
        address, model = _address(listening), service.slot.current
        if options.workers == 1:
            config = _config(options, functools.partial(application, service))
            _Server(config, lambda server: started(Listening(address, model, server.stop))).run(
                [listening]
            )
        else:
            service.stop()  # each worker opens the package and the log itself
            del service
            with metrics.shared_folder():
                opened = multiprocessing.get_context("spawn").Semaphore(0)
                config = _config(options, functools.partial(_worker, options, opened))
                _Workers(
                    config,
                    listening,
                    opened,
                    lambda workers: started(Listening(address, model, workers.should_exit.set)),
                ).run()


def _worker(options: ServingOptions, opened: Semaphore) -> ASGIApp:
    service = Service(options)
    opened.release()
    return application(service)


def _config(options: ServingOptions, factory: Callable[[], ASGIApp]) -> uvicorn.Config:
    limits = options.limits
    return uvicorn.Config(
        factory,
        factory=True,
        workers=options.workers,
        http=bounded(limits.sending, limits.reading),
        ws="none",
        lifespan="on",
        log_level="warning",
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_keep_alive=30,
        timeout_graceful_shutdown=int(limits.stopping),
    )


def _bound(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family)
    try:
        if os.name == "posix":
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((host, port))
    except OSError as error:
        listening.close()
        message = f"The server cannot listen on {host}, port {port}: {error.strerror or error}."
        hint = "Name a free port with --port, or 0 for any."
        code = "port-in-use"
        if error.errno != errno.EADDRINUSE:
            code, hint = "no-address", "Name an address of this machine with --host."
        problem = Problem(code, message, hint)
        raise StagebookError(problem, exit_code=Exit.ENVIRONMENT) from None
    return listening


def _address(listening: socket.socket) -> str:
    host, port = listening.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
