"""What the records say of stages and files, found without reading all of them again."""

import contextlib
import json
import os
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from stagebook.record.index import Index, Row, writing

Values = Mapping[str, Any]
"""A record, as its file has it."""

_FILE = "history.db"


@dataclass(frozen=True, slots=True)
class History:
    """The records of one project, newest first.

    What its index holds is what the folder held when it was opened.

    Attributes:
        records: Folder of the records.
        index: What is in them, to be asked.
    """

    records: Path
    index: Index

    @classmethod
    @contextlib.contextmanager
    def open(cls, state: Path) -> Iterator["History"]:
        """The records below a project's state folder, with those that came since the last time.

        Args:
            state: The project's state folder.
        """
        records = state / "records"
        index = Index(state / "cache" / _FILE, lambda one: _refresh(one, records))
        try:
            yield cls(records, index)
        finally:
            index.close()

    @property
    def damaged(self) -> tuple[tuple[str, str], ...]:
        """Records that could not be read, each with the reason."""
        rows = self.index.ask("SELECT name, trouble FROM records WHERE trouble <> '' ORDER BY name")
        return tuple((name, trouble) for name, trouble in rows)

    def makers(self, path: str, md5: str) -> tuple[str, ...]:
        """Ids of the executions that were done and wrote this file, newest first.

        Args:
            path: Relative to the project's root.
            md5: DVC's hash of it.
        """
        return self._executions(path, md5, wrote=True)

    def readers(self, path: str, md5: str) -> tuple[str, ...]:
        """Ids of the executions that were done and read this file, newest first."""
        return self._executions(path, md5, wrote=False)

    def _executions(self, path: str, md5: str, *, wrote: bool) -> tuple[str, ...]:
        rows = self.index.ask(
            "SELECT DISTINCT name FROM files JOIN records ON key = record WHERE path = ?"
            " AND md5 = ? AND wrote = ? AND outcome = 'done' ORDER BY name DESC",
            path,
            md5,
            wrote,
        )
        return tuple(name for (name,) in rows)

    def of_repro(self, repro: str) -> tuple[Values, ...]:
        """The records of one ``dvc repro``, oldest first."""
        rows = self.index.ask("SELECT name FROM records WHERE repro = ? ORDER BY name", repro)
        return tuple(self._read(rows))

    def last(self, stage: str | None, limit: int) -> tuple[Values, ...]:
        """The newest records, newest first.

        Args:
            stage: Of this stage; None for those of all stages.
            limit: At most so many.
        """
        return tuple(self._read(self._newest("stage = ?" if stage else "?1 IS NULL", stage, limit)))

    def last_build(self, stage: str) -> Values | None:
        """The newest record of a build of this stage that was done."""
        rows = self._newest("stage = ? AND build AND outcome = 'done'", stage, 1)
        return next(self._read(rows), None)

    def before(self, name: str, stage: str) -> Values | None:
        """The record of the execution of a stage before this one."""
        rows = self.index.ask(
            "SELECT name FROM records WHERE stage = ? AND name < ? ORDER BY name DESC LIMIT 1",
            stage,
            name,
        )
        return next(self._read(rows), None)

    def _newest(self, where: str, stage: str | None, limit: int) -> list[Row]:
        question = f"SELECT name FROM records WHERE {where} AND stage <> ''"
        return self.index.ask(f"{question} ORDER BY name DESC LIMIT ?", stage, limit)

    def record(self, name: str) -> Values | None:
        """The record of an execution; None if there is none that can be read."""
        try:
            return _parsed((self.records / f"{name}.json").read_bytes())
        except (OSError, ValueError):
            return None

    def _read(self, rows: Iterable[Row]) -> Iterator[Values]:
        for (name,) in rows:
            if (found := self.record(name)) is not None:
                yield found


def _refresh(connection: sqlite3.Connection, records: Path) -> None:
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
        record = _parsed((records / f"{name}.json").read_bytes())
        row = (*_texts(record, "stage", "outcome", "source"), bool(record["build"]))
        repro, files = record["volatile"].get("repro"), list(_files(record))
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        trouble = f"{type(error).__name__}: {error}"
        connection.execute(
            "INSERT INTO records (name, trouble, stamp) VALUES (?, ?, ?)", (name, trouble, stamp)
        )
        return
    added = connection.execute(
        "INSERT INTO records (name, stage, outcome, source, build, repro)"
        " VALUES (?, ?, ?, ?, ?, ?)",
        (name, *row, None if repro is None else str(repro)),
    )
    connection.executemany(
        "INSERT INTO files VALUES (?, ?, ?, ?)", [(added.lastrowid, *one) for one in files]
    )


def _files(record: Values) -> Iterator[tuple[bool, str, str]]:
    for wrote, key in ((True, "outputs"), (False, "inputs")):
        for one in record[key]:
            path, md5 = _texts(one, "path", "md5")
            yield wrote, path, md5


def _texts(values: Values, *keys: str) -> list[str]:
    texts = [values[key] for key in keys]
    for one in texts:
        one.encode()  # no text, or half a letter, which SQLite would refuse
    return texts


def _parsed(text: bytes) -> Values:
    values = json.loads(text)
    if not isinstance(values, dict) or not isinstance(values.get("volatile"), dict):
        raise ValueError("it is no record")
    return values
