"""A soak test: memory and open files of a server that answers for long must not grow."""

from collections.abc import Sequence
from dataclasses import dataclass

from stagebook.serving.testing import load_test
from stagebook.serving.testing.load_test import LoadResult
from stagebook.serving.testing.running import RunningServer

_SPANS = 10
_GROWTH = 0.02  # of the memory, from the second third of the time to the last
_LEAST = 8_000_000  # bytes that may come and go


@dataclass(frozen=True, slots=True)
class SoakResult:
    """What a server held while it answered.

    Attributes:
        loads: What came of each span of time.
        memory: Bytes of memory after each span.
        handles: Open files and connections after each span.
    """

    loads: Sequence[LoadResult]
    memory: Sequence[int]
    handles: Sequence[int]

    @property
    def memory_grows(self) -> bool:
        """Whether the memory of the last third is above that of the third before."""
        before, after = _thirds(self.memory)
        return after - before > max(_GROWTH * before, _LEAST)

    @property
    def handles_grow(self) -> bool:
        """The same of open files and connections."""
        before, after = _thirds(self.handles)
        return after > before

    @property
    def errors(self) -> dict[str, int]:
        """How many requests were not answered with 200, by status or kind of failure."""
        total: dict[str, int] = {}
        for load in self.loads:
            for kind, count in load.errors.items():
                total[kind] = total.get(kind, 0) + count
        return total

    @property
    def holds(self) -> bool:
        """Whether nothing grows and nothing failed."""
        return not (self.memory_grows or self.handles_grow or self.errors)


async def soak(
    server: RunningServer, requests: Sequence[bytes], rate: float, seconds: float
) -> SoakResult:
    """Sends requests at a rate for some seconds, and looks at what the server holds.

    Args:
        server: The server.
        requests: Requests, which are sent in turn.
        rate: Requests per second.
        seconds: For how long.
    """
    loads, memory, handles = [], [], []
    for _ in range(_SPANS):
        loads.append(await load_test.measure(server, requests, rate, seconds / _SPANS))
        memory.append(server.memory)
        handles.append(server.handles)
    return SoakResult(loads, memory, handles)


def _thirds(values: Sequence[int]) -> tuple[int, int]:
    """The largest value of the second and of the last third."""
    third = len(values) // 3
    return max(values[-2 * third : -third]), max(values[-third:])
