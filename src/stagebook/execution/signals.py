"""Signals to the runner, which are noted first, so that a run can end in order."""

import contextlib
import signal
from collections.abc import Iterator
from dataclasses import dataclass

_STOPPING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@dataclass(slots=True)
class Stop:
    """Whether a stop of the run is requested.

    Attributes:
        reason: The signal that requested it; None before a signal.
        raises: Whether a signal raises StoppedError at once.
        signals: How many signals have requested it.
    """

    reason: signal.Signals | None = None
    raises: bool = False
    signals: int = 0

    @property
    def requested(self) -> bool:
        """Whether a stop is requested."""
        return self.reason is not None

    @contextlib.contextmanager
    def at_once(self) -> Iterator[None]:
        """In the block, a signal raises StoppedError; so does an earlier signal."""
        self.raises = True
        try:
            if self.requested:
                raise StoppedError
            yield
        finally:
            self.raises = False


class StoppedError(Exception):
    """A stop of the run is requested."""


@contextlib.contextmanager
def listen() -> Iterator[Stop]:
    """In the block, SIGINT, SIGTERM and SIGHUP are only noted in its value."""
    stop = Stop()

    def note(number: int, _: object) -> None:
        stop.reason = signal.Signals(number)
        stop.signals += 1
        if stop.raises:
            stop.raises = False  # the cleanup is not interrupted again
            raise StoppedError

    # `nohup` lets a process ignore SIGHUP, which must stay ignored
    heeded = [number for number in _STOPPING if signal.getsignal(number) is not signal.SIG_IGN]
    previous = {number: signal.signal(number, note) for number in heeded}
    try:
        yield stop
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)


@contextlib.contextmanager
def time_limit(seconds: float) -> Iterator[None]:
    """The block raises TimeoutError after some time, whatever it waits for.

    Args:
        seconds: How long it may take.
    """

    def give_up(_: int, __: object) -> None:
        raise TimeoutError(f"it takes longer than {seconds:g} s")

    previous = signal.signal(signal.SIGALRM, give_up)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, previous)
