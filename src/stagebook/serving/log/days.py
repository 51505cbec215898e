"""Closed days of the log: SQLite files become one Parquet file, with a profile per package.

Runs as a process of its own with low priority: ``python -m stagebook.serving.log.days``.
"""

import contextlib
import heapq
import json
import os
import sqlite3
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Self

import pyarrow as pa
import pyarrow.parquet as pq

from stagebook.execution import locks
from stagebook.project.errors import Problem, StagebookError, Where
from stagebook.serving.log import file as log_file
from stagebook.serving.log.day_profiles import HIDDEN, write_profiles
from stagebook.serving.log.entry import StoredEntry
from stagebook.serving.log.file import LogFileReader
from stagebook.serving.log.table import FORMAT, KEY, Layout, tables

DAYS = "days"
"""The folder of closed days, in that of the log."""

DAMAGED = "damaged"
"""The folder of files that cannot be read, in that of the log."""

_NICENESS = 10


@dataclass(frozen=True, slots=True)
class DayFile:
    """What a Parquet file of a closed day says of itself.

    Attributes:
        path: The file.
        sources: Names of the files that it was made of.
        layout: Its columns.
    """

    path: Path
    sources: tuple[str, ...]
    layout: Layout

    @classmethod
    def from_path(cls, path: Path) -> Self:
        """The description of a file.

        Raises:
            StagebookError: It is not a closed day (``bad-request-log``).
        """
        try:
            plain = json.loads((pq.read_schema(path).metadata or {})[KEY])
            if plain["format"] not in (1, FORMAT):
                reason = f"It has format {plain['format']}; this Stagebook reads 1 and {FORMAT}"
                raise unreadable_log(path, reason)
            return cls(path, tuple(plain["sources"]), Layout.from_json(plain["layout"]))
        except (OSError, pa.ArrowException, KeyError, TypeError, ValueError) as error:
            raise unreadable_log(path, str(error).splitlines()[0]) from error

    @property
    def metadata(self) -> dict[bytes, bytes]:
        """The description for the file's schema."""
        plain = {"format": FORMAT, "sources": self.sources, "layout": self.layout.as_json()}
        return {KEY: json.dumps(plain).encode()}


def unreadable_log(path: Path, reason: str) -> StagebookError:
    """The error for a file of the log that cannot be read."""
    message = f"This file of the request log cannot be read: {reason.rstrip('.')}."
    hint = "Check the permissions of the file. If it is damaged, move it out of the log's folder."
    return StagebookError(Problem("bad-request-log", message, hint, Where(str(path))))


def day_files(folder: Path, day: str | None = None) -> list[Path]:
    """The Parquet files of closed days, sorted by day and number."""
    paths = (folder / DAYS).glob(f"{day or '[0-9]'}*.parquet")
    return sorted(paths, key=lambda path: (log_file.day_of(path), _number(path)))


def _number(path: Path) -> int:
    _, _, number = path.stem.partition(".")
    return int(number) if number.isdecimal() else 0


def close_days(folder: Path, before: str) -> list[Path]:
    """Closes all days before another one, as far as no process writes their files.

    Args:
        folder: The folder of the log.
        before: Such as ``2026-11-29``.

    Returns:
        The new Parquet files.

    Raises:
        StagebookError: A day could not be closed, or a file is damaged; all other days are closed.
    """
    if not (folder / log_file.OPEN).is_dir():
        return []
    new: list[Path] = []
    problems: list[Problem] = []
    with locks.hold(folder / DAYS / ".lock"):
        for path in (folder / DAYS).glob(f"{HIDDEN}*"):
            path.unlink()
        for day, paths in groupby(log_file.released(folder, before), log_file.day_of):
            try:
                new += _close(folder, day, list(paths), problems)
            except StagebookError as error:
                problems.extend(error.problems)
            except (OSError, sqlite3.Error, pa.ArrowException) as error:
                problems.append(_not_closed(folder, day, error))
        _remove_locks(folder, before)
    if problems:
        raise StagebookError(*problems)
    return new


def _not_closed(folder: Path, day: str, error: Exception) -> Problem:
    message = f"The day {day} of the request log could not be closed: {error}."
    hint = "Check the free space on the disk; the day is closed when the server starts again."
    return Problem("request-log-not-written", message, hint, Where(str(folder)))


def _remove_locks(folder: Path, before: str) -> None:
    """Removes the locks of workers that were killed before they wrote a file."""
    for lock in (folder / log_file.OPEN).glob("*.lock"):
        is_left = not lock.with_suffix(".sqlite").exists() and not locks.is_held(lock)
        if log_file.day_of(lock) < before and is_left:
            lock.unlink(missing_ok=True)


