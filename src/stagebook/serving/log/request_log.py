"""The log of requests: a queue that costs a request nothing, and a thread that writes it."""

import contextlib
import queue
import sqlite3
import threading
import time
from collections import deque
from collections.abc import Callable, Collection
from dataclasses import dataclass
from itertools import islice, takewhile
from pathlib import Path
from typing import Literal, Self

from stagebook.execution.outcome import FULL_DISK
from stagebook.project.errors import Problem, StagebookError, Where
from stagebook.project.masks import Masks
from stagebook.serving.log.entry import EntryEncoder, LogEntry, StoredEntry
from stagebook.serving.log.writer import LogWriter, day_of

__all__ = ["LogEntry", "LogState", "OnFull", "RequestLog"]
OnFull = Literal["serve", "stop"]

GROUP = 0.02
"""Seconds that the first entry of a group waits for others."""

GROUP_ENTRIES = 100
"""Entries of a group; more would delay its commit."""

QUEUE_ENTRIES = 20_000
QUEUE_CELLS = 10_000_000
"""Bounds of what waits to be encoded."""

WAITING_BYTES = 64 * 2**20
"""Bound of what is encoded and waits for the disk."""

RETRY = 1.0
"""Seconds after which a full disk is tried again."""

IDLE = 60.0
"""Seconds after which a log without requests looks whether the day is over."""

_YIELD_CELLS = 2_000
_YIELD = 0.0001
"""After so many values, the thread sleeps so many seconds, so that requests are answered."""

_MOST = 1_000
"""Entries of one transaction, after a disk was full."""


@dataclass(frozen=True, slots=True)
class LogState:
    """How the log is.

    Attributes:
        full: Whether the last write failed, because the disk is full or for another reason.
        since: When writing failed first, seconds since 1970; None if the last write succeeded.
        reason: Why it failed.
        lost: Number of entries that were not logged and never will be.
        waiting: Number of entries that are not written yet.
        must_stop: Whether the server must not answer further requests.
        unclosed: Why past days could not be closed; empty if they are.
    """

    full: bool = False
    since: float | None = None
    reason: str = ""
    lost: int = 0
    waiting: int = 0
    must_stop: bool = False
    unclosed: str = ""

    @property
    def ok(self) -> bool:
        """Whether every entry is written in time."""
        return not self.full and not self.lost


