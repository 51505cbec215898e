"""A challenger that predicts the requests of the champion, for the log alone."""

import queue
import threading
from collections.abc import Callable
from dataclasses import dataclass

import pandas as pd

from stagebook.serving.exchange import Exchange
from stagebook.serving.input.rows import Rows
from stagebook.serving.log.request_log import LogEntry
from stagebook.serving.refusal import Refusal, RequestProblem
from stagebook.serving.served_model import ServedModel

_MOST = 1000  # requests that wait for the challenger

Outcome = str
"""``predicted``, ``refused``, ``failed`` or ``dropped``."""


@dataclass(frozen=True, slots=True)
class ShadowRequest:
    """A request that the champion has answered.

    Attributes:
        request: Its id.
        time: When it arrived, in seconds since 1970.
        route: Its route.
        rows: Its rows.
        keys: The columns by which the features were looked up, for the log.
    """

    request: str
    time: float
    route: str
    rows: Rows
    keys: pd.DataFrame | None = None


class Shadow:
    """Predicts after the answer has been sent; what it cannot keep up with is dropped.

    Args:
        challenger: The other package.
        log: Called with each entry for the log.
        count: Called with the outcome of each request.
    """

    def __init__(
        self,
        challenger: ServedModel,
        log: Callable[[LogEntry], None],
        count: Callable[[Outcome], None],
    ) -> None:
        self.challenger = challenger
        self._log = log
        self._count = count
        self._waiting: queue.Queue[ShadowRequest | None] = queue.Queue(_MOST)
        self._thread = threading.Thread(target=self._run, name="shadow", daemon=True)
        self._thread.start()

    def add(self, request: ShadowRequest) -> None:
        """Queues a request; never waits."""
        try:
            self._waiting.put_nowait(request)
        except queue.Full:
            self._count("dropped")

    def stop(self) -> None:
        """Predicts what waits, and ends the thread."""
        self._waiting.put(None)
        self._thread.join()

    def _run(self) -> None:
        while (request := self._waiting.get()) is not None:
            self._predict(request)

    def _predict(self, request: ShadowRequest) -> None:
        challenger, outcome = self.challenger, "predicted"
        exchange = Exchange(
            challenger,
            request.route,
            request.request,
            request.time,
            role="challenger",
            warnings=(),
        )
        exchange.keys = request.keys
        try:
            exchange.checked = challenger.validator.checked(request.rows)
            exchange.predictions = challenger.predict(exchange.checked.frame)
        except Refusal as refusal:
            exchange.refuse(refusal)
            outcome = "refused"
        except Exception as error:  # the challenger's own fault is what its log has to say
            message = f"The challenger failed: {type(error).__name__}: {error}"
            exchange.refuse(Refusal(500, RequestProblem("model-failed", message)))
            outcome = "failed"
        self._count(outcome)
        self._log(exchange.entry())
