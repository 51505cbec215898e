"""Real MLflow servers on loopback, what may stand before them, and what they were given."""

import contextlib
import http.client
import json
import os
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from checkout import BIN, Checkout, copied
from mlflow import MlflowClient
from mlflow.entities import Run

PATIENCE = 120
"""Seconds after which a test gives up waiting for what has to come."""


def store(project: Checkout) -> str:
    return f"sqlite:///{project.root / 'mlflow.db'}"


def all_runs(project: Checkout, experiment: str, uri: str = "") -> list[Run]:
    """Every run, oldest first; a loaded machine may have left some for later."""
    project.ok("stagebook", "deliver")
    return found_runs(experiment, uri or store(project))


def found_runs(experiment: str, uri: str) -> list[Run]:
    client = MlflowClient(uri)
    found = client.get_experiment_by_name(experiment)
    assert found is not None
    return list(client.search_runs([found.experiment_id], order_by=["attributes.start_time ASC"]))


def runs(project: Checkout, experiment: str, uri: str = "") -> list[Run]:
    """The runs of stages and their children, oldest first."""
    found = all_runs(project, experiment, uri)
    return [run for run in found if "stagebook.repro" not in run.data.tags]


def artifacts(client: MlflowClient, run: Run, folder: str | None = None) -> set[str]:
    """Paths of all files of a run."""
    found = set()
    for one in client.list_artifacts(run.info.run_id, folder):
        found |= artifacts(client, run, one.path) if one.is_dir else {one.path}
    return found


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


_QUIET = {"MLFLOW_DISABLE_TELEMETRY": "true", "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"}


@dataclass(frozen=True)
class Server:
    """A real `mlflow server`."""

    uri: str
    process: subprocess.Popen[bytes]

    def pause(self) -> None:
        """From now on it takes connections and answers nothing."""
        os.killpg(self.process.pid, signal.SIGSTOP)

    def go_on(self) -> None:
        os.killpg(self.process.pid, signal.SIGCONT)


@contextlib.contextmanager
def serving(
    folder: Path, backend: str = "", more: Sequence[str] = (), **environment: str
) -> Iterator[Server]:
    """A tracking server that keeps its files in a folder; it serves the artifacts too."""
    folder.mkdir(exist_ok=True)
    port = free_port()
    command = [BIN / "mlflow", "server", "--host", "127.0.0.1", "--port", str(port)]
    stores = ["--backend-store-uri", backend or f"sqlite:///{folder / 'server.db'}"]
    places = ["--artifacts-destination", str(folder / "artifacts")]
    with (folder / "log").open("w") as log:
        process = subprocess.Popen(
            [*command, "--workers", "1", *stores, *places, *more],
            cwd=folder,
            stdout=log,
            stderr=log,
            env={**os.environ, **_QUIET, **environment},
            start_new_session=True,
        )
        try:
            wait_until(lambda: _listens(port), lambda: process.poll() is None)
            yield Server(f"http://127.0.0.1:{port}", process)
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGCONT)
                os.killpg(process.pid, signal.SIGTERM)
            process.wait()


def wait_until(reached: Callable[[], bool], alive: Callable[[], bool] = lambda: True) -> None:
    """Asks again and again until something is so; fails after a bound."""
    deadline = time.monotonic() + PATIENCE
    while not reached():
        assert alive(), "what was waited for has ended"
        assert time.monotonic() < deadline, "it does not come"
        threading.Event().wait(0.05)


def _listens(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True


@dataclass
class Request:
    """A request on its way to the server."""

    method: str
    path: str
    body: bytes
    number: int

    @property
    def changes(self) -> bool:
        """Whether it can change something there."""
        return self.method in ("PUT", "PATCH") or (
            self.method == "POST" and "search" not in self.path
        )


@dataclass
class Gate:
    """Stands before a server, and lets through what it is told to."""

    port: int
    upstream: int
    seen: list[Request] = field(default_factory=list)
    answer: Callable[[Request], int | None] = lambda request: None
    """Says a status that is given in the server's place; 0 cuts the connection."""
    hold_at: Callable[[Request], bool] = lambda request: False
    hold_answer: bool = False
    reached: threading.Event = field(default_factory=threading.Event)
    release: threading.Event = field(default_factory=threading.Event)
    let_go: threading.Event = field(default_factory=threading.Event)

    @property
    def uri(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def arm(self, hold_at: Callable[[Request], bool], *, answer: bool) -> None:
        """The first such request waits: itself, or the answer to it.

        Args:
            hold_at: Which one.
            answer: Whether the server gets the request before.
        """
        for event in (self.reached, self.release, self.let_go):
            event.clear()
        self.seen.clear()
        self.hold_at, self.hold_answer = hold_at, answer

    def open(self) -> None:
        """Lets go what waits, and holds nothing any more."""
        self.hold_at = lambda request: False
        self.release.set()
        if self.reached.is_set():
            assert self.let_go.wait(PATIENCE)


@contextlib.contextmanager
def gate(server: str) -> Iterator[Gate]:
    """A gate before a server on loopback."""
    made = Gate(0, int(server.rpartition(":")[2]))

    class Handler(_Handler):
        passing = made

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as listening:
        made.port = listening.server_address[1]
        thread = threading.Thread(target=listening.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield made
        finally:
            made.release.set()
            listening.shutdown()
            thread.join()


class _Handler(BaseHTTPRequestHandler):
    passing: Gate
    protocol_version = "HTTP/1.1"

    def _pass(self) -> None:
        gate = self.passing
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        request = Request(self.command, self.path, body, len(gate.seen) + 1)
        gate.seen.append(request)
        if (status := gate.answer(request)) is not None:
            self.close_connection = True
            if status:
                self._say(status, [("Content-Type", "application/json")], _TROUBLE[status])
            return
        held = not gate.reached.is_set() and gate.hold_at(request)
        if held and not gate.hold_answer:
            self._hold()
        said = self._forward(request)
        if held and gate.hold_answer:
            self._hold()
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):  # the client was killed
            self._say(*said)
        if held:
            gate.let_go.set()

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _pass  # noqa: N815

    def _hold(self) -> None:
        self.passing.reached.set()
        assert self.passing.release.wait(PATIENCE)

    def _forward(self, request: Request) -> tuple[int, Sequence[tuple[str, str]], bytes]:
        there = http.client.HTTPConnection("127.0.0.1", self.passing.upstream, timeout=PATIENCE)
        headers = {k: v for k, v in self.headers.items() if k.lower() not in _OWN}
        there.request(request.method, request.path, request.body, headers)
        got = there.getresponse()
        said = got.status, got.getheaders(), got.read()
        there.close()
        return said

    def _say(self, status: int, headers: Sequence[tuple[str, str]], body: bytes) -> None:
        self.send_response(status)
        for name, value in headers:
            if name.lower() not in _OWN:
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *words: Any) -> None:
        """Says nothing."""


REFUSAL = "no such thing here"
"""What a server says that refuses a record."""

_OWN = ("host", "connection", "content-length", "transfer-encoding", "date", "server")
_TROUBLE = {
    200: b"{}",  # as from a proxy that answers for the server and keeps nothing
    400: json.dumps({"error_code": "INVALID_PARAMETER_VALUE", "message": REFUSAL}).encode(),
    500: b'{"error_code": "INTERNAL_ERROR", "message": "out of order"}',
}


def copy(project: Checkout, folder: Path) -> Checkout:
    """A project's copy, with its records and outbox."""
    return Checkout(copied(project.root, folder / project.root.name), dict(project.env))
