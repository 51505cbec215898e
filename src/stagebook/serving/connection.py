"""A connection that no slow client can hold open."""

import asyncio
import functools
import re
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from stagebook.serving import problem_details
from stagebook.serving.refusal import Refusal, RequestProblem

_MOST_HEADERS = 64_000  # bytes
_END = b"\r\n\r\n"
_UPGRADE = re.compile(rb"\r\nupgrade[ \t]*:", re.IGNORECASE)


class BoundedConnection(HttpToolsProtocol):
    """uvicorn's connection, with bounds on headers and on the time to read an answer.

    uvicorn bounds the time between two requests. It waits for ever for headers that have begun,
    and for a client that does not read, and keeps headers of any length. It also drops the body
    of a request that offers another protocol, as Java's client does, and does not answer a client
    that has closed its side after it sent a request.

    Args:
        arguments: Those of uvicorn's connection.
        sending: Seconds that a client has to send its headers.
        reading: Seconds that a client has to read some of its answer.
        options: Further options of uvicorn's connection.
    """

    def __init__(
        self, *arguments: Any, sending: float = 10.0, reading: float = 30.0, **options: Any
    ) -> None:
        super().__init__(*arguments, **options)
        self.sending, self.reading = sending, reading
        self._headers_timer: asyncio.TimerHandle | None = None
        self._headers_size = 0
        self._reading_timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: Any) -> None:
        """Starts the clock for the headers."""
        super().connection_made(transport)
        self._headers_timer = self.loop.call_later(self.sending, self._abort)

    def data_received(self, data: bytes) -> None:
        """Refuses headers that are too long, and takes the offer of another protocol out."""
        going_on = self._headers_timer is not None
        if going_on or self.cycle is None or not self.cycle.more_body:
            head, end, rest = data.partition(_END)
            data = _UPGRADE.sub(b"\r\nX-Upgrade:", head) + end + rest
        super().data_received(data)
        if self._headers_timer is None or not going_on:
            self._headers_size = 0
            return
        self._headers_size += len(data)
        if self._headers_size > _MOST_HEADERS and not self.transport.is_closing():
            self.send_400_response("The headers of the request are too long.")

    def eof_received(self) -> bool:  # type: ignore[override]  # asyncio asks for it
        """Keeps the connection for the answer to a request that has been received."""
        cycle = self.cycle
        if cycle is None or cycle.response_complete or cycle.more_body:
            return False
        cycle.keep_alive = False
        return True

    def send_400_response(self, msg: str) -> None:
        """Answers what is not HTTP with problem details."""
        content = problem_details.render(Refusal(400, RequestProblem("bad-http", msg)))
        head = (
            "HTTP/1.1 400 Bad Request\r\n"
            f"Content-Type: {problem_details.MEDIA_TYPE}\r\n"
            f"Content-Length: {len(content)}\r\nConnection: close\r\n\r\n"
        )
        self.transport.write(head.encode() + content)
        self.transport.close()

    def on_message_begin(self) -> None:
        """Starts the clock for the headers of a further request."""
        super().on_message_begin()
        if self._headers_timer is None:
            self._headers_timer = self.loop.call_later(self.sending, self._abort)

    def on_headers_complete(self) -> None:
        """Stops the clock."""
        self._stop_headers_timer()
        super().on_headers_complete()

    def pause_writing(self) -> None:
        """Starts the clock for a client that does not read."""
        super().pause_writing()
        self._reading_timer = self.loop.call_later(self.reading, self._abort)

    def resume_writing(self) -> None:
        """Stops the clock."""
        self._stop_reading_timer()
        super().resume_writing()

    def connection_lost(self, exc: Exception | None) -> None:
        """Stops both clocks."""
        self._stop_headers_timer()
        self._stop_reading_timer()
        super().connection_lost(exc)

    def _stop_headers_timer(self) -> None:
        if self._headers_timer is not None:
            self._headers_timer.cancel()
            self._headers_timer = None

    def _stop_reading_timer(self) -> None:
        if self._reading_timer is not None:
            self._reading_timer.cancel()
            self._reading_timer = None

    def _abort(self) -> None:
        self.transport.abort()


def bounded(sending: float, reading: float) -> Any:
    """What makes connections with these bounds, in seconds; it can be sent to another process."""
    return functools.partial(BoundedConnection, sending=sending, reading=reading)
