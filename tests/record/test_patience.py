"""A tracker that answers without end cannot keep a delivery."""

import contextlib
import json
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from spooled import record

from stagebook.project.errors import StagebookError
from stagebook.project.project import Project
from stagebook.record.spool import RECORD
from stagebook.workflow import records

pytestmark = pytest.mark.slow


@contextlib.contextmanager
def trickling() -> Iterator[str]:
    """The address of a server that sends one header after the other, and never the last."""
    ended = threading.Event()

    def answer(connection: socket.socket) -> None:
        with connection, contextlib.suppress(OSError):
            connection.recv(65536)
            connection.sendall(b"HTTP/1.1 200 OK\r\n")
            while not ended.wait(0.05):
                connection.sendall(b"X-More: to come\r\n")

    def listen(server: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = server.accept()
                threading.Thread(target=answer, args=(connection,), daemon=True).start()

    with socket.create_server(("127.0.0.1", 0)) as server:
        threading.Thread(target=listen, args=(server,), daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.getsockname()[1]}"
        finally:
            ended.set()
            server.shutdown(socket.SHUT_RDWR)


def test_headers_that_never_end_end_a_delivery_and_lose_no_record(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "pyproject.toml").write_text('[project]\nname = "x"\n[tool.stagebook]\n')
    waiting = tmp_path / ".stagebook/outbox/x"
    waiting.mkdir(parents=True)
    (waiting / RECORD).write_text(json.dumps(record("x")))
    monkeypatch.setattr(records, "_SECONDS", 3)
    monkeypatch.setattr(records, "_SECONDS_PER_RECORD", 0)
    monkeypatch.chdir(tmp_path)
    with trickling() as uri:
        monkeypatch.setenv("MLFLOW_TRACKING_URI", uri)
        monkeypatch.setenv("MLFLOW_HTTP_REQUEST_TIMEOUT", "60")
        with pytest.raises(StagebookError) as refused:
            records.deliver(Project.find(tmp_path))
    assert [one.code for one in refused.value.problems] == ["no-tracker"]
    assert (waiting / RECORD).exists()
