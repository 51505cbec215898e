"""The test of a deployment: golden rows over HTTP in each format, and requests to refuse."""

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import pandas as pd

from stagebook.serving import answers, requests
from stagebook.serving.input import body
from stagebook.serving.testing.http_client import Answer, Connection, request
from stagebook.serving.testing.packaged_rows import PackagedRows
from stagebook.serving.testing.running import RunningServer

_NO_ANSWER = 0
_ROUTES = ("/ping", "/health", "/version", "/metrics", "/openapi.json")


@dataclass(frozen=True, slots=True)
class DeploymentCheck:
    """One check of a server.

    Attributes:
        name: What was checked.
        problem: What is wrong; empty if nothing is.
    """

    name: str
    problem: str = ""

    @property
    def holds(self) -> bool:
        """Whether nothing is wrong."""
        return not self.problem


async def check(
    server: RunningServer, rows: PackagedRows, token: str | None, row_limit: int
) -> list[DeploymentCheck]:
    """Checks a server of a package.

    Args:
        server: The server.
        rows: The golden rows of the package.
        token: The token that the server asks for.
        row_limit: Rows that one request may have.
    """
    caller = _Caller(server, token)
    health = await caller.get("/health")
    checks = [DeploymentCheck("the package", _other_package(rows, health)), *_store(health)]
    parts = [list(requests.every_format(part)) for part in rows.parts(row_limit)]
    for bodies in zip(*parts, strict=True):
        replies = [await caller.post(each.content, each.media_type) for each in bodies]
        name = f"golden rows as {bodies[0].name}"
        checks.append(DeploymentCheck(name, _difference(rows, replies)))
    for name, media_type, content, status in _refusals(rows):
        answer = await caller.post(content, media_type)
        checks.append(DeploymentCheck(f"{name} is refused", _other_status(answer, status)))
    if token:
        stranger = _Caller(server, None)
        answer = await stranger.post(b"{}", body.JSON)
        await stranger.close()
        checks.append(DeploymentCheck("no token is refused", _other_status(answer, 401)))
    gets = [(path, await caller.get(path)) for path in _ROUTES]
    checks += [DeploymentCheck(f"GET {path}", _other_status(reply, 200)) for path, reply in gets]
    await caller.close()
    return checks


class _Caller:
    """Sends requests over one connection; a failed connection is an answer without a status."""

    def __init__(self, server: RunningServer, token: str | None) -> None:
        self._connection, self._token = Connection(server.host, server.port), token

    async def get(self, path: str) -> Answer:
        return await self._sent(request(path, token=self._token))

    async def post(self, content: bytes, media_type: str) -> Answer:
        return await self._sent(request("/invocations", content, media_type, self._token))

    async def _sent(self, content: bytes) -> Answer:
        try:
            return await self._connection.send(content)
        except (OSError, ValueError) as error:
            return Answer(_NO_ANSWER, {}, str(error).encode())

    async def close(self) -> None:
        await self._connection.close()


def _refusals(rows: PackagedRows) -> Iterator[tuple[str, str, bytes, int]]:
    """What must be refused: its name, its media type, its bytes, the status."""
    (record,) = answers.records(rows.golden.inputs.head(1))
    first = rows.features[0]
    changes: dict[str, Callable[[dict[str, object]], object]] = {
        "a missing column": lambda values: values.pop(first),
        "an unknown column": lambda values: values.update({f"{first}_unknown": 1}),
        "an object as a value": lambda values: values.update({first: {"value": 1}}),
    }
    yield "an empty body", body.JSON, b"", 400
    yield "a body that is no JSON", body.JSON, b"{", 400
    yield "a repeated JSON key", body.JSON, b'{"instances": [], "instances": []}', 400
    yield "a number that is not finite", body.JSON, b'{"instances": [[Infinity]]}', 400
    yield "another type of content", "text/plain", b"1", 415
    for name, change in changes.items():
        changed = dict(record)
        change(changed)
        yield name, body.JSON, json.dumps({"dataframe_records": [changed]}).encode(), 422


def _other_package(rows: PackagedRows, answer: Answer) -> str:
    if problem := _other_status(answer, 200):
        return problem
    try:
        digest = json.loads(answer.content)["package"]["digest"]
    except (ValueError, KeyError, TypeError) as error:
        return f"/health does not name the package: {error!r}"
    same = digest == rows.digest
    return "" if same else f"The server has {digest[:16]}, the package is {rows.digest[:16]}."


def _store(answer: Answer) -> Iterator[DeploymentCheck]:
    """The check of the online store, which the server has verified; none without a store."""
    try:
        state = json.loads(answer.content)["online_store"]
    except (ValueError, KeyError, TypeError):
        return  # the check of the package says so
    if state is not None:
        yield DeploymentCheck("the online store", "" if state == "ok" else str(state))


def _difference(rows: PackagedRows, replies: Sequence[Answer]) -> str:
    """How the predictions in some answers differ from those that the package knows."""
    refused = next((answer for answer in replies if answer.status != 200), None)
    if refused:
        return _other_status(refused, 200)
    try:
        values = [row for answer in replies for row in json.loads(answer.content)["predictions"]]
        predictions = pd.DataFrame(values)
    except (ValueError, KeyError, TypeError) as error:
        return f"The answer has no predictions: {error!r}"
    outputs = pd.DataFrame(answers.records(rows.golden.outputs))  # as JSON has them
    known = replace(rows.golden, outputs=outputs)
    return " ".join(problem.message for problem in known.differences(predictions))


def _other_status(answer: Answer, status: int) -> str:
    if answer.status == status:
        return ""
    content = answer.content[:300].decode("utf-8", "replace")
    if answer.status == _NO_ANSWER:
        return f"The server did not answer: {content}"
    return f"The answer has the status {answer.status} instead of {status}: {content}"