class RequestLog:
    """Writes each entry within 50 ms, in a thread of its own."""

    def __init__(
        self,
        writer: LogWriter,
        encoder: EntryEncoder,
        on_full: OnFull,
        clock: Callable[[], float],
    ) -> None:
        self._writer = writer
        self._encoder = encoder
        self._on_full = on_full
        self._clock = clock
        self._queue: queue.SimpleQueue[LogEntry | None] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._queued = self._cells = self._lost = 0
        self._waiting: deque[StoredEntry] = deque()
        self._waiting_bytes = 0
        self._failure: tuple[float, str] | None = None
        self._tried = 0.0
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name="stagebook-log", daemon=True)

    @classmethod
    def open(
        cls,
        folder: Path,
        worker: int = 0,
        *,
        without: Collection[str] = (),
        masks: Masks | None = None,
        on_full: OnFull = "serve",
        clock: Callable[[], float] = time.time,
    ) -> Self:
        """A log that takes entries.

        Args:
            folder: Its folder, which is created. Several workers and servers may share it.
            worker: Number of the worker, for the names of its files.
            without: Names of features and predictions that are not logged.
            masks: The secrets to hide; none without a project.
            on_full: What the server does when the disk is full: ``serve`` without a log until
                there is space, or ``stop``.
            clock: Returns the time, seconds since 1970.

        Raises:
            StagebookError: The folder cannot be written (``request-log-not-written``). A full disk
                raises only with ``stop``.
        """
        writer = LogWriter(folder, worker, clock)
        log = cls(writer, EntryEncoder(without, masks), on_full, clock)
        try:
            writer.open()
        except (OSError, sqlite3.Error) as error:
            if on_full == "stop" or not _is_full(error):
                message = f"The request log cannot be written: {error}."
                hint = "Name a folder that the server may write, on a disk with free space."
                where = Where(str(folder))
                problem = Problem("request-log-not-written", message, hint, where)
                raise StagebookError(problem) from error
            log._fail(error)
        log._thread.start()
        return log

    def add(self, entry: LogEntry) -> None:
        """Queues an entry, from any thread; never waits for the disk.

        Beyond the bounds of the queue, and after ``close``, the entry counts as lost.
        """
        cells = entry.cells
        with self._lock:
            is_over = self._queued >= QUEUE_ENTRIES or self._cells >= QUEUE_CELLS
            if is_over or self._closing.is_set():
                self._lost += 1
                return
            self._queued += 1
            self._cells += cells
            self._queue.put(entry)

    @property
    def state(self) -> LogState:
        """How the log is now."""
        failure = self._failure
        return LogState(
            full=failure is not None,
            since=failure[0] if failure else None,
            reason=failure[1] if failure else "",
            lost=self._lost,
            waiting=self._queued + len(self._waiting),
            must_stop=self.must_stop,
            unclosed=self._writer.closer.failure,
        )

    @property
    def must_stop(self) -> bool:
        """Whether the server must not answer further requests."""
        return self._failure is not None and self._on_full == "stop"

    def close(self) -> None:
        """Writes what is queued, and closes past days; what cannot be written is lost."""
        with self._lock:
            self._closing.set()
            self._queue.put(None)
        self._thread.join()

    def _run(self) -> None:
        with contextlib.suppress(OSError):
            self._writer.look_around()
        while not self._closing.is_set():
            try:
                self._take(self._gathered())
            except Exception as error:  # the server goes on, and its state says why
                self._fail(error)
        while not self._queue.empty():
            self._take(self._drained())
        self._lose(len(self._waiting))
        self._waiting.clear()
        with contextlib.suppress(OSError):
            self._writer.close()

    def _gathered(self) -> list[LogEntry]:
        """The entries of the next group; none if none came for a while."""
        try:
            first = self._queue.get_nowait()  # it waited while the last group was written
        except queue.Empty:
            try:
                first = self._queue.get(timeout=RETRY if self._failure else IDLE)
            except queue.Empty:
                return []
            self._closing.wait(GROUP)
        return [*([first] if first else []), *self._drained()]

    def _drained(self) -> list[LogEntry]:
        entries: list[LogEntry] = []
        with contextlib.suppress(queue.Empty):
            while len(entries) < GROUP_ENTRIES:
                entry = self._queue.get_nowait()
                if entry is not None:
                    entries.append(entry)
        return entries

    def _take(self, entries: list[LogEntry]) -> None:
        """Encodes and writes a group."""
        cells = 0
        for entry in entries:
            cells += self._encode(entry)
            if cells > _YIELD_CELLS and not self._closing.is_set():
                time.sleep(_YIELD)
                cells = 0
        self._write()
        if not entries:
            self._writer.look_around()

    def _encode(self, entry: LogEntry) -> int:
        """Encodes an entry; returns its number of values."""
        cells = entry.cells
        try:
            stored = self._encoder.encode(entry)
            day_of(entry.time)  # raises for a time that no calendar has
        except Exception:  # whatever a model returns, the thread goes on
            self._lose(1)
        else:
            if self._waiting_bytes + stored.size > WAITING_BYTES and self._waiting:
                self._lose(1)
            else:
                self._waiting.append(stored)
                self._waiting_bytes += stored.size
        with self._lock:
            self._queued -= 1
            self._cells -= cells
        return cells

    def _write(self) -> None:
        """Writes what waits; after a failure, at most once in a while."""
        is_soon = time.monotonic() < self._tried + RETRY
        if self._failure and is_soon and not self._closing.is_set():
            return
        most = _MOST
        while self._waiting:
            group = self._first_of_a_day(most)
            try:
                self._writer.write(day_of(group[0].time), group)
            except (OSError, sqlite3.DatabaseError, OverflowError) as error:
                if not _is_about_values(error):
                    self._fail(error)
                    return
                if most > 1:  # only the entry that SQLite refuses is lost
                    most = 1
                    continue
                self._lose(1)
            self._failure = None
            for entry in group:
                self._waiting_bytes -= entry.size
                self._waiting.popleft()

    def _first_of_a_day(self, most: int) -> list[StoredEntry]:
        """The first of the waiting entries, as long as they are of one day."""
        day = day_of(self._waiting[0].time)
        return list(takewhile(lambda entry: day_of(entry.time) == day, islice(self._waiting, most)))

    def _fail(self, error: Exception) -> None:
        since = self._failure[0] if self._failure else self._clock()
        self._failure = (since, str(error))
        self._tried = time.monotonic()

    def _lose(self, count: int) -> None:
        with self._lock:
            self._lost += count


def _is_full(error: Exception) -> bool:
    """Whether a disk has no space, or a user none left on it."""
    if isinstance(error, OSError):
        return error.errno in FULL_DISK
    return getattr(error, "sqlite_errorname", "").startswith(("SQLITE_FULL", "SQLITE_IOERR"))


def _is_about_values(error: Exception) -> bool:
    """Whether SQLite refuses the values, such as more than a gigabyte, and not the file."""
    kinds = (sqlite3.DataError, sqlite3.IntegrityError, sqlite3.ProgrammingError, OverflowError)
    return isinstance(error, kinds)
