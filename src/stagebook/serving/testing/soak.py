"""A soak test: memory and open files of a server that answers for long must not grow."""

import asyncio
import contextlib
import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from stagebook.serving.testing import load_test
from stagebook.serving.testing.http_client import Connection
from stagebook.serving.testing.load_test import LoadResult
from stagebook.serving.testing.running import RunningServer

_SPANS = 10
_GROWTH = 0.02  # of the memory, from the second third of the time to the last
_LEAST = 8_000_000  # bytes that may come and go
_LOOKS, _PAUSE = 5, 0.02  # at what is open, since a server closes connections a little later
_FASTEST = 500.0  # requests in a second
_TRIED = 50  # requests


@dataclass(frozen=True, slots=True)
class SoakSpan:
    """A tenth of a soak test.

    Attributes:
        load: What came of its requests, and the memory after them.
        handles: Open files and connections after them.
    """

    load: LoadResult
    handles: int


@dataclass(frozen=True, slots=True)
class SoakResult:
    """What a server held while it answered.

    Attributes:
        spans: The tenths of the time.
    """

    spans: Sequence[SoakSpan]

    @property
    def memory(self) -> tuple[int, int]:
        """Bytes of memory in the third before the last, and in the last.

        The smallest value of a third counts: a leak raises it, and what comes and goes does not.
        """
        return _thirds([span.load.memory for span in self.spans])

    @property
    def handles(self) -> tuple[int, int]:
        """The same of open files and connections."""
        return _thirds([span.handles for span in self.spans])

    @property
    def memory_grows(self) -> bool:
        """Whether the memory of the last third is above that of the third before."""
        before, after = self.memory
        return after - before > max(_GROWTH * before, _LEAST)

    @property
    def handles_grow(self) -> bool:
        """The same of open files and connections."""
        before, after = self.handles
        return after > before

    @property
    def errors(self) -> dict[str, int]:
        """How many requests were not answered with 200, by status or kind of failure."""
        total: dict[str, int] = {}
        for span in self.spans:
            for kind, count in span.load.errors.items():
                total[kind] = total.get(kind, 0) + count
        return total

    @property
    def holds(self) -> bool:
        """Whether nothing grows and nothing failed."""
        return not (self.memory_grows or self.handles_grow or self.errors)


async def soak(
    server: RunningServer,
    requests: Sequence[bytes],
    seconds: float,
    report: Callable[[SoakSpan], None],
) -> SoakResult:
    """Sends requests for some seconds, at half the rate that one client can reach.

    Args:
        server: The server.
        requests: Requests, which are sent in turn.
        seconds: For how long.
        report: Called after each tenth of the time.
    """
    rate = await _half_of_one_client(server, requests)
    spans = []
    for _ in range(_SPANS):
        load = await load_test.measure(server, requests, rate, seconds / _SPANS)
        spans.append(SoakSpan(load, await _settled_handles(server)))
        report(spans[-1])
    return SoakResult(spans)


async def _half_of_one_client(server: RunningServer, requests: Sequence[bytes]) -> float:
    """Half of the rate of a client that waits for each answer."""
    connection, loop, times = Connection(server.host, server.port), asyncio.get_running_loop(), []
    for number in range(_TRIED):
        start = loop.time()
        with contextlib.suppress(OSError, ValueError):  # the spans count failures
            await connection.send(requests[number % len(requests)])
        times.append(loop.time() - start)
    await connection.close()
    return min(_FASTEST, 0.5 / statistics.median(times))


async def _settled_handles(server: RunningServer) -> int:
    looks = []
    for _ in range(_LOOKS):
        looks.append(server.handles)
        await asyncio.sleep(_PAUSE)
    return min(looks)


def _thirds(values: Sequence[int]) -> tuple[int, int]:
    """The smallest value of the second and of the last third."""
    third = len(values) // 3
    return min(values[-2 * third : -third]), min(values[-third:])
