"""Requests wait for the model in a bounded queue, and are predicted together."""

import asyncio
import threading
from collections.abc import Awaitable, Callable, Sequence

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stagebook.serving import gathering
from stagebook.serving.prediction_queue import PredictionQueue
from stagebook.serving.refusal import Refusal

Test = Callable[[PredictionQueue], Awaitable[None]]


class Doubling:
    """A model that doubles, and can be held for a while.

    Attributes:
        batches: How many rows each call had.
    """

    def __init__(self) -> None:
        self.batches: list[int] = []
        self.entered = threading.Event()
        self.may_go_on = threading.Event()
        self.may_go_on.set()

    def predict(self, rows: pd.DataFrame) -> pd.DataFrame:
        self.batches.append(len(rows))
        self.entered.set()
        assert self.may_go_on.wait(30)
        if (rows["x"] < 0).any():
            raise ValueError("a negative number")
        return pd.DataFrame({"double": rows["x"] * 2})


def rows(*values: float) -> pd.DataFrame:
    return pd.DataFrame({"x": values})


def with_queue(test: Test, limit: int = 100, batch: int = 100) -> None:
    async def run() -> None:
        queue = PredictionQueue(limit, batch, asyncio.get_running_loop()).start()
        try:
            await test(queue)
        finally:
            await asyncio.to_thread(queue.stop)

    asyncio.run(run())


async def held(model: Doubling, queue: PredictionQueue) -> "asyncio.Task[pd.DataFrame]":
    """A request with which the model is busy until it ``may_go_on``."""
    model.may_go_on.clear()
    first = asyncio.create_task(queue.predict(model, rows(0), 30))
    await asyncio.to_thread(model.entered.wait, 30)
    return first


async def waiting(
    queue: PredictionQueue, requests: Sequence[Awaitable[pd.DataFrame]]
) -> "list[asyncio.Future[pd.DataFrame]]":
    """These requests, when all of them are in the queue."""
    before = queue.waiting
    tasks = [asyncio.ensure_future(request) for request in requests]
    while queue.waiting < before + len(tasks):
        await asyncio.sleep(0)
    return tasks


@settings(deadline=None, max_examples=30)
@given(st.lists(st.lists(st.integers(0, 1000), min_size=1, max_size=8), min_size=1, max_size=20))
def test_each_request_gets_the_predictions_of_its_own_rows(requests: list[list[int]]) -> None:
    async def test(queue: PredictionQueue) -> None:
        model = Doubling()
        answers = await asyncio.gather(
            *(queue.predict(model, rows(*values), 30) for values in requests)
        )
        doubled = [[2 * value for value in values] for values in requests]
        assert [list(answer["double"]) for answer in answers] == doubled
        assert all(list(answer.index) == list(range(len(answer))) for answer in answers)

    with_queue(test, batch=10)


def test_what_arrives_while_the_model_is_busy_is_predicted_together() -> None:
    async def test(queue: PredictionQueue) -> None:
        model = Doubling()
        first = await held(model, queue)
        others = await waiting(queue, [queue.predict(model, rows(n), 30) for n in range(5)])
        model.may_go_on.set()
        await asyncio.gather(first, *others)
        assert model.batches == [1, 5]

    with_queue(test)


def test_clients_that_send_again_when_they_are_answered_come_into_one_batch(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(gathering, "_SHARE", 1e9)

    async def test(queue: PredictionQueue) -> None:
        model = Doubling()

        async def send_again(first: "asyncio.Future[pd.DataFrame]") -> None:
            await first
            for _ in range(20):  # the model could begin with the others meanwhile
                await asyncio.to_thread(threading.Event().is_set)
            await queue.predict(model, rows(1), 30)

        first = await held(model, queue)
        others = await waiting(queue, [queue.predict(model, rows(n), 30) for n in range(3)])
        again = asyncio.create_task(send_again(first))
        model.may_go_on.set()
        await asyncio.gather(again, *others)
        assert model.batches == [1, 4]

    with_queue(test)


def test_a_batch_has_no_more_rows_than_it_may_have() -> None:
    async def test(queue: PredictionQueue) -> None:
        model = Doubling()
        first = await held(model, queue)
        sizes = [3, 3, 12, 1]
        others = await waiting(
            queue, [queue.predict(model, rows(*range(size)), 30) for size in sizes]
        )
        model.may_go_on.set()
        await asyncio.gather(first, *others)
        assert model.batches == [1, 6, 12, 1]

    with_queue(test, batch=10)


def test_a_request_beyond_the_bound_is_refused_with_the_time_to_send_it_again() -> None:
    async def test(queue: PredictionQueue) -> None:
        model = Doubling()
        first = await held(model, queue)
        others = await waiting(queue, [queue.predict(model, rows(1), 30) for _ in range(2)])
        with pytest.raises(Refusal) as caught:
            await queue.predict(model, rows(1), 30)
        assert (caught.value.status, caught.value.headers) == (503, {"Retry-After": "1"})
        model.may_go_on.set()
        await asyncio.gather(first, *others)

    with_queue(test, limit=2)


def test_a_request_past_its_deadline_is_refused_and_not_predicted() -> None:
    async def test(queue: PredictionQueue) -> None:
        model = Doubling()
        first = await held(model, queue)
        with pytest.raises(Refusal) as caught:
            await queue.predict(model, rows(1, 2, 3), 0.001)
        assert caught.value.status == 504
        model.may_go_on.set()
        await first
        await queue.predict(model, rows(4), 30)
        assert model.batches == [1, 1]

    with_queue(test)


def test_a_row_on_which_the_model_fails_fails_its_own_request_alone() -> None:
    async def test(queue: PredictionQueue) -> None:
        model = Doubling()
        first = await held(model, queue)
        good, bad = await waiting(
            queue, [queue.predict(model, rows(4), 30), queue.predict(model, rows(-1), 30)]
        )
        model.may_go_on.set()
        await first
        assert list((await good)["double"]) == [8]
        with pytest.raises(ValueError, match="negative"):
            await bad

    with_queue(test)


def test_two_packages_are_never_in_one_batch() -> None:
    async def test(queue: PredictionQueue) -> None:
        old, new = Doubling(), Doubling()
        first = await held(old, queue)
        others = await waiting(
            queue, [queue.predict(model, rows(1), 30) for model in (old, new, old)]
        )
        old.may_go_on.set()
        await asyncio.gather(first, *others)
        assert (old.batches, new.batches) == ([1, 1, 1], [1])

    with_queue(test)


def test_what_was_accepted_is_predicted_before_the_queue_stops() -> None:
    async def test(queue: PredictionQueue) -> None:
        model = Doubling()
        first = await held(model, queue)
        (second,) = await waiting(queue, [queue.predict(model, rows(5), 30)])
        stopping = asyncio.create_task(asyncio.to_thread(queue.stop))
        model.may_go_on.set()
        await asyncio.gather(first, stopping)
        assert list((await second)["double"]) == [10]
        with pytest.raises(Refusal) as caught:
            await queue.predict(model, rows(1), 30)
        assert caught.value.status == 503

    with_queue(test)
