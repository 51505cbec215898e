"""Files, variables, processes and the network around a kernel that is observed."""

import os
import sys
import threading
from collections.abc import Callable, Iterator
from typing import Any, Self

from stagebook.execution.absences import replace_function
from stagebook.execution.probe.conditions import Influence
from stagebook.execution.probe.observer import Observer

_PROCESS = 4242
_PROCESSORS = ("cpu_count", "process_cpu_count")


class Surroundings:
    """What cells get from around the kernel.

    Args:
        observer: The observer of the kernel.
    """

    def __init__(self, observer: Observer) -> None:
        self._observer = observer

    def install(self) -> None:
        """From here on, questions are noted, and fixed where that is asked for."""
        replace_function("listdir", self._listdir(os.listdir))
        replace_function("scandir", self._scandir(os.scandir))
        for name in ("getpid", "getppid"):
            setattr(os, name, self._process(name, getattr(os, name)))
        for name in _PROCESSORS:
            if hasattr(os, name):
                setattr(os, name, self._processors(name, getattr(os, name)))
        if hasattr(os, "sched_getaffinity"):
            os.sched_getaffinity = self._affinity(os.sched_getaffinity)
        kind: Any = type(os.environ)
        kind.__getitem__ = self._variable(kind.__getitem__)
        thread: Any = threading.Thread
        thread.start = self._start(thread.start)
        sys.addaudithook(self._audit)

    def _ordered(self, items: list[Any], name: Callable[[Any], Any]) -> list[Any]:
        """A folder's items: sorted if the order is fixed, otherwise not as they would be."""
        if self._observer.fixes(Influence.FILES):
            return sorted(items, key=name)
        if self._observer.exempts(Influence.FILES):
            return sorted(items, key=name, reverse=True)
        return items[::-1]

    def _listdir(self, real: Callable[..., list[Any]]) -> Callable[..., list[Any]]:
        def listdir(path: Any = None) -> list[Any]:
            items = real() if path is None else real(path)
            if (asker := self._observer.asker()) is None:
                return items
            self._observer.note(Influence.FILES, "os.listdir()", asker.line)
            return self._ordered(items, lambda item: item)

        return listdir

    def _scandir(self, real: Callable[..., Any]) -> Callable[..., Any]:
        def scandir(path: Any = None) -> Any:
            entries = real() if path is None else real(path)
            if (asker := self._observer.asker()) is None:
                return entries
            self._observer.note(Influence.FILES, "os.scandir()", asker.line)
            with entries:
                return _Entries(self._ordered(list(entries), lambda entry: entry.name))

        return scandir

    def _process(self, name: str, real: Callable[[], int]) -> Callable[[], int]:
        def process() -> int:
            asker = self._observer.asker()
            if asker is None or not asker.is_direct:
                return real()
            self._observer.note(Influence.PROCESS, f"os.{name}()", asker.line)
            return _PROCESS if self._observer.fixes(Influence.PROCESS) else real()

        return process

    def _is_other_number(self, words: str) -> bool:
        """Whether a cell that asks for the number of processors gets another one."""
        asker = self._observer.asker()
        if asker is None or not asker.is_direct:
            return False
        self._observer.note(Influence.THREADS, words, asker.line)
        return not self._observer.fixes(Influence.THREADS)

    def _processors(self, name: str, real: Callable[[], int | None]) -> Callable[[], int | None]:
        def processors() -> int | None:
            number = real()
            return (number or 1) + 1 if self._is_other_number(f"os.{name}()") else number

        return processors

    def _affinity(self, real: Callable[[int], set[int]]) -> Callable[[int], set[int]]:
        def affinity(process: int, /) -> set[int]:
            numbers = real(process)
            if self._is_other_number("os.sched_getaffinity()"):
                return {*numbers, max(numbers, default=0) + 1}
            return numbers

        return affinity

    def _variable(self, real: Callable[[Any, Any], str]) -> Callable[[Any, Any], str]:
        def variable(environment: Any, name: Any) -> str:
            asker = self._observer.asker()
            if asker is None or not asker.is_direct:
                return real(environment, name)
            self._observer.note(Influence.ENVIRONMENT, str(name), asker.line)
            if not self._observer.exempts(Influence.ENVIRONMENT):
                return real(environment, name)
            try:
                return _other(real(environment, name))
            except KeyError:
                return "1"

        return variable

    def _audit(self, event: str, args: tuple[Any, ...]) -> None:
        """Notes connections; Python calls this for every audited event."""
        if event != "socket.connect" or not isinstance(args[1], tuple):
            return
        if (asker := self._observer.asker()) is not None:
            where = ":".join(map(str, args[1][:2]))
            self._observer.note(Influence.NETWORK, where, asker.line)

    def _start(self, real: Callable[[Any], None]) -> Callable[[Any], None]:
        """Notes threads, which may end in another order in another run."""

        def start(thread: Any) -> None:
            if (asker := self._observer.asker()) is not None:
                self._observer.note(Influence.THREADS, "a thread", asker.line)
            real(thread)

        return start


class _Entries:
    """The entries of a folder, as ``os.scandir`` returns them."""

    def __init__(self, entries: list[Any]) -> None:
        self._entries = iter(entries)

    def __iter__(self) -> Iterator[Any]:
        return self

    def __next__(self) -> Any:
        return next(self._entries)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """There is nothing to close: the folder was read to its end."""


def _other(value: str) -> str:
    """Another value of a variable, of the same kind."""
    return str(int(value) + 1) if value.isdecimal() else f"{value}-other"