def _close(folder: Path, day: str, paths: list[Path], problems: list[Problem]) -> list[Path]:
    """Closes one day. A crash at any point loses nothing and doubles nothing.

    The Parquet file names its sources. If it exists, its sources are not merged again, and are
    removed once they have profiles.
    """
    merged: dict[str, DayFile] = {}
    for path in day_files(folder, day):
        description = DayFile.from_path(path)
        merged |= dict.fromkeys(description.sources, description)
    left = [path for path in paths if path.name in merged]
    new = _merge(folder, day, [path for path in paths if path.name not in merged], problems)
    again = {merged[path.name].path: merged[path.name] for path in left}
    for description in (*again.values(), *new):
        try:
            write_profiles(description.path, description.layout)
        except StagebookError as error:
            problems.extend(error.problems)
    for path in left:
        log_file.remove(path)
    for description in new:
        for name in description.sources:
            log_file.remove(folder / log_file.OPEN / name)
    return [description.path for description in new]


def _merge(folder: Path, day: str, paths: list[Path], problems: list[Problem]) -> list[DayFile]:
    """Writes the entries of files into one Parquet file, if there are any."""
    with contextlib.ExitStack() as stack:
        readers, uses = {}, []
        for path in paths:
            try:
                reader = stack.enter_context(LogFileReader.open(path))
                reader.require_whole()
                uses += reader.uses()
                readers[path] = reader
            except sqlite3.DatabaseError as error:
                problems.extend(_put_aside(folder, path, error))
        if not uses:
            stack.close()
            for path in readers:
                log_file.remove(path)
            return []
        layout = Layout.of(uses)
        sources = tuple(path.name for path in readers)
        description = DayFile(_next_file(folder, day), sources, layout)
        _write(description, tables(layout, merged_entries(readers.values())))
    return [description]


def _next_file(folder: Path, day: str) -> Path:
    number = max(map(_number, day_files(folder, day)), default=-1) + 1
    return folder / DAYS / f"{day}{f'.{number}' if number else ''}.parquet"


def add_file(folder: Path, day: str, source: str, layout: Layout, rows: pa.Table) -> None:
    """Adds a file to a closed day, with its profile; hold the lock of the days.

    Args:
        folder: The folder of the log.
        day: Such as ``2026-11-29``.
        source: A name for what the rows come from.
        layout: The columns.
        rows: The rows, sorted by request.

    Raises:
        OSError: The file cannot be written.
    """
    description = DayFile(_next_file(folder, day), (source,), layout)
    _write(description, [rows])
    write_profiles(description.path, layout)


def _put_aside(folder: Path, path: Path, error: sqlite3.Error) -> Sequence[Problem]:
    """Moves a damaged file away, so that it is reported once."""
    if isinstance(error, sqlite3.OperationalError):
        return unreadable_log(path, str(error)).problems
    (folder / DAMAGED).mkdir(exist_ok=True)
    for ending in ("", "-wal"):
        part = path.with_name(f"{path.name}{ending}")
        if part.exists():
            part.replace(folder / DAMAGED / part.name)
    log_file.remove(path)
    return unreadable_log(folder / DAMAGED / path.name, str(error)).problems


def merged_entries(readers: Iterable[LogFileReader]) -> Iterator[StoredEntry]:
    """The entries of several files by request and role."""
    parts = [reader.entries() for reader in readers]
    return heapq.merge(*parts, key=lambda entry: (entry.request, entry.role))


def _write(description: DayFile, parts: Iterable[pa.Table]) -> None:
    """Writes a Parquet file beside its place, then renames it."""
    schema = description.layout.schema.with_metadata(description.metadata)
    hidden = description.path.with_name(f"{HIDDEN}{description.path.name}")
    with hidden.open("wb") as file:
        with pq.ParquetWriter(file, schema, compression="zstd") as writer:
            for table in parts:
                writer.write_table(table.cast(schema))
        file.flush()
        os.fsync(file.fileno())
    hidden.replace(description.path)
    place = os.open(description.path.parent, os.O_RDONLY)
    try:
        os.fsync(place)  # otherwise a power loss could undo the rename after the removal
    finally:
        os.close(place)


def main(arguments: Sequence[str]) -> int:
    """Closes days; prints problems on the standard error.

    Args:
        arguments: The folder of the log and the day before which all are closed.
    """
    folder, before = arguments
    os.nice(_NICENESS)
    try:
        close_days(Path(folder), before)
    except (StagebookError, OSError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
