"""A slow client holds nothing."""

import json
import socket

import pytest
from clients import TRIP, Client
from servers import Serve

from stagebook.serving.options import Limits


def raw(client: Client) -> socket.socket:
    """A connection without HTTP."""
    return socket.create_connection((client.host, client.port), timeout=60)


def received(connection: socket.socket) -> bytes:
    """Everything until the server closes the connection."""
    parts = []
    try:
        while part := connection.recv(65536):
            parts.append(part)
    except ConnectionResetError:
        pass
    return b"".join(parts)


def send_without_reading(connection: socket.socket, request: bytes) -> None:
    """Sends more requests than the buffers of both sides hold answers."""
    for _ in range(1000):
        connection.sendall(request)


def head(length: int) -> bytes:
    lines = ["POST /invocations HTTP/1.1", "Host: x", "Content-Type: application/json"]
    return "\r\n".join([*lines, f"Content-Length: {length}", "", ""]).encode()


def test_headers_that_do_not_come_end_the_connection(serve: Serve) -> None:
    with serve(limits=Limits(sending=0.2)) as client:
        for begun in (b"", b"POST /invocations HTTP/1.1\r\nHost: x\r\n"):
            with raw(client) as connection:
                connection.sendall(begun)
                assert received(connection) == b""
        assert client.predict(TRIP).status == 200


def test_a_body_that_does_not_come_is_refused(serve: Serve) -> None:
    with serve(limits=Limits(sending=0.2)) as client, raw(client) as connection:
        connection.sendall(head(100) + b"{")
        assert received(connection).startswith(b"HTTP/1.1 408")
        assert client.predict(TRIP).status == 200


def test_headers_that_never_end_are_refused(client: Client) -> None:
    with raw(client) as connection:
        connection.sendall(b"POST /invocations HTTP/1.1\r\nHost: x\r\nX: ")
        try:
            for _ in range(100):
                connection.sendall(b"x" * 10_000)
        except (BrokenPipeError, ConnectionResetError):
            pass
        assert received(connection)[:12] in (b"", b"HTTP/1.1 400")
    assert client.predict(TRIP).status == 200


def test_a_client_that_never_reads_is_disconnected(serve: Serve) -> None:
    rows = json.dumps({"dataframe_records": [TRIP] * 5_000}).encode()
    with serve(limits=Limits(reading=0.2)) as client, raw(client) as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        with pytest.raises((BrokenPipeError, ConnectionResetError)):
            send_without_reading(connection, head(len(rows)) + rows)
        assert client.predict(TRIP).status == 200


def test_a_client_that_goes_away_is_no_failure(client: Client) -> None:
    body = json.dumps({"dataframe_records": [TRIP]}).encode()
    for length in (len(body), len(body) + 10):
        with raw(client) as connection:
            connection.sendall(head(length) + body)
    assert client.predict(TRIP).status == 200
    metrics = client.get("/metrics").content.decode()
    assert 'status="500"' not in metrics


def answers(connection: socket.socket) -> list[int]:
    """The statuses of all answers until the server closes the connection."""
    return [int(part[:3]) for part in received(connection).split(b"HTTP/1.1 ")[1:]]


def trip() -> bytes:
    return json.dumps({"dataframe_records": [TRIP]}).encode()


def test_a_client_that_has_closed_its_side_gets_its_answer(client: Client) -> None:
    with raw(client) as connection:
        connection.sendall(head(len(trip())) + trip())
        connection.shutdown(socket.SHUT_WR)
        assert answers(connection) == [200]


@pytest.mark.parametrize("together", [True, False])
def test_the_offer_of_another_protocol_is_ignored(client: Client, together: bool) -> None:
    offer = b"Connection: Upgrade, HTTP2-Settings\r\nUPGRADE : h2c\r\nHTTP2-Settings: AAQ\r\n\r\n"
    begun = head(len(trip()))[:-2] + offer
    with raw(client) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        parts = [begun + trip()] if together else [begun, trip()]
        for part in parts:
            connection.sendall(part)
        connection.shutdown(socket.SHUT_WR)
        assert answers(connection) == [200]


def test_a_body_that_speaks_of_an_upgrade_is_left_alone(client: Client) -> None:
    body = b"city,stops,km,express\r\nupgrade: h2c,1,2,true"
    reply = client.post("/invocations", body, "text/csv")
    assert (reply.status, reply.codes) == (422, ["out-of-contract"])
    assert "upgrade: h2c" in reply.values["detail"]


def test_a_large_body_and_the_begin_of_the_next_request_are_both_answered(
    client: Client,
) -> None:
    rows = json.dumps({"dataframe_records": [TRIP] * 1_000}).encode()
    second = head(len(trip())) + trip()
    with raw(client) as connection:
        connection.sendall(head(len(rows)))
        connection.sendall(rows + second[:30])
        connection.sendall(second[30:])
        connection.shutdown(socket.SHUT_WR)
        assert answers(connection) == [200, 200]


def test_bytes_that_are_not_http_are_answered_with_problem_details(client: Client) -> None:
    with raw(client) as connection:
        connection.sendall(b"GET\r\n\r\n")
        head_, _, body = received(connection).partition(b"\r\n\r\n")
    assert head_.startswith(b"HTTP/1.1 400")
    assert [item["code"] for item in json.loads(body)["errors"]] == ["bad-http"]
