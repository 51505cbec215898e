"""Alerts reach a command and a webhook once for each change of state, and never block."""

import contextlib
import hashlib
import hmac
import http.server
import json
import socket
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from stagebook.monitoring import alerts, webhook
from stagebook.monitoring.alerts import StateFile
from stagebook.monitoring.signal import MonitorState
from stagebook.project.settings import parse_settings
from stagebook.project.settings.monitor import AlertSettings

OK, LOOK, ACT = MonitorState


class Receiver(http.server.BaseHTTPRequestHandler):
    """Answers with the status of the server, and keeps what it gets."""

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.received.append((self.path, dict(self.headers), body))  # type: ignore[attr-defined]
        self.send_response(self.server.status)  # type: ignore[attr-defined]
        self.send_header("Location", "/elsewhere")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Nothing is printed."""


@contextlib.contextmanager
def receiver(status: int = 204) -> Iterator[http.server.ThreadingHTTPServer]:
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
    server.status, server.received = status, []  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def address(server: http.server.HTTPServer) -> str:
    return f"http://127.0.0.1:{server.server_port}/hook?team=a"


def changed(*channels: str) -> StateFile:
    return StateFile().after("p1", LOOK, "2013-11-04", ["AUC fell."], channels)


def test_a_change_of_state_is_an_alert_and_the_same_state_is_none() -> None:
    first = changed("webhook")
    again = first.after("p1", LOOK, "2013-11-05", ["AUC fell."], ["webhook"])
    better = again.after("p1", OK, "2013-11-06", [], ["webhook"])
    assert [(a.before, a.after) for a in again.waiting] == [(OK, LOOK)]
    assert [(a.before, a.after) for a in better.waiting] == [(OK, LOOK), (LOOK, OK)]
    assert again.day == "2013-11-05"


def test_another_package_starts_as_ok() -> None:
    acting = StateFile().after("p1", ACT, "2013-11-04", [], [])
    assert acting.after("p2", OK, "2013-11-05", [], ["command"]).waiting == ()
    after = acting.after("p2", LOOK, "2013-11-05", [], ["command"]).waiting
    assert [(a.before, a.after) for a in after] == [(OK, LOOK)]


def test_a_state_file_is_read_as_it_was_written(tmp_path: Path) -> None:
    state = changed("command", "webhook")
    alerts.write(tmp_path / "state.json", state)
    assert alerts.read(tmp_path / "state.json") == (state, None)
    assert alerts.read(tmp_path / "none.json") == (StateFile(), None)


@pytest.mark.parametrize("text", ["", "{", "[]", '{"format": 9}', '{"format": 1, "state": "?"}'])
def test_a_damaged_state_file_is_reported(tmp_path: Path, text: str) -> None:
    (tmp_path / "state.json").write_text(text)
    state, problem = alerts.read(tmp_path / "state.json")
    assert state == StateFile()
    assert problem is not None
    assert problem.code == "bad-monitor-state"


def test_a_state_file_that_cannot_be_read_is_named_once(tmp_path: Path) -> None:
    _, problem = alerts.read(tmp_path)
    assert problem is not None
    assert problem.code == "bad-monitor-state"
    assert str(tmp_path) not in problem.message


def test_a_webhook_gets_the_signed_alert_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOOK_KEY", "s3cret")
    with receiver() as server:
        settings = AlertSettings(webhook=address(server), secret="HOOK_KEY")
        state, problems = alerts.deliver(changed("webhook"), settings, tmp_path)
        assert alerts.deliver(state, settings, tmp_path) == (state, ())
    assert (state.waiting, problems) == ((), ())
    [(path, headers, body)] = server.received  # type: ignore[attr-defined]
    mac = hmac.new(b"s3cret", body, hashlib.sha256).hexdigest()
    assert path == "/hook?team=a"
    assert headers[webhook.SIGNATURE] == f"sha256={mac}"
    assert json.loads(body) == {
        "format": 1,
        "package": "p1",
        "before": "ok",
        "after": "look",
        "day": "2013-11-04",
        "reasons": ["AUC fell."],
    }


@pytest.mark.parametrize("status", [301, 307, 400, 500])
def test_an_alert_that_is_not_accepted_waits(tmp_path: Path, status: int) -> None:
    with receiver(status) as server:
        settings = AlertSettings(webhook=address(server))
        state, problems = alerts.deliver(changed("webhook"), settings, tmp_path)
        assert len(server.received) == 1  # type: ignore[attr-defined]
        assert state.waiting == changed("webhook").waiting
        assert [problem.code for problem in problems] == ["alert-undelivered"]
        server.status = 200  # type: ignore[attr-defined]
        assert alerts.deliver(state, settings, tmp_path) == (
            StateFile(1, "p1", LOOK, "2013-11-04"),
            (),
        )


def test_a_webhook_that_hangs_delays_the_run_by_one_alert(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as hanging:
        settings = AlertSettings(webhook=f"http://127.0.0.1:{hanging.getsockname()[1]}/")
        state = changed("webhook").after("p1", ACT, "2013-11-05", [], ["webhook"])
        after, problems = alerts.deliver(state, settings, tmp_path, seconds=0.2)
        hanging.settimeout(0)
        hanging.accept()[0].close()
        with pytest.raises(BlockingIOError):  # nobody called a second time
            hanging.accept()
    assert after.waiting == state.waiting
    assert [problem.code for problem in problems] == ["alert-undelivered"]


def test_a_webhook_that_refuses_is_reported(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    settings = AlertSettings(webhook=f"http://127.0.0.1:{port}/")
    state, problems = alerts.deliver(changed("webhook"), settings, tmp_path)
    assert state.waiting == changed("webhook").waiting
    assert [problem.code for problem in problems] == ["alert-undelivered"]


def test_a_missing_secret_sends_nothing(tmp_path: Path) -> None:
    with receiver() as server:
        settings = AlertSettings(webhook=address(server), secret="NOT_SET_ANYWHERE")
        state, problems = alerts.deliver(changed("webhook"), settings, tmp_path)
        assert server.received == []  # type: ignore[attr-defined]
    assert len(state.waiting) == 1
    assert [problem.code for problem in problems] == ["alert-undelivered"]


def test_a_command_gets_the_alert_on_its_input(tmp_path: Path) -> None:
    code = (
        "import os, sys; open('got', 'w').write(os.environ['STAGEBOOK_AFTER'] + sys.stdin.read())"
    )
    settings = AlertSettings(command=(sys.executable, "-c", code))
    state, problems = alerts.deliver(changed("command"), settings, tmp_path)
    assert (state.waiting, problems) == ((), ())
    text = (tmp_path / "got").read_text()
    assert text.startswith("look{")
    assert json.loads(text.removeprefix("look"))["reasons"] == ["AUC fell."]


@pytest.mark.parametrize(
    "command",
    [("no-such-command-here",), (sys.executable, "-c", "raise SystemExit(3)")],
    ids=["missing", "fails"],
)
def test_a_command_that_fails_leaves_the_other_channel_alone(
    tmp_path: Path, command: tuple[str, ...]
) -> None:
    with receiver() as server:
        settings = AlertSettings(command=command, webhook=address(server))
        state, problems = alerts.deliver(changed("command", "webhook"), settings, tmp_path)
        assert len(server.received) == 1  # type: ignore[attr-defined]
    assert [alert.channels for alert in state.waiting] == [("command",)]
    assert [problem.code for problem in problems] == ["alert-undelivered"]


def test_a_command_that_hangs_is_ended(tmp_path: Path) -> None:
    settings = AlertSettings(command=(sys.executable, "-c", "while True: pass"))
    state, problems = alerts.deliver(changed("command"), settings, tmp_path, seconds=0.5)
    assert len(state.waiting) == 1
    assert [problem.code for problem in problems] == ["alert-undelivered"]


def test_settings_name_the_channels() -> None:
    table = {"log": "log", "alerts": {"command": ["notify", "team"], "webhook": "https://a.b/c"}}
    monitor = parse_settings({"monitor": table}, "x").monitor
    assert monitor.alerts.channels == ("command", "webhook")
    assert monitor.log == "log"
