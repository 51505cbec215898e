"""Answers compared with a server's own description."""

from typing import Any

import jsonschema
from clients import Client, Reply


def closed(value: Any) -> Any:
    """A schema in which no object may have a property that is not listed."""
    if isinstance(value, list):
        return [closed(item) for item in value]
    if not isinstance(value, dict):
        return value
    schema = {name: closed(item) for name, item in value.items()}
    is_object = isinstance(value.get("properties"), dict) and "required" in value
    return {**schema, "additionalProperties": False} if is_object else schema


def described(client: Client, reply: Reply, path: str, **headers: str) -> None:
    """Fails if an answer is not as the server describes it.

    Args:
        client: The server.
        reply: Its answer.
        path: The path of the request.
        headers: Headers of the request for the description.
    """
    document = client.get("/openapi.json", **headers).values
    (operation,) = document["paths"][path].values()
    response = operation["responses"][str(reply.status)]
    media_type = reply.headers["content-type"].partition(";")[0]
    assert list(response["content"]) == [media_type]
    schema = response["content"][media_type]["schema"]
    value = reply.content.decode() if media_type == "text/plain" else reply.values
    whole = {**closed(schema), "components": closed(document["components"])}
    jsonschema.Draft202012Validator(whole).validate(value)
    for name in response.get("headers", {}):
        assert reply.headers[name.lower()]
