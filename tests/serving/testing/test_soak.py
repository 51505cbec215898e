"""A soak test finds a server that keeps memory or files."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

import psutil
import pytest

from stagebook.serving.testing import soak
from stagebook.serving.testing.http_client import request
from stagebook.serving.testing.load_test import LoadResult
from stagebook.serving.testing.running import RunningServer
from stagebook.serving.testing.soak import SoakResult, SoakSpan

STEADY = [250_000_000] * 10
OPEN = [12] * 10
MB = 1_000_000


def soaked(
    memory: list[int], handles: list[int], errors: dict[str, int] | None = None
) -> SoakResult:
    loads = [LoadResult(10, 10, [0.001], errors or {}, item) for item in memory]
    return SoakResult([SoakSpan(load, item) for load, item in zip(loads, handles, strict=True)])


@pytest.mark.parametrize(
    ("memory", "handles", "grows"),
    [
        (STEADY, OPEN, (False, False)),
        ([250 * MB + place * 10 * MB for place in range(10)], OPEN, (True, False)),
        ([250 * MB + place * MB for place in range(10)], OPEN, (False, False)),
        ([100 * MB] * 4 + [250 * MB] * 6, OPEN, (False, False)),  # it grows at the start alone
        ([*STEADY[:8], 400 * MB, STEADY[0]], OPEN, (False, False)),  # it comes and goes
        (STEADY, list(range(10, 20)), (False, True)),
        (STEADY, [*OPEN[:8], 30, 12], (False, False)),
    ],
)
def test_what_grows_from_the_second_third_to_the_last_is_a_leak(
    memory: list[int], handles: list[int], grows: tuple[bool, bool]
) -> None:
    result = soaked(memory, handles)
    assert (result.memory_grows, result.handles_grow) == grows
    assert result.holds is not any(grows)


def test_failed_requests_fail_the_test_and_are_summed_by_kind() -> None:
    result = soaked(STEADY, OPEN, {"503": 2, "ConnectionResetError": 1})
    assert (result.errors, result.holds) == ({"503": 20, "ConnectionResetError": 10}, False)


@contextlib.asynccontextmanager
async def leaking(kept: list[object]) -> AsyncIterator[RunningServer]:
    """A server of this process that opens a file for each request, and keeps it open."""

    handlers = set()

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        handlers.add(asyncio.current_task())
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while await reader.readuntil(b"\r\n\r\n"):
                kept.append(open("/dev/null", "rb"))  # noqa: SIM115
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
        writer.close()
        await writer.wait_closed()

    listening = await asyncio.start_server(handle, "127.0.0.1", 0)
    async with listening:
        port = listening.sockets[0].getsockname()[1]
        yield RunningServer("127.0.0.1", port, psutil.Process())
    await asyncio.gather(*handlers)


def test_a_server_that_keeps_files_open_is_reported() -> None:
    kept: list[object] = []
    spans: list[SoakSpan] = []

    async def work() -> SoakResult:
        async with leaking(kept) as server:
            return await soak.soak(server, [request("/ping")], 0.3, spans.append)

    result = asyncio.run(work())
    for file in kept:
        file.close()  # type: ignore[attr-defined]
    assert (result.handles_grow, result.errors, result.holds) == (True, {}, False)
    assert spans == result.spans
