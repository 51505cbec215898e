"""`stagebook serve` as a person types it: a process of its own, and its exit code."""

import contextlib
import http.client
import json
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from click.testing import CliRunner
from clients import JSON, TRIP

from stagebook.cli.main import main
from stagebook.cli.serve import serve
from stagebook.project.errors import Exit

POLICY = ("--materials", "ignore", "--attestation", "ignore")
COMMAND = (sys.executable, "-P", "-m", "stagebook", "serve")
BODY = json.dumps({"dataframe_records": [TRIP]})


@dataclass(frozen=True)
class Served:
    """A server in a process of its own."""

    process: "subprocess.Popen[str]"
    values: dict[str, Any]

    def connect(self) -> http.client.HTTPConnection:
        address = urlsplit(self.values["address"])
        return http.client.HTTPConnection(str(address.hostname), address.port, timeout=60)

    def answer(self, method: str, path: str, body: str | None = None) -> tuple[int, bytes]:
        with contextlib.closing(self.connect()) as connection:
            connection.request(method, path, body, {"Content-Type": JSON} if body else {})
            response = connection.getresponse()
            return response.status, response.read()


@contextlib.contextmanager
def served(package: Path, *options: str) -> Iterator[Served]:
    command = [*COMMAND, str(package), *POLICY, "--port", "0", "--json", *options]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        try:
            yield Served(process, json.loads(process.stdout.readline()))
        finally:
            process.kill()


def typed(*words: str) -> tuple[int, dict[str, Any]]:
    """The exit code and the JSON of a command that ends by itself."""
    ended = subprocess.run(
        [*COMMAND, *words, "--json"], capture_output=True, text=True, check=False
    )
    return ended.returncode, json.loads(ended.stdout)


def tried(*words: str) -> tuple[int, dict[str, Any]]:
    """The same in this process, for tests that start a server in another one."""
    ended = CliRunner().invoke(main, ["serve", *words, "--json"])
    return ended.exit_code, json.loads(ended.stdout)


def codes(values: dict[str, Any]) -> list[str]:
    return [problem["code"] for problem in values["problems"]]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_prints_its_address_and_answers_what_it_accepted_before_it_ends(
    package: Path, number: signal.Signals
) -> None:
    with served(package) as server:
        assert server.values["name"] == "duration"
        status, content = server.answer("POST", "/predict", BODY)
        assert (status, json.loads(content)["package"]) == (200, server.values["digest"])
        with contextlib.closing(server.connect()) as connection:
            head = f"POST /predict HTTP/1.1\r\nHost: x\r\nContent-Type: {JSON}\r\n"
            head += f"Content-Length: {len(BODY)}\r\nExpect: 100-continue\r\n\r\n"
            connection.connect()
            connection.sock.sendall(head.encode())
            assert connection.sock.recv(1000).startswith(b"HTTP/1.1 100")  # it is accepted
            server.process.send_signal(number)
            connection.sock.sendall(BODY.encode())
            assert connection.sock.recv(10_000).startswith(b"HTTP/1.1 200")
        assert server.process.wait() == Exit.DONE


@pytest.mark.slow
def test_two_workers_answer_and_the_metrics_are_those_of_both(package: Path) -> None:
    with served(package, "--workers", "2") as server:
        connections = [server.connect() for _ in range(16)]
        for connection in connections:
            connection.request("POST", "/invocations", BODY, {"Content-Type": JSON})
        assert [each.getresponse().status for each in connections] == [200] * 16
        for connection in connections:
            connection.close()
        _, content = server.answer("GET", "/metrics")
        line = 'stagebook_requests_total{route="/invocations",status="200"} 16.0'
        assert line in content.decode().splitlines()
        server.process.terminate()
        assert server.process.wait() == Exit.DONE


