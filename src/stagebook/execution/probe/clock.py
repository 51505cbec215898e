"""The clock of a kernel that is observed."""

import ctypes
import datetime
import gc
import time
from collections.abc import Callable
from typing import Any

from stagebook.execution.probe.conditions import Influence
from stagebook.execution.probe.observer import Asker, Observer

_START = 1_600_000_000.0  # a moment in 2020, in seconds since 1970
_STEP = 0.001  # code that waits for a moment goes on
_CELL = 3600.0  # so that no cell's time depends on how often an earlier one asked
_KIND = Influence.CLOCK
_WALL = {"time": 1, "time_ns": 1_000_000_000}
# libraries wait by these, so only the stage's own code gets fixed values
_TIMERS = ("monotonic", "perf_counter", "process_time", "thread_time")
_NOW = ("localtime", "gmtime", "ctime")


class Clock:
    """The time that cells get.

    Args:
        observer: The observer of the kernel.
    """

    def __init__(self, observer: Observer) -> None:
        self._observer = observer
        self._steps = 0
        observer.before.append(self._begin)

    def install(self) -> None:
        """From here on, questions for the time are noted, and fixed where that is asked for."""
        for name, unit in _WALL.items():
            setattr(time, name, self._counting(name, getattr(time, name), unit))
        for name in _TIMERS:
            for timer, unit in ((name, 1), (f"{name}_ns", 1_000_000_000)):
                counting = self._counting(timer, getattr(time, timer), unit, only_direct=True)
                setattr(time, timer, counting)
        for name in _NOW:
            setattr(time, name, self._of_seconds(name, getattr(time, name), 0))
        time.strftime = self._of_struct("strftime", time.strftime, 1)
        time.asctime = self._of_struct("asctime", time.asctime, 0)
        self._install_datetime()

    def _begin(self) -> None:
        self._steps = 0

    def _fixed(self, name: str, asker: Asker | None) -> float | None:
        """The fixed time in seconds; None if the real one is the answer."""
        if asker is None:
            return None
        self._observer.note(_KIND, f"{name}()", asker.line)
        if not self._observer.fixes(_KIND):
            return None
        self._steps += 1
        return _START + (self._observer.cell or 0) * _CELL + self._steps * _STEP

    def _counting(
        self, name: str, real: Callable[[], Any], unit: int, *, only_direct: bool = False
    ) -> Callable[[], Any]:
        """A function that counts time in a unit; a timer answers libraries as always."""

        def counting() -> Any:
            asker = self._observer.asker()
            if only_direct and asker and not asker.is_direct:
                asker = None
            seconds = self._fixed(f"time.{name}", asker)
            return real() if seconds is None else type(real())(seconds * unit)

        return counting

    def _of_seconds(self, name: str, real: Callable[..., Any], place: int) -> Callable[..., Any]:
        """A function that takes the present time if it gets none."""

        def present(*args: Any) -> Any:
            if len(args) > place and args[place] is not None:
                return real(*args)
            seconds = self._fixed(f"time.{name}", self._observer.asker())
            return real(*args) if seconds is None else real(seconds)

        return present

    def _of_struct(self, name: str, real: Callable[..., Any], place: int) -> Callable[..., Any]:
        def present(*args: Any) -> Any:
            if len(args) > place:
                return real(*args)
            seconds = self._fixed(f"time.{name}", self._observer.asker())
            moment = () if seconds is None else (time.localtime(seconds),)
            return real(*args, *moment)

        return present

    def _install_datetime(self) -> None:
        """Replaces ``now`` and ``utcnow`` in the type itself, which compiled code also uses.

        A type of C refuses new attributes; its dictionary takes them.
        """
        attributes = gc.get_referents(datetime.datetime.__dict__)[0]
        zones: dict[str, Callable[..., Any]] = {
            "now": lambda zone=None, tz=None: zone or tz,
            "utcnow": lambda: datetime.UTC,
        }
        for name, zone in zones.items():
            real = attributes[name]
            attributes[name] = classmethod(self._moment(name, real, zone))
        ctypes.pythonapi.PyType_Modified(ctypes.py_object(datetime.datetime))

    def _moment(self, name: str, real: Any, zone: Callable[..., Any]) -> Callable[..., Any]:
        def moment(cls: Any, *args: Any, **kwargs: Any) -> Any:
            seconds = self._fixed(f"datetime.{name}", self._observer.asker())
            if seconds is None:
                return real.__get__(None, cls)(*args, **kwargs)
            fixed = cls.fromtimestamp(seconds, zone(*args, **kwargs))
            return fixed.replace(tzinfo=None) if name == "utcnow" else fixed

        return moment
