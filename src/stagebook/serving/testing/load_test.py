"""An open-loop load test: requests are sent when they are due, whether or not others were answered.

A closed loop waits for an answer before it sends the next request, so a server that stalls gets
fewer requests and looks fast ("coordinated omission"). Here each request has a time at which it is
due, and its latency counts from that time.
"""

import asyncio
import math
from collections.abc import Sequence
from dataclasses import dataclass

from stagebook.serving.testing.http_client import Connection
from stagebook.serving.testing.running import RunningServer

_MOST_CONNECTIONS = 64
_PATIENCE = 10.0  # seconds in which the last answers must arrive
_FIRST_RATE = 32.0
_STEPS = 4  # of bisection


@dataclass(frozen=True, slots=True)
class LoadResult:
    """What came of sending requests at a rate.

    Attributes:
        rate: Requests that were due in a second.
        answered: Requests that were answered with 200 in a second.
        latencies: Seconds from when each of these was due to its answer, sorted.
        errors: How many requests ended otherwise, by status or by kind of failure.
        memory: Bytes of memory of the server at the end.
    """

    rate: float
    answered: float
    latencies: Sequence[float]
    errors: dict[str, int]
    memory: int

    def percentile(self, share: float) -> float:
        """The latency that a share of the answers did not exceed; infinite without any."""
        if not self.latencies:
            return math.inf
        return self.latencies[min(len(self.latencies) - 1, int(share * len(self.latencies)))]

    def holds(self, seconds: float) -> bool:
        """Whether nothing failed and 99 of 100 answers took no longer than this."""
        return not self.errors and self.percentile(0.99) <= seconds


class _Load:
    """Requests under way, and what came of those before."""

    def __init__(self, server: RunningServer) -> None:
        self.latencies: list[float] = []
        self.errors: dict[str, int] = {}
        self._connections = [Connection(server.host, server.port) for _ in range(_MOST_CONNECTIONS)]
        self._free: asyncio.LifoQueue[Connection] = asyncio.LifoQueue()
        for connection in self._connections:
            self._free.put_nowait(connection)

    async def send(self, content: bytes, due: float) -> None:
        """Sends a request when a connection is free; its latency counts from when it was due."""
        connection = await self._free.get()
        try:
            kind = str((await connection.send(content)).status)
        except (OSError, ValueError) as error:
            kind = type(error).__name__
        finally:
            self._free.put_nowait(connection)
        if kind == "200":
            self.latencies.append(asyncio.get_running_loop().time() - due)
        else:
            self.errors[kind] = self.errors.get(kind, 0) + 1

    async def finish(self, tasks: Sequence["asyncio.Task[None]"]) -> None:
        """Waits for the last answers, and closes the connections."""
        _, late = await asyncio.wait(tasks, timeout=_PATIENCE)
        for task in late:
            task.cancel()
        if late:
            self.errors["not answered"] = len(late)
            await asyncio.wait(late)
        for connection in self._connections:
            connection.close()


async def measure(
    server: RunningServer, requests: Sequence[bytes], rate: float, seconds: float
) -> LoadResult:
    """Sends requests at a rate for some seconds.

    Args:
        server: The server.
        requests: Requests, which are sent in turn.
        rate: Requests per second.
        seconds: For how long.
    """
    loop = asyncio.get_running_loop()
    load, tasks, start = _Load(server), [], loop.time()
    for number in range(max(1, round(rate * seconds))):
        due = start + number / rate
        if (wait := due - loop.time()) > 0:
            await asyncio.sleep(wait)
        tasks.append(loop.create_task(load.send(requests[number % len(requests)], due)))
    await load.finish(tasks)
    answered = len(load.latencies) / (loop.time() - start)
    return LoadResult(rate, answered, sorted(load.latencies), load.errors, server.memory)


async def highest_rate(
    server: RunningServer, requests: Sequence[bytes], p99: float, seconds: float
) -> list[LoadResult]:
    """Looks for the highest rate at which 99 of 100 answers take no longer than this.

    The rate is doubled until it does not hold, and then halved in between.

    Args:
        server: The server.
        requests: Requests, which are sent in turn.
        p99: Seconds.
        seconds: For how long each rate is tried.

    Returns:
        What came of each rate, in the order of the tries.
    """
    results = [await measure(server, requests, _FIRST_RATE, seconds)]
    while results[-1].holds(p99):
        results.append(await measure(server, requests, results[-1].rate * 2, seconds))
    above = results[-1].rate
    below = results[-2].rate if len(results) > 1 else 0.0
    for _ in range(_STEPS):
        results.append(await measure(server, requests, (above + below) / 2, seconds))
        if results[-1].holds(p99):
            below = results[-1].rate
        else:
            above = results[-1].rate
    return results
