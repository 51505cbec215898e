"""The test of a deployment: golden rows over HTTP in each format, and requests to refuse."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pandas as pd

from stagebook.serving import answers, requests
from stagebook.serving.input import body
from stagebook.serving.served_model import ServedModel
from stagebook.serving.testing.http_client import Answer, Connection, request
from stagebook.serving.testing.running import RunningServer


@dataclass(frozen=True, slots=True)
class DeploymentCheck:
    """One check of a server.

    Attributes:
        name: What was checked.
        problem: What is wrong; empty if nothing is.
    """

    name: str
    problem: str = ""


async def check(
    server: RunningServer, served: ServedModel, token: str | None
) -> list[DeploymentCheck]:
    """Checks a server of a package.

    Args:
        server: The server.
        served: The package, opened here.
        token: The token that the server asks for.
    """
    connection = Connection(server.host, server.port)

    async def send(content: bytes, media_type: str, with_token: str | None = token) -> Answer:
        return await connection.send(request("/invocations", content, media_type, with_token))

    checks = []
    for rows in requests.every_format(served.golden.inputs):
        answer = await send(rows.content, rows.media_type)
        checks.append(DeploymentCheck(f"golden rows as {rows.name}", _difference(served, answer)))
    for name, media_type, content, status in _refusals(served):
        answer = await send(content, media_type)
        checks.append(DeploymentCheck(f"{name} is refused", _other_status(answer, status)))
    if token:
        answer = await send(b"{}", body.JSON, None)
        checks.append(DeploymentCheck("no token is refused", _other_status(answer, 401)))
    for path in ("/ping", "/health", "/version", "/metrics", "/openapi.json"):
        answer = await connection.send(request(path, token=token))
        checks.append(DeploymentCheck(f"GET {path}", _other_status(answer, 200)))
    connection.close()
    return checks


def _refusals(served: ServedModel) -> Iterator[tuple[str, str, bytes, int]]:
    """What must be refused: its name, its media type, its bytes, the status."""
    (record,) = answers.records(served.golden.inputs.head(1))
    changes: dict[str, Callable[[dict[str, object]], object]] = {
        "a missing column": lambda values: values.pop(served.features[0]),
        "an unknown column": lambda values: values.update(unknown_column=1),
    }
    yield "an empty body", body.JSON, b"", 400
    yield "a body that is no JSON", body.JSON, b"{", 400
    yield "another type of content", "text/plain", b"1", 415
    for name, change in changes.items():
        changed = dict(record)
        change(changed)
        yield name, body.JSON, json.dumps({"dataframe_records": [changed]}).encode(), 422


def _difference(served: ServedModel, answer: Answer) -> str:
    if answer.status != 200:
        return _other_status(answer, 200)
    rows = json.loads(answer.content)["predictions"]
    names = list(served.golden.outputs.columns)
    predictions = pd.DataFrame(rows, columns=names)
    return "; ".join(problem.message for problem in served.golden.differences(predictions))


def _other_status(answer: Answer, status: int) -> str:
    if answer.status == status:
        return ""
    content = answer.content[:300].decode("utf-8", "replace")
    return f"The answer has the status {answer.status} instead of {status}: {content}"
