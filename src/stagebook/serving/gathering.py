"""How long a model waits for clients that it has just answered."""

_SHARE = 0.5
_MOST_SKIPPED = 64


class Gathering:
    """Decides how long a batch waits for further requests.

    Clients that send their next request when the last one was answered would otherwise be in two
    groups for ever: while the model predicts one of them, the other waits. So after a batch, the
    next one waits until as many requests are there as were in the last batch or behind it, for at
    most half the time of the last prediction. A wait that was of no use is followed by 2 batches
    without one, then 4, up to 64: clients that do not wait for answers hardly notice it. A single
    client never waits.
    """

    def __init__(self) -> None:
        self._expected = 0
        self._end = 0.0
        self._failures = self._skipped = 0

    def is_complete(self, waiting: int) -> bool:
        """Whether all requests that are expected wait.

        Args:
            waiting: How many requests wait.
        """
        return waiting >= self._expected

    def begin(self, waiting: int, now: float) -> bool:
        """Whether the next batch should wait for further requests.

        Args:
            waiting: How many requests wait, at least one.
            now: The time, as for ``predicted``.
        """
        if self.is_complete(waiting) or now >= self._end:
            return False
        if self._skipped:
            self._skipped -= 1
            return False
        return True

    def left(self, now: float) -> float:
        """How many more seconds a batch may wait; not above 0 if none."""
        return self._end - now

    def ended(self, waiting: int) -> None:
        """Takes into account whether a wait was of use.

        Args:
            waiting: How many requests wait after it.
        """
        if self.is_complete(waiting):
            self._failures = max(0, self._failures - 1)
        else:
            self._failures += 1
            self._skipped = min(2**self._failures, _MOST_SKIPPED)

    def predicted(self, requests: int, waiting: int, start: float, end: float) -> None:
        """Takes a batch into account.

        Args:
            requests: How many requests it had.
            waiting: How many arrived meanwhile.
            start: When its prediction began, in seconds.
            end: When it ended.
        """
        self._expected = requests + waiting
        self._end = end + _SHARE * (end - start)
