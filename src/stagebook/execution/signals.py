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
    """

    reason: signal.Signals | None = None

    @property
    def asked(self) -> bool:
        """Whether the run is to stop."""
        return self.reason is not None


@contextlib.contextmanager
def listen() -> Iterator[Stop]:
    """SIGINT, SIGTERM and SIGHUP are noted in the value of this block, instead of their effect."""
    stop = Stop()

    def note(number: int, _: object) -> None:
        stop.reason = signal.Signals(number)

    previous = {number: signal.signal(number, note) for number in _STOPPING}
    try:
        yield stop
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)