def test_a_port_in_use_is_a_problem_of_the_environment(package: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        code, values = typed(str(package), *POLICY, "--port", port)
    assert (code, codes(values)) == (Exit.ENVIRONMENT, ["port-in-use"])


def test_a_package_that_fails_its_gate_opens_no_port(package: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    code, values = typed(str(package), "--attestation", "refuse", "--port", str(port))
    assert code == Exit.UNFIT
    assert codes(values)
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port))


def test_no_package_is_invalid(tmp_path: Path) -> None:
    code, values = typed(str(tmp_path / "nothing"), "--port", "0")
    assert (code, codes(values)) == (Exit.INVALID, ["no-package"])


@pytest.mark.parametrize(
    "words",
    [
        ("--check", "--load"),
        ("--check", "--soak"),
        ("--load", "5", "--soak"),
        ("--seconds", "5"),
        ("--check", "--seconds", "5"),
        ("--soak", "--p99", "5"),
        ("--load=fast",),
        ("--load", "-1"),
    ],
)
def test_tests_that_do_not_go_together_are_refused(words: tuple[str, ...]) -> None:
    result = CliRunner().invoke(main, ["serve", "package", *words])
    assert result.exit_code == Exit.USAGE


def test_a_number_after_load_is_the_rate_and_not_the_package() -> None:
    assert CliRunner().invoke(main, ["serve", "--load", "50"]).exit_code == Exit.USAGE


def test_check_prints_each_check(package: Path) -> None:
    result = CliRunner().invoke(main, ["serve", str(package), *POLICY, "--check"])
    lines = result.output.splitlines()
    assert result.exit_code == Exit.DONE
    assert lines[0].startswith("duration")
    assert "✓ golden rows as CSV" in lines
    assert [line for line in lines if line.startswith("✗")] == []


def test_check_of_a_package_that_fails_its_gate_ends_with_its_problems(package: Path) -> None:
    code, values = tried(str(package), "--attestation", "refuse", "--check")
    assert code == Exit.UNFIT
    assert codes(values)


@pytest.mark.parametrize(
    ("words", "rate"),
    [
        (("package", "--load"), 0.0),
        (("--load", "package"), 0.0),
        (("--load", "--json", "package"), 0.0),
        (("--load", "--", "--load"), 0.0),
        (("package", "--load", "50"), 50.0),
        (("--load", "50", "package"), 50.0),
        (("--load=50", "package"), 50.0),
        (("--load", "50", "./50"), 50.0),
    ],
)
def test_the_word_after_load_is_the_rate_only_if_it_is_a_number(
    words: tuple[str, ...], rate: float
) -> None:
    parsed = serve.make_context("serve", list(words)).params
    package = words[0] if words[0] == "package" else words[-1]
    assert (parsed["load"], parsed["package"]) == (rate, package)


def test_a_load_at_a_rate_is_measured(package: Path) -> None:
    words = (str(package), *POLICY, "--load", "50", "--seconds", "0.5", "--p99", "60000")
    code, values = tried(*words)
    assert (code, values["holds"], values["highest"]) == (Exit.DONE, True, 50)
    (rate,) = values["rates"]
    assert (rate["rate"], rate["requests"], rate["errors"]) == (50, 25, {})
    assert 0 < rate["p50"] <= rate["p99"] <= rate["p99.9"]
    assert rate["memory"] > 10_000_000


def test_a_search_fails_if_no_rate_holds_the_limit(package: Path) -> None:
    words = ("--load", str(package), *POLICY, "--seconds", "0.1", "--p99", "0.001")
    code, values = tried(*words)
    assert (code, values["holds"], values["highest"]) == (Exit.UNFIT, False, None)
    assert [rate["rate"] for rate in values["rates"]][:4] == [32, 32, 16, 16]


def test_a_soak_test_of_the_server_passes(package: Path) -> None:
    code, values = tried(str(package), *POLICY, "--soak", "--seconds", "1")
    assert (values["handles"]["grows"], values["errors"]) == (False, {})
    assert (values["memory"]["grows"], values["holds"], code) == (False, True, Exit.DONE)
