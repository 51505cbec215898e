"""A connection that no slow client can hold open."""

import asyncio
import functools
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

_MOST_HEADERS = 64_000  # bytes


class BoundedConnection(HttpToolsProtocol):
    """uvicorn's connection, with bounds on headers and on the time to read an answer.

    uvicorn bounds the time between two requests. It waits for ever for headers that have begun,
    and for a client that does not read, and keeps headers of any length.

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
        """Refuses headers that are too long."""
        super().data_received(data)
        if self._headers_timer is None:
            self._headers_size = 0
            return
        self._headers_size += len(data)
        if self._headers_size > _MOST_HEADERS and not self.transport.is_closing():
            self.send_400_response("The headers of the request are too long.")

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
