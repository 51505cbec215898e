"""Every answer of a server is as its own description says, with no key more and none less."""

import http.client
import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import served_packages
from clients import JSON, TRIP, Client, Reply
from described import described
from servers import Serve

from stagebook.serving.options import Limits, LogOptions

TOKEN = "a-token-of-some-length"
BEARER = {"Authorization": f"Bearer {TOKEN}"}
PREDICTIONS = ["/invocations", "/predict"]


@pytest.fixture(scope="module")
def guarded(serve: Serve) -> Iterator[Client]:
    """A server that asks for a token and takes few, small, quick requests."""
    limits = Limits(body=2_000, rows=2, sending=0.5)
    with serve(token=TOKEN, limits=limits) as client:
        yield client


@pytest.mark.parametrize("path", PREDICTIONS)
def test_predictions_are_described(client: Client, path: str) -> None:
    reply = client.predict(TRIP, {**TRIP, "stops": 20}, path=path)
    assert reply.status == 200
    described(client, reply, path)


@pytest.mark.parametrize("path", PREDICTIONS)
@pytest.mark.parametrize(
    ("body", "media_type", "status"),
    [
        (b"{", JSON, 400),
        (b"{}", "text/plain", 415),
        (json.dumps({"dataframe_records": [{**TRIP, "stops": 21}, {"citty": 1}]}), JSON, 422),
        (json.dumps({"dataframe_records": [TRIP] * 3}), JSON, 413),
        (b" " * 2_001, JSON, 413),
    ],
)
def test_refusals_are_described(
    guarded: Client, path: str, body: bytes | str, media_type: str, status: int
) -> None:
    reply = guarded.post(path, body, media_type, **BEARER)
    assert reply.status == status
    described(guarded, reply, path, **BEARER)


def test_a_model_that_fails_is_described(serve: Serve, tmp_path: Path) -> None:
    uncontrolled = served_packages.write(tmp_path, contract=None)
    with serve(package=str(uncontrolled)) as client:
        for path in PREDICTIONS:
            reply = client.predict({**TRIP, "city": "Rome"}, path=path)
            assert reply.status == 500
            described(client, reply, path)


@pytest.mark.parametrize("path", PREDICTIONS)
def test_a_slow_body_and_a_missing_token_are_described(guarded: Client, path: str) -> None:
    reply = guarded.post(path, b"{}")
    assert reply.status == 401
    described(guarded, reply, path, **BEARER)
    connection = guarded.connect()
    connection.putrequest("POST", path)
    for name, value in {**BEARER, "Content-Type": JSON, "Content-Length": "10"}.items():
        connection.putheader(name, value)
    connection.endheaders(b"{")
    reply = received(connection)
    assert reply.status == 408
    described(guarded, reply, path, **BEARER)


def received(connection: http.client.HTTPConnection) -> Reply:
    response = connection.getresponse()
    names = {name.lower(): value for name, value in response.getheaders()}
    reply = Reply(response.status, names, response.read())
    connection.close()
    return reply


@pytest.mark.parametrize("path", PREDICTIONS)
@pytest.mark.parametrize(
    ("limits", "status"), [(Limits(waiting=0), 503), (Limits(deadline=0.0), 504)]
)
def test_a_busy_server_is_described(serve: Serve, path: str, limits: Limits, status: int) -> None:
    with serve(limits=limits) as client:
        reply = client.predict(TRIP, path=path)
        assert reply.status == status
        described(client, reply, path)


@pytest.mark.parametrize("path", ["/ping", "/health", "/version", "/metrics", "/openapi.json"])
def test_the_other_routes_are_described(guarded: Client, path: str) -> None:
    reply = guarded.get(path, **BEARER)
    assert reply.status == 200
    described(guarded, reply, path, **BEARER)
    reply = guarded.get(path)
    assert reply.status == (401 if path in ("/metrics", "/openapi.json") else 200)
    described(guarded, reply, path, **BEARER)


def test_the_health_of_all_parts_is_described(
    serve: Serve, package: Path, other_package: Path, tmp_path: Path
) -> None:
    followed = tmp_path / "followed"
    shutil.copytree(other_package, followed)
    options = {
        "log": LogOptions(tmp_path / "log"),
        "shadow": str(other_package),
        "follow": str(followed),
    }
    with serve(**options) as client:
        waited(client, lambda health: health["replacement"] is not None)
        health = client.get("/health")
        assert health.values["log"] is not None
        assert health.values["challenger"] is not None
        assert health.values["replacement"]["digest"] is not None
        described(client, health, "/health")


def waited(client: Client, holds: Callable[[Any], bool]) -> None:
    while not holds(client.get("/health").values):
        pass  # at most for two seconds


def test_a_server_that_must_not_answer_is_described(serve: Serve, tmp_path: Path) -> None:
    with serve(log=LogOptions(tmp_path / "log", on_full="stop")) as client:
        assert client.predict(TRIP).status == 200
        (tmp_path / "log").rename(tmp_path / "gone")
        (tmp_path / "log").write_text("no folder")
        client.predict(TRIP)
        waited(client, lambda health: health["status"] == "stopped")
        for path in ("/health", "/ping"):
            reply = client.get(path)
            assert reply.status == 503
            described(client, reply, path)
        for path in PREDICTIONS:
            reply = client.predict(TRIP, path=path)
            assert (reply.status, reply.codes) == (503, ["log-full"])
            described(client, reply, path)
