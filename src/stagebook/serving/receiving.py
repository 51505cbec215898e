"""The body of a request, with bounds on its size and on the time to send it."""

import asyncio

from starlette.requests import ClientDisconnect
from starlette.types import Receive

from stagebook.serving.refusal import Refusal, RequestProblem


async def body_of(receive: Receive, length: bytes | None, limit: int, seconds: float) -> bytes:
    """The whole body of a request.

    Args:
        receive: Gives the parts of the body.
        length: Its header ``Content-Length``.
        limit: Bytes that it may have.
        seconds: Time that the client has to send it.

    Raises:
        Refusal: It is too large (413), or was not sent in time (408).
        ClientDisconnect: The client is gone.
    """
    if length is not None and length.isdigit() and int(length[:20]) > limit:
        raise _too_large(limit)
    try:
        async with asyncio.timeout(seconds):
            return await _whole(receive, limit)
    except TimeoutError:
        message = f"The body of the request was not sent within {seconds:g} seconds."
        close = {"Connection": "close"}
        raise Refusal(408, RequestProblem("slow-request", message), headers=close) from None


async def _whole(receive: Receive, limit: int) -> bytes:
    parts: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        part: bytes = message.get("body", b"")
        size += len(part)
        if size > limit:
            raise _too_large(limit)
        parts.append(part)
        if not message.get("more_body", False):
            return b"".join(parts)


def _too_large(limit: int) -> Refusal:
    message = f"The body of the request is larger than {limit:,} bytes."
    problem = RequestProblem("too-large", message, "Send fewer rows in one request.")
    return Refusal(413, problem, headers={"Connection": "close"})


__all__ = ["ClientDisconnect", "body_of"]
