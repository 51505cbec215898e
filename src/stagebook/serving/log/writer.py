"""Writes encoded entries into the files of their days, and has past days closed."""

import contextlib
import datetime
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from stagebook.serving.log import file as log_file
from stagebook.serving.log.entry import StoredEntry
from stagebook.serving.log.file import LogFile


def day_of(seconds: float) -> str:
    """The day of a time in UTC, such as ``2026-11-29``."""
    return datetime.datetime.fromtimestamp(seconds, datetime.UTC).date().isoformat()


class DayCloser:
    """Closes past days in a process of its own, so that no request waits for it.

    Args:
        folder: The folder of the log.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._process: subprocess.Popen[str] | None = None
        self._next = ""
        self.failure = ""

    def start(self, before: str) -> None:
        """Closes all days before another one, after a process that is at work already."""
        self._next = max(self._next, before)
        self.poll()

    def poll(self) -> None:
        """Takes the result of a process that has ended; starts the next one that is due."""
        if self._process is not None:
            if self._process.poll() is None:
                return
            self._end()
        if self._next and log_file.released(self._folder, self._next):
            command = [sys.executable, "-m", "stagebook.serving.log.days"]
            with contextlib.suppress(OSError):  # it is tried again at the next start
                self._process = subprocess.Popen(
                    [*command, str(self._folder), self._next],
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.PIPE,
                    text=True,
                    start_new_session=True,
                )
        self._next = ""

    def finish(self) -> None:
        """Waits until everything is closed that can be."""
        self.poll()
        while self._process is not None:
            self._end()
            self.poll()

    def _end(self) -> None:
        if self._process is not None:
            _, error = self._process.communicate()
            self.failure = error.strip() if self._process.returncode else ""
            self._process = None


class LogWriter:
    """The files that one worker writes.

    Args:
        folder: The folder of the log.
        worker: Number of the worker.
        clock: Returns the time, seconds since 1970.
    """

    def __init__(self, folder: Path, worker: int, clock: Callable[[], float]) -> None:
        self._folder = folder
        self._worker = worker
        self._clock = clock
        self._files: dict[str, LogFile] = {}
        self._newest = ""
        self.closer = DayCloser(folder)

    def open(self) -> None:
        """Opens the file of today.

        Raises:
            OSError: It cannot be written.
            sqlite3.Error: The same.
        """
        self._file(day_of(self._clock()))

    def write(self, day: str, entries: Sequence[StoredEntry]) -> None:
        """Writes entries of one day, all or none of them.

        Raises:
            OSError: They cannot be written.
            sqlite3.Error: The same.
        """
        try:
            self._file(day).append(entries)
        except sqlite3.DatabaseError as error:
            if type(error) is sqlite3.DatabaseError:  # the file is damaged; the next is a new one
                self._drop(day)
            raise
        self.close_before(day)
        self.closer.poll()

    def close_before(self, day: str) -> None:
        """Ends the days before another one; does nothing if it did that already."""
        if day > self._newest:
            self._newest = day
            self._release(before=day)
            self.closer.start(day)

    def look_around(self) -> None:
        """Ends the days that are over, though no request came."""
        self.close_before(day_of(self._clock()))
        self.closer.poll()

    def close(self) -> None:
        """Closes all files and all past days."""
        self._release()
        self.closer.start(day_of(self._clock()))
        self.closer.finish()

    def _release(self, before: str = "~") -> None:
        for day in [day for day in self._files if day < before]:
            self._drop(day)

    def _drop(self, day: str) -> None:
        with contextlib.suppress(Exception):  # all that was committed is there already
            self._files.pop(day).close()

    def _file(self, day: str) -> LogFile:
        """The open file of a day; a new one if there is none, or somebody removed it."""
        file = self._files.get(day)
        if file is not None and not file.is_in_place:
            self._drop(day)
            file = None
        if file is None:
            file = self._files[day] = LogFile.create(self._folder, day, self._worker)
        return file
