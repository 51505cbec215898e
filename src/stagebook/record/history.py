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
_SHORTEST = 6


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

    def distinct_readers(self, path: str, md5: str) -> tuple[str, ...]:
        """Of the executions that read this file, the newest of each that read and wrote the same.

        Returns:
            Their ids, newest first.
        """
        rows = self.index.ask(
            "SELECT name, stage, wrote, path, md5 FROM files JOIN records ON key = record"
            " WHERE outcome = 'done' AND record IN"
            " (SELECT record FROM files WHERE path = ? AND md5 = ? AND NOT wrote)"
            " ORDER BY name DESC",
            path,
            md5,
        )
        executions: dict[str, set[Row]] = {}
        for name, stage, *file in rows:
            executions.setdefault(name, {(stage,)}).add(tuple(file))
        newest: dict[frozenset[Row], str] = {}
        for name, files in executions.items():
            newest.setdefault(frozenset(files), name)
        return tuple(newest.values())

    def contents(self, path: str) -> tuple[str, ...]:
        """The hashes that a path had when it was read or written, newest first."""
        rows = self.index.ask(
            "SELECT md5 FROM files JOIN records ON key = record WHERE path = ?"
            " GROUP BY md5 ORDER BY max(name) DESC",
            path,
        )
        return tuple(md5 for (md5,) in rows)

    def below(self, folder: str) -> frozenset[tuple[str, str]]:
        """The path and hash of what was read or written in a folder."""
        # The character after the slash ends the range of names that start with the folder's.
        question = "SELECT DISTINCT path, md5 FROM files WHERE path > ? AND path < ?"
        return frozenset(self.index.ask(question, f"{folder}/", f"{folder}0"))

    def stages(self) -> tuple[str, ...]:
        """Every stage that has a record."""
        rows = self.index.ask("SELECT DISTINCT stage FROM records WHERE stage <> '' ORDER BY stage")
        return tuple(stage for (stage,) in rows)

    def paths(self) -> frozenset[str]:
        """Every path that was read or written."""
        return frozenset(path for (path,) in self.index.ask("SELECT DISTINCT path FROM files"))

    def starting(self, digits: str) -> tuple[tuple[str, str], ...]:
        """The path and hash of every file whose hash starts so."""
        question = "SELECT DISTINCT path, md5 FROM files WHERE md5 >= ? AND md5 < ?"
        return tuple(self.index.ask(question, digits, f"{digits}g"))

    def sources(self, digits: str) -> tuple[str, ...]:
        """The digests of sources that start so."""
        question = "SELECT DISTINCT source FROM records WHERE source >= ? AND source < ?"
        return tuple(source for (source,) in self.index.ask(question, digits, f"{digits}g"))

    def of_source(self, source: str) -> tuple[str, ...]:
        """Ids of the executions of this source, newest first, those that were done before all."""
        question = "SELECT name FROM records WHERE source = ? ORDER BY outcome <> 'done', name DESC"
        return tuple(name for (name,) in self.index.ask(question, source))

    def named(self, part: str) -> tuple[str, ...]:
        """Ids that start so, or that end so after a dash."""
        if len(part) < _SHORTEST:
            return ()
        rows = self.index.ask(
            "SELECT name FROM records WHERE (substr(name, 1, length(?1)) = ?1"
            " OR substr(name, -length(?1) - 1) = '-' || ?1) AND stage <> '' ORDER BY name",
            part,
        )
        return tuple(name for (name,) in rows)

    def of_repro(self, repro: str) -> tuple[Values, ...]:
        """The records of one ``dvc repro``, oldest first."""
        rows = self.index.ask("SELECT name FROM records WHERE repro = ? ORDER BY name", repro)
        return tuple(self._read(rows))

    def last_repro(self) -> str | None:
        """The newest ``dvc repro`` that has a record."""
        question = "SELECT repro FROM records WHERE repro IS NOT NULL ORDER BY name DESC LIMIT 1"
        return next((repro for (repro,) in self.index.ask(question)), None)

    def measured(self) -> Iterator[tuple[str, str, str | None, Values, Values]]:
        """Every build of a stage that was done and has metrics, oldest first.

        Yields:
            Id, stage, the ``dvc repro`` that it was part of, what git said, and the metrics.
        """
        rows = self.index.ask(
            "SELECT name, stage, repro, code, metrics FROM records"
            " WHERE build AND outcome = 'done' AND metrics <> '{}' ORDER BY name"
        )
        for name, stage, repro, code, metrics in rows:
            yield name, stage, repro, json.loads(code), json.loads(metrics)

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

    def before(self, name: str, stage: str, *, done: bool = False) -> Values | None:
        """The record of the execution of a stage before this one.

        Args:
            name: Id of this one.
            stage: The stage.
            done: Whether to pass over those that were not done.
        """
        only = "AND outcome = 'done'" if done else ""
        question = f"SELECT name FROM records WHERE stage = ? AND name < ? {only}"
        rows = self.index.ask(f"{question} ORDER BY name DESC LIMIT 1", stage, name)
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


def _mapping(value: Any) -> Values:
    return value if isinstance(value, dict) else {}


def _parsed(text: bytes) -> Values:
    values = json.loads(text)
    if not isinstance(values, dict) or not isinstance(values.get("volatile"), dict):
        raise ValueError("it is no record")
    return values
