"""An open-loop load test: requests are sent when they are due, whether or not others were answered.

A closed loop waits for an answer before it sends the next request, so a server that stalls gets
fewer requests and looks fast ("coordinated omission"). Here each request has a time at which it is
due, and its latency counts from that time.
"""

import asyncio
import math
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass

from stagebook.serving.testing.http_client import Connection
from stagebook.serving.testing.running import RunningServer

_MOST_CONNECTIONS = 64
_PATIENCE = 10.0  # seconds in which the last answers must arrive
_FIRST_RATE = 32.0
_TRIES = 2
_MOST_RATES = 16
_PRECISION = 0.1  # of the rate
_LOWEST_RATE = 1.0


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
        rank = math.ceil(round(share * len(self.latencies), 6))
        return self.latencies[max(rank, 1) - 1]

    def holds(self, seconds: float) -> bool:
        """Whether nothing failed and 99 of 100 answers took no longer than this."""
        return not self.errors and self.percentile(0.99) <= seconds


@dataclass(frozen=True, slots=True)
class LoadPlan:
    """What a load test does.

    Attributes:
        seconds: For how long each rate is tried.
        rate: Requests per second; None to look for the highest rate.
        p99: Seconds that 99 of 100 answers may take; None for no limit. A search needs it.
    """

    seconds: float
    rate: float | None = None
    p99: float | None = None


@dataclass(frozen=True, slots=True)
class LoadReport:
    """What a load test gave.

    Attributes:
        plan: What it did.
        results: What came of each rate, in the order of the tries.
    """

    plan: LoadPlan
    results: Sequence[LoadResult]

    @property
    def highest(self) -> float | None:
        """The highest rate that held the limit; None if there is no limit, or none held it."""
        limit = self.plan.p99
        if limit is None:
            return None
        return max((item.rate for item in self.results if item.holds(limit)), default=None)

    @property
    def holds(self) -> bool:
        """Whether a rate held the limit, or there is no limit."""
        return self.plan.p99 is None or self.highest is not None


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
            await connection.close()


async def run(
    server: RunningServer,
    requests: Sequence[bytes],
    plan: LoadPlan,
    report: Callable[[LoadResult], None],
) -> LoadReport:
    """Sends requests at the rate of a plan, or looks for the highest rate that holds its limit.

    Args:
        server: The server.
        requests: Requests, which are sent in turn.
        plan: What to do.
        report: Called with what came of each rate.
    """
    results = []
    if plan.rate is None:
        assert plan.p99 is not None, "a search has a limit"
        async for result in highest_rate(server, requests, plan.p99, plan.seconds):
            report(result)
            results.append(result)
    else:
        results.append(await measure(server, requests, plan.rate, plan.seconds))
        report(results[-1])
    return LoadReport(plan, results)


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
        await asyncio.sleep(max(0.0, due - loop.time()))  # 0 lets the requests before go on
        tasks.append(loop.create_task(load.send(requests[number % len(requests)], due)))
    await load.finish(tasks)
    answered = len(load.latencies) / max(loop.time() - start, len(tasks) / rate)
    return LoadResult(rate, answered, sorted(load.latencies), load.errors, server.memory)


async def highest_rate(
    server: RunningServer, requests: Sequence[bytes], p99: float, seconds: float
) -> AsyncIterator[LoadResult]:
    """Looks for the highest rate at which 99 of 100 answers take no longer than this.

    The rate is doubled until it does not hold; then the rates between are tried. A rate that does
    not hold is tried again, because something else may have used the machine.

    Args:
        server: The server.
        requests: Requests, which are sent in turn.
        p99: Seconds.
        seconds: For how long each rate is tried.

    Yields:
        What came of each rate, in the order of the tries.
    """
    below, above, rate = 0.0, math.inf, _FIRST_RATE
    for _ in range(_MOST_RATES):
        holds = False
        for _ in range(_TRIES):
            result = await measure(server, requests, rate, seconds)
            yield result
            if holds := result.holds(p99):
                break
        below, above = (rate, above) if holds else (below, rate)
        if above - below <= max(_PRECISION * below, _LOWEST_RATE):
            break
        rate = rate * 2 if above == math.inf else (above + below) / 2
