"""The queue in front of a model: bounded, and predicted in batches by one thread."""

import asyncio
import threading
import time
from collections import deque
from dataclasses import dataclass
from typing import Protocol, Self

import pandas as pd

from stagebook.serving.gathering import Gathering
from stagebook.serving.refusal import Refusal, RequestProblem


class Predicts(Protocol):
    """What predicts."""

    def predict(self, rows: pd.DataFrame) -> pd.DataFrame:
        """A row of predictions for each row."""


@dataclass(slots=True)
class _Waiting:
    """A request that waits for its predictions."""

    model: Predicts
    rows: pd.DataFrame
    answer: "asyncio.Future[pd.DataFrame]"
    until: float


class PredictionQueue:
    """Requests that wait for a model.

    While the model predicts, the requests that arrive wait. The next batch takes all of them that
    are for the same model. No request waits for others when the model is idle; after a batch it
    may wait for a moment (see ``Gathering``).

    Args:
        limit: How many requests may wait.
        batch: How many rows one batch may have; a request is never split.
        loop: The event loop of the requests.
    """

    def __init__(self, limit: int, batch: int, loop: asyncio.AbstractEventLoop) -> None:
        self._limit = limit
        self._batch = batch
        self._loop = loop
        self._waiting: deque[_Waiting] = deque()
        self._changed = threading.Condition()
        self._gathering = Gathering()
        self._stopped = False
        self._thread = threading.Thread(target=self._run, name="predictions", daemon=True)

    def start(self) -> Self:
        """Starts the thread; returns this queue."""
        self._thread.start()
        return self

    @property
    def waiting(self) -> int:
        """How many requests wait."""
        return len(self._waiting)

    async def predict(self, model: Predicts, rows: pd.DataFrame, seconds: float) -> pd.DataFrame:
        """The predictions of a model for some rows.

        Args:
            model: The model.
            rows: Rows as it takes them.
            seconds: How long the request may still take.

        Raises:
            Refusal: Too many requests wait (503), or the time is over (504).
        """
        waiting = _Waiting(
            model, rows, self._loop.create_future(), time.monotonic() + max(seconds, 0.0)
        )
        with self._changed:
            if len(self._waiting) >= self._limit or self._stopped:
                raise _busy(len(self._waiting))
            self._waiting.append(waiting)
            if len(self._waiting) == 1 or self._gathering.is_complete(len(self._waiting)):
                self._changed.notify()
        deadline = self._loop.call_later(max(seconds, 0.0), _expire, waiting.answer)
        try:
            return await waiting.answer
        finally:
            deadline.cancel()

    def stop(self) -> None:
        """Predicts what waits, and ends the thread."""
        with self._changed:
            self._stopped = True
            self._changed.notify()
        self._thread.join()

    def _run(self) -> None:
        while batch := self._next():
            start = time.monotonic()
            self._predict(batch)
            self._gathering.predicted(len(batch), len(self._waiting), start, time.monotonic())

    def _predict(self, batch: list[_Waiting]) -> None:
        model, first = batch[0].model, 0
        try:
            if len(batch) == 1:
                self._answer(batch[0], model.predict(batch[0].rows))
                return
            predictions = model.predict(pd.concat([item.rows for item in batch], ignore_index=True))
        except Exception as error:
            if len(batch) == 1:
                self._answer(batch[0], error)
            else:  # one of the requests may be the reason
                self._one_by_one(batch)
            return
        for item in batch:
            last = first + len(item.rows)
            self._answer(item, predictions.iloc[first:last].reset_index(drop=True))
            first = last

    def _one_by_one(self, batch: list[_Waiting]) -> None:
        for item in batch:
            try:
                self._answer(item, item.model.predict(item.rows))
            except Exception as error:
                self._answer(item, error)

    def _next(self) -> list[_Waiting]:
        """The requests of the next batch, when there are some; none when the queue has stopped."""
        with self._changed:
            while not self._is_ready():
                if self._stopped:
                    return []
                self._changed.wait()
            batch = [self._waiting.popleft()]
            rows = len(batch[0].rows)
            while self._waiting:
                item = self._waiting[0]
                rows += len(item.rows)
                if item.model is not batch[0].model or rows > self._batch:
                    break
                batch.append(self._waiting.popleft())
            return batch

    def _is_ready(self) -> bool:
        """Whether requests wait, after a moment for the clients that have just been answered."""
        self._drop_late()
        gathering = self._gathering
        if self._waiting and gathering.begin(len(self._waiting), time.monotonic()):
            while not gathering.is_complete(len(self._waiting)) and not self._stopped:
                if (seconds := gathering.left(time.monotonic())) <= 0:
                    break
                self._changed.wait(seconds)
            gathering.ended(len(self._waiting))
            self._drop_late()
        return bool(self._waiting)

    def _drop_late(self) -> None:
        now = time.monotonic()
        while self._waiting and self._waiting[0].until < now:
            self._waiting.popleft()  # it has been answered with 504

    def _answer(self, item: _Waiting, answer: pd.DataFrame | Exception) -> None:
        try:
            self._loop.call_soon_threadsafe(_settle, item.answer, answer)
        except RuntimeError:  # the loop has ended, and with it the request
            return


def _settle(future: "asyncio.Future[pd.DataFrame]", answer: pd.DataFrame | Exception) -> None:
    if future.done():  # the client is gone, or the deadline has passed
        return
    if isinstance(answer, Exception):
        future.set_exception(answer)
    else:
        future.set_result(answer)


def _expire(future: "asyncio.Future[pd.DataFrame]") -> None:
    message = "The request was not answered before its deadline."
    problem = RequestProblem("deadline-passed", message, "Send fewer rows or requests.")
    _settle(future, Refusal(504, problem))


def _busy(waiting: int) -> Refusal:
    message = f"{waiting} requests wait for the model already."
    hint = "Send the request again after the seconds in the header Retry-After."
    return Refusal(503, RequestProblem("busy", message, hint), headers={"Retry-After": "1"})
