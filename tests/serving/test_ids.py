import time
import uuid
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from refusals import problem

from stagebook.serving import ids


def test_an_id_is_a_uuid_of_version_7_with_its_time() -> None:
    before = time.time_ns() // 1_000_000
    request = ids.new_id()
    after = time.time_ns() // 1_000_000
    parsed = uuid.UUID(request)
    assert (parsed.version, parsed.variant, parsed.hex) == (7, uuid.RFC_4122, request)
    assert before <= int(ids.time_of(request) * 1000) <= after + 1


def test_ids_of_many_threads_differ() -> None:
    with ThreadPoolExecutor(4) as pool:
        parts = list(pool.map(lambda _: [ids.new_id() for _ in range(5_000)], range(4)))
    assert all(part == sorted(part) for part in parts)
    assert len({request for part in parts for request in part}) == 20_000


def test_a_clock_that_goes_backwards_gives_sorted_ids(monkeypatch: pytest.MonkeyPatch) -> None:
    now = time.time_ns()
    ticks = iter([now, now, now - 3_600_000_000_000, now - 1, 0, now + 1_000_000])
    monkeypatch.setattr(time, "time_ns", lambda: next(ticks))
    requests = [ids.new_id() for _ in range(6)]
    assert requests == sorted(set(requests))


@pytest.mark.parametrize("row", [None, 0, 12])
@pytest.mark.parametrize("dashes", [False, True])
def test_an_id_is_read_with_and_without_dashes(row: int | None, dashes: bool) -> None:
    request = ids.new_id()
    text = str(uuid.UUID(request)) if dashes else request
    assert ids.parse(text if row is None else f" {text.upper()}-{row}\n") == (request, row)


@pytest.mark.parametrize(
    "text", ["", "-", "0", "x" * 32, "0" * 32 + "-", "0" * 32 + "--1", "0" * 32 + "-²", "0" * 33]
)
def test_another_text_is_not_an_id(text: str) -> None:
    assert problem(ids.parse, text).code == "bad-request-id"


@given(st.lists(st.integers(0, 2**62), max_size=50).map(sorted))
def test_ids_of_a_batch_are_different_sorted_and_have_their_times(times: list[int]) -> None:
    own = ids.of_batch(np.array(times, np.int64), "sha256:" + "a" * 64)
    assert own == sorted(set(own))
    assert all(uuid.UUID(request).version == 7 for request in own)
    assert [int(request[:12], 16) for request in own] == [time // 1_000_000 for time in times]
    assert not set(own) & set(ids.of_batch(np.array(times, np.int64), "b" * 64))
