"""Saves of the executed notebook while it runs: at most one a second."""

import asyncio
import math
import time
from collections.abc import Callable
from typing import Any

_SECONDS = 1.0
_SHARE = 20


class SteadySave:
    """A save that waits if the last one is too recent, and is made up for later.

    It takes at most a twentieth of the time, however large the notebook is.

    Args:
        save: Saves the notebook.
        settle: Puts the outputs as they are now into the notebook.
        clock: Returns the time in seconds.
    """

    def __init__(
        self,
        save: Callable[..., None],
        settle: Callable[[], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._save, self._settle, self._clock = save, settle, clock
        self._next = -math.inf
        self._pending = False

    def __call__(self, **_: Any) -> None:
        """Saves now, or notes that a save is due."""
        if self._clock() < self._next:
            self._pending = True
            return
        started = self._clock()
        self._settle()
        self._save()
        self._pending = False
        ended = self._clock()
        self._next = ended + max(_SECONDS, _SHARE * (ended - started))

    def watch(self) -> None:
        """Lets the running loop make up for a save that is due; called as a cell starts."""
        if self._pending:
            delay = max(0.0, self._next - self._clock())
            asyncio.get_running_loop().call_later(delay, self._make_up)

    def _make_up(self) -> None:
        if self._pending:
            self()
