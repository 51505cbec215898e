"""A load test sends requests when they are due, and counts what came of each."""

import asyncio
import contextlib
import math
from collections.abc import AsyncIterator, Callable

import numpy as np
import psutil
from hypothesis import given
from hypothesis import strategies as st

from stagebook.serving.testing import load_test
from stagebook.serving.testing.http_client import request
from stagebook.serving.testing.load_test import LoadPlan, LoadReport, LoadResult
from stagebook.serving.testing.running import RunningServer

ANSWER = b"HTTP/1.1 %d Answer\r\nContent-Length: 2\r\n\r\n{}"
REQUESTS = [request("/invocations", b"{}", "application/json")]


def result(
    *latencies: float, rate: float = 1.0, errors: dict[str, int] | None = None
) -> LoadResult:
    return LoadResult(rate, rate, sorted(latencies), errors or {}, 0)


@contextlib.asynccontextmanager
async def server(answer: Callable[[int], "bytes | float"]) -> AsyncIterator[RunningServer]:
    """A server whose nth request has an answer, or stops all answers for some seconds."""
    numbers, handlers = iter(range(1_000_000)), set()
    stalled = asyncio.Lock()

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        handlers.add(asyncio.current_task())
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                await reader.readuntil(b"\r\n\r\n")
                await reader.readexactly(2)
                async with stalled:
                    reply = answer(next(numbers))
                    if isinstance(reply, float):
                        await asyncio.sleep(reply)
                        reply = ANSWER % 200
                writer.write(reply)
                if not reply:
                    break
        writer.close()
        await writer.wait_closed()

    listening = await asyncio.start_server(handle, "127.0.0.1", 0)
    async with listening:
        yield RunningServer("127.0.0.1", listening.sockets[0].getsockname()[1], psutil.Process())
    await asyncio.gather(*handlers)


def measured(answer: Callable[[int], "bytes | float"], rate: float, seconds: float) -> LoadResult:
    async def work() -> LoadResult:
        async with server(answer) as running:
            return await load_test.measure(running, REQUESTS, rate, seconds)

    return asyncio.run(work())


@given(
    st.lists(st.floats(0, 100), min_size=1, max_size=300),
    st.sampled_from([0.01, 0.5, 0.9, 0.99, 0.999, 1.0]),
)
def test_a_percentile_is_that_of_numpy(latencies: list[float], share: float) -> None:
    expected = np.quantile(latencies, share, method="inverted_cdf")
    assert result(*latencies).percentile(share) == expected


def test_without_answers_a_percentile_is_infinite_and_no_limit_holds() -> None:
    assert result().percentile(0.5) == math.inf
    assert not result().holds(1000.0)


def test_a_failed_request_breaks_any_limit() -> None:
    assert result(0.001).holds(0.002)
    assert not result(0.001, errors={"503": 1}).holds(0.002)


def test_every_request_is_answered_at_the_rate() -> None:
    load = measured(lambda _: ANSWER % 200, rate=50, seconds=0.5)
    assert (len(load.latencies), load.errors) == (25, {})
    assert 0 < load.answered <= 50
    assert load.memory > 0


def test_requests_that_were_due_during_a_stall_count_from_when_they_were_due() -> None:
    load = measured(lambda number: 0.4 if number == 5 else ANSWER % 200, rate=100, seconds=0.5)
    assert len(load.latencies) == 50
    # 40 requests fall due while the server stalls; a closed loop would see one slow answer
    assert sum(latency > 0.1 for latency in load.latencies) >= 25
    assert load.percentile(0.99) > 0.3


def test_other_answers_and_closed_connections_are_errors_by_kind() -> None:
    replies = [ANSWER % 200, ANSWER % 503, b"", b"no HTTP\r\n\r\n"]
    load = measured(lambda number: replies[number % 4], rate=100, seconds=0.2)
    assert load.errors == {"503": 5, "ConnectionResetError": 5, "ValueError": 5}
    assert len(load.latencies) == 5


def test_a_server_that_is_gone_is_an_error_for_each_request() -> None:
    async def work() -> LoadResult:
        async with server(lambda _: b"") as running:
            pass
        return await load_test.measure(running, REQUESTS, 50, 0.1)

    load = asyncio.run(work())
    assert (load.errors, load.answered) == ({"ConnectionRefusedError": 5}, 0)


def test_a_search_reports_each_rate_and_names_the_highest_that_held() -> None:
    async def work() -> tuple[LoadReport, list[LoadResult]]:
        seen: list[LoadResult] = []
        async with server(lambda number: ANSWER % (200 if number < 20 else 503)) as running:
            plan = LoadPlan(0.05, None, 60.0)
            return await load_test.run(running, REQUESTS, plan, seen.append), seen

    report, seen = asyncio.run(work())
    assert report.results == seen
    # 2, 3, 6 and 13 requests at 32, 64, 128 and 256 per second; the 21st is not answered with 200
    assert [item.rate for item in seen[:5]] == [32, 64, 128, 256, 256]
    assert (report.highest, report.holds) == (128, True)


def test_a_rate_that_does_not_hold_is_tried_again_and_then_lower_rates_are() -> None:
    async def work() -> LoadReport:
        async with server(lambda _: ANSWER % 503) as running:
            return await load_test.run(running, REQUESTS, LoadPlan(0.02, None, 1.0), print)

    report = asyncio.run(work())
    rates = [item.rate for item in report.results]
    assert rates[:6] == [32, 32, 16, 16, 8, 8]
    assert (report.highest, report.holds) == (None, False)


def test_a_rate_without_a_limit_holds_whatever_comes() -> None:
    slow = result(9.0, rate=5)
    assert LoadReport(LoadPlan(1, 5), [slow]).holds
    assert not LoadReport(LoadPlan(1, 5, 1.0), [slow]).holds
    assert LoadReport(LoadPlan(1, 5, 10.0), [slow]).highest == 5
