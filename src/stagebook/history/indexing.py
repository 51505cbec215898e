"""The records of a folder, put into their index."""

import json
import os
import sqlite3
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

from stagebook.history.index import writing
from stagebook.record import reading
from stagebook.record.record import Record


def refresh(connection: sqlite3.Connection, records: Path) -> None:
    """Adds the new records, and deletes those whose files no longer exist."""
    names = _names(records)
    if _missing(connection, names) or _outdated(connection, records, names):
        with writing(connection):  # checks again: another process may have been faster
            for key in _outdated(connection, records, names):
                connection.execute("DELETE FROM records WHERE key = ?", (key,))
                connection.execute("DELETE FROM files WHERE record = ?", (key,))
            for name in _missing(connection, names):
                _put(connection, name, records)


def _names(records: Path) -> set[str]:
    try:
        names = os.listdir(records)
    except FileNotFoundError:
        return set()
    files = (name for name in names if name.endswith(".json") and not name.startswith("."))
    return {name.removesuffix(".json") for name in files}


def _missing(connection: sqlite3.Connection, names: set[str]) -> list[str]:
    return sorted(names - {name for (name,) in connection.execute("SELECT name FROM records")})


def _outdated(connection: sqlite3.Connection, records: Path, names: set[str]) -> list[int]:
    """Keys of records to delete: the file is missing, or was unreadable and has changed since."""
    rows = connection.execute("SELECT key, name, trouble, stamp FROM records").fetchall()
    return [
        key
        for key, name, trouble, stamp in rows
        if name not in names or (trouble and stamp != _stamp(records, name))
    ]


def _stamp(records: Path, name: str) -> str:
    try:
        state = (records / f"{name}.json").stat()
    except OSError:
        return ""
    return f"{state.st_size} {state.st_mtime_ns}"


def _put(connection: sqlite3.Connection, name: str, records: Path) -> None:
    stamp = _stamp(records, name)
    try:
        record = reading.read(records / f"{name}.json")
        files = tuple(_files(record))
        _require_unicode(record.stage, record.outcome, record.source, *(file[1] for file in files))
    except (OSError, ValueError) as error:
        connection.execute(
            "INSERT INTO records (name, trouble, stamp) VALUES (?, ?, ?)", (name, str(error), stamp)
        )
        return
    added = connection.execute(
        "INSERT INTO records (name, stage, outcome, source, build, repro, code, metrics)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (
            name,
            record.stage,
            record.outcome,
            record.source,
            record.build,
            record.volatile.repro,
            json.dumps(asdict(record.git) if record.git else {}),
            json.dumps(record.metrics),
        ),
    )
    connection.executemany(
        "INSERT INTO files VALUES (?, ?, ?, ?)", [(added.lastrowid, *file) for file in files]
    )


def _files(record: Record) -> Iterator[tuple[bool, str, str]]:
    for wrote, files in ((True, record.outputs), (False, record.inputs)):
        yield from ((wrote, file.path, file.md5) for file in files)


def _require_unicode(*texts: str) -> None:
    """Raises a ValueError for half of a surrogate pair, which SQLite would refuse."""
    for text in texts:
        text.encode()
