"""Linux asks the guard about the connections of a process and its children."""

import socket
import struct
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stagebook.execution import connections, landlock, network

PROGRAM = """
import json, os, socket, sys
from stagebook.execution import connections, landlock
from stagebook.execution.surroundings import Surroundings

class Notes(list):
    def note(self, kind, path):
        os.write(1, f"{kind} {path}\\n".encode())

strict = sys.argv[1] == "strict"
own, guards = socket.socketpair()
child = os.fork()
if child:
    own.close()
    connections.Watch(Surroundings((), (), strict=strict), Notes()).start(guards)
    os.waitpid(child, 0)
    os._exit(0)
questions = connections.listen()
socket.send_fds(own, [b"q"], [questions])
for host, port, kind in (("192.0.2.1", 7, "dgram"), ("127.0.0.1", 7, "dgram")):
    with socket.socket(type=socket.SOCK_DGRAM) as udp:
        try:
            udp.connect((host, port))
            answer = "done"
        except OSError as error:
            answer = type(error).__name__
    os.write(1, f"{host} {answer}\\n".encode())
os._exit(0)
"""

CLOSED = """
import socket
from stagebook.execution import landlock
server = socket.create_server(("127.0.0.1", 0))
landlock.close_network()
open("/dev/null").close()
try:
    socket.create_connection(server.getsockname())
except PermissionError:
    print("refused")
"""


UNWATCHED = """
import socket, sys
from stagebook.execution import connections, launcher
from stagebook.execution.surroundings import Surroundings

connections.listen = lambda: None  # as where seccomp is not allowed
server = socket.create_server(("127.0.0.1", 0))
own, guards = socket.socketpair()
launcher._watch_connections(own, Surroundings((), (), strict=sys.argv[1] == "strict"))
print(socket.recv_fds(guards, 1, 1)[1])
try:
    socket.create_connection(server.getsockname())
    print("done")
except PermissionError:
    print("refused")
"""


def output(program: str, *words: str) -> list[str]:
    ran = subprocess.run(
        [sys.executable, "-c", program, *words], capture_output=True, text=True, check=True
    )
    return ran.stdout.splitlines()


@pytest.mark.skipif(sys.platform != "linux", reason="seccomp is Linux's")
@pytest.mark.parametrize(("mode", "answer"), [("strict", "PermissionError"), ("open", "done")])
def test_a_connection_that_leaves_the_machine_is_noted_and_refused_if_strict(
    mode: str, answer: str
) -> None:
    expected = ["connected 192.0.2.1:7", f"192.0.2.1 {answer}", "127.0.0.1 done"]
    lines = output(PROGRAM, mode)
    assert [line.replace("OSError", "done") for line in lines] == expected


@pytest.mark.skipif(not landlock.can_close_network(), reason="Landlock has no rules for it")
def test_landlock_closes_tcp_even_to_this_machine_and_leaves_files_open() -> None:
    assert output(CLOSED) == ["refused"]


@pytest.mark.skipif(not landlock.can_close_network(), reason="Landlock has no rules for it")
def test_where_the_guard_cannot_be_asked_landlock_closes_tcp_to_a_strict_stage() -> None:
    assert output(UNWATCHED, "strict") == ["[]", "refused"]
    assert output(UNWATCHED, "open") == ["[]", "done"]


def test_a_kernel_without_rules_for_the_network_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(landlock, "version", lambda: 3)
    assert not landlock.can_close_network()
    with pytest.raises(OSError, match="no rules for the network"):
        landlock.close_network()


@given(st.ip_addresses(v=4), st.integers(1, 65535))
def test_an_address_is_parsed_from_the_bytes_of_the_system(address: object, port: int) -> None:
    packed = struct.pack("=H", socket.AF_INET) + struct.pack("!H", port)
    packed += socket.inet_aton(str(address)) + bytes(8)
    assert connections.parse(packed) == (str(address), port)
    assert connections.parse(packed[:5]) is None


def test_an_address_of_another_family_is_not_one_of_the_internet() -> None:
    unix = struct.pack("=H", socket.AF_UNIX) + b"/run/x.sock\0"
    assert connections.parse(unix) is None
    six = struct.pack("=H", socket.AF_INET6) + struct.pack("!H", 443) + bytes(4)
    six += socket.inet_pton(socket.AF_INET6, "2001:db8::1") + bytes(4)
    assert connections.parse(six) == ("2001:db8::1", 443)
    assert network.target("2001:db8::1", 443) == "[2001:db8::1]:443"


@pytest.mark.parametrize(
    "host",
    [
        *("", None, "localhost", "LOCALHOST.", b"localhost", "a.localhost", "127.0.0.1"),
        *("127.8.9.1", "127.1", "::1", "::ffff:127.0.0.1", "0.0.0.0", "::"),
        socket.gethostname(),
    ],
)
def test_this_machine_is_not_the_network(host: object) -> None:
    assert not network.leads_out(host, 80, ())
    assert network.leads_out(host, 80, (80,))


@pytest.mark.parametrize(
    "host", ["example.org", "10.0.0.1", "192.168.1.1", "::ffff:10.0.0.1", "fe80::1%eth0", "8.8"]
)
def test_another_machine_is_the_network(host: str) -> None:
    assert network.leads_out(host, 80, ())


def test_proxies_on_this_machine_are_known_by_their_variables() -> None:
    environment = {
        "HTTP_PROXY": "http://user:pass@localhost:3128",
        "https_proxy": "127.0.0.1:3129",
        "all_proxy": "socks5://proxy.example.org:1080",
        "ftp_proxy": "http://localhost:port",
        "OTHER": "http://localhost:1",
    }
    assert network.local_proxies(environment) == (3128, 3129)
