"""Signals to the runner, heard and not obeyed at once, so that a run can end in order."""

import contextlib
import signal
from collections.abc import Iterator
from dataclasses import dataclass

_STOPPING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@dataclass(slots=True)
class Stop:
    """Whether somebody wants the run to stop.

    Attributes:
        reason: The signal that said so; None as long as nobody does.
        raises: Whether a signal ends at once what is being done.
    """

    reason: signal.Signals | None = None
    raises: bool = False

    @property
    def asked(self) -> bool:
        """Whether the run is to stop."""
        return self.reason is not None

    @contextlib.contextmanager
    def at_once(self) -> Iterator[None]:
        """In the block, a signal raises StoppedError; so does one that came before."""
        self.raises = True
        try:
            if self.asked:
                raise StoppedError
            yield
        finally:
            self.raises = False


class StoppedError(Exception):
    """Somebody wants the run to stop."""


@contextlib.contextmanager
def listen() -> Iterator[Stop]:
    """SIGINT, SIGTERM and SIGHUP are noted in the value of this block, instead of their effect."""
    stop = Stop()

    def note(number: int, _: object) -> None:
        stop.reason = signal.Signals(number)
        if stop.raises:
            stop.raises = False  # what clears up is not interrupted again
            raise StoppedError

    # `nohup` lets a process ignore SIGHUP, and so it stays
    heeded = [number for number in _STOPPING if signal.getsignal(number) is not signal.SIG_IGN]
    previous = {number: signal.signal(number, note) for number in heeded}
    try:
        yield stop
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)


@contextlib.contextmanager
def time_limit(seconds: float) -> Iterator[None]:
    """The block raises TimeoutError when its time is up, whatever it waits for.

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
