"""The records of a folder, put into their index."""

import json
import os
import sqlite3
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from stagebook.record.index import writing


def refresh(connection: sqlite3.Connection, records: Path) -> None:
    """Puts in the records that are new, and takes out those that are gone."""
    there = _names(records)
    if _missing(connection, there) or _outdated(connection, records, there):
        with writing(connection):  # asks again: another process may have been faster
            for key in _outdated(connection, records, there):
                connection.execute("DELETE FROM records WHERE key = ?", (key,))
                connection.execute("DELETE FROM files WHERE record = ?", (key,))
            for name in _missing(connection, there):
                _put(connection, name, records)


def _names(records: Path) -> set[str]:
    try:
        names = os.listdir(records)
    except FileNotFoundError:
        return set()
    files = (name for name in names if name.endswith(".json") and not name.startswith("."))
    return {name.removesuffix(".json") for name in files}


def _missing(connection: sqlite3.Connection, there: set[str]) -> list[str]:
    return sorted(there - {name for (name,) in connection.execute("SELECT name FROM records")})


def _outdated(connection: sqlite3.Connection, records: Path, there: set[str]) -> list[int]:
    """Keys of what to forget: the file is gone, or could not be read and has changed since."""
    rows = connection.execute("SELECT key, name, trouble, stamp FROM records").fetchall()
    return [
        key
        for key, name, trouble, stamp in rows
        if name not in there or (trouble and stamp != _stamp(records, name))
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
        record = parsed((records / f"{name}.json").read_bytes())
        row = (*_texts(record, "stage", "outcome", "source"), bool(record["build"]))
        repro, files = record["volatile"].get("repro"), list(_files(record))
        code, metrics = (json.dumps(_mapping(record.get(key))) for key in ("git", "metrics"))
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        trouble = f"{type(error).__name__}: {error}"
        connection.execute(
            "INSERT INTO records (name, trouble, stamp) VALUES (?, ?, ?)", (name, trouble, stamp)
        )
        return
    added = connection.execute(
        "INSERT INTO records (name, stage, outcome, source, build, repro, code, metrics)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (name, *row, None if repro is None else str(repro), code, metrics),
    )
    connection.executemany(
        "INSERT INTO files VALUES (?, ?, ?, ?)", [(added.lastrowid, *one) for one in files]
    )


def _files(record: Mapping[str, Any]) -> Iterator[tuple[bool, str, str]]:
    for wrote, key in ((True, "outputs"), (False, "inputs")):
        for one in record[key]:
            path, md5 = _texts(one, "path", "md5")
            yield wrote, path, md5


def _texts(values: Mapping[str, Any], *keys: str) -> list[str]:
    texts = [values[key] for key in keys]
    for one in texts:
        one.encode()  # no text, or half a letter, which SQLite would refuse
    return texts


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def parsed(text: bytes) -> Mapping[str, Any]:
    """The record in the text of a file.

    Raises:
        ValueError: It is none.
    """
    values = json.loads(text)
    if not isinstance(values, dict) or not isinstance(values.get("volatile"), dict):
        raise ValueError("it is no record")
    return values
