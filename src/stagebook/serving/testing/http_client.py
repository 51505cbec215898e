"""A connection that sends requests one after the other, as cheaply as Python can.

A load test measures the server, not its client, so it needs no more than this of HTTP.
"""

import asyncio
import contextlib
from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Answer:
    """What a server answered.

    Attributes:
        status: The status.
        headers: The headers, with names in lower case.
        content: The body.
    """

    status: int
    headers: Mapping[str, str]
    content: bytes


class Connection:
    """A connection that stays open; it is opened again when the server has closed it.

    Args:
        host: The server's address.
        port: The server's port.
    """

    def __init__(self, host: str, port: int) -> None:
        self._host, self._port = host, port
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def send(self, request: bytes) -> Answer:
        """Sends a request that ``request`` made, and reads the answer.

        Raises:
            OSError: The server cannot be reached, or closed the connection.
            ValueError: The answer is not HTTP.
        """
        if self._streams and self._streams[0].at_eof():
            await self.close()
        if self._streams is None:
            self._streams = await asyncio.open_connection(self._host, self._port)
        reader, writer = self._streams
        try:
            writer.write(request)
            head = await reader.readuntil(b"\r\n\r\n")
            status, headers = _parsed(head)
            content = await reader.readexactly(int(headers.get("content-length", "0")))
        except (asyncio.IncompleteReadError, asyncio.LimitOverrunError) as error:
            await self.close()
            raise ConnectionResetError("the server closed the connection") from error
        except BaseException:
            await self.close()
            raise
        if headers.get("connection", "").lower() == "close":
            await self.close()
        return Answer(status, headers, content)

    async def close(self) -> None:
        """Closes the connection."""
        if self._streams:
            _, writer = self._streams
            self._streams = None
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()


def request(
    path: str, content: bytes = b"", media_type: str = "", token: str | None = None
) -> bytes:
    """The bytes of a request: a POST of some content, or a GET without any."""
    lines = [f"{'POST' if media_type else 'GET'} {path} HTTP/1.1", "Host: localhost"]
    if media_type:
        lines += [f"Content-Type: {media_type}", f"Content-Length: {len(content)}"]
    if token:
        lines.append(f"Authorization: Bearer {token}")
    return "\r\n".join([*lines, "", ""]).encode() + content


def _parsed(head: bytes) -> tuple[int, dict[str, str]]:
    first, *lines = head.decode("latin-1").split("\r\n")
    pairs = (line.partition(":") for line in lines if line)
    return int(first.split(" ", 2)[1]), {
        name.strip().lower(): value.strip() for name, _, value in pairs
    }
