"""An index in SQLite that may be lost at any time, since all in it can be read again."""

import contextlib
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

T = TypeVar("T")
Row = tuple[Any, ...]

VERSION = 4
_MEMORY = ":memory:"
_PATIENCE = 10.0  # seconds; another process may be filling the index with thousands of records
_SCHEMA = """
CREATE TABLE records (
  key INTEGER PRIMARY KEY, name TEXT UNIQUE, stage TEXT, outcome TEXT, build INTEGER,
  repro TEXT, source TEXT, code TEXT, metrics TEXT, trouble TEXT, stamp TEXT
);
CREATE INDEX records_stage ON records (stage, name);
CREATE INDEX records_repro ON records (repro);
CREATE TABLE files (record INTEGER, wrote INTEGER, path TEXT, md5 TEXT);
CREATE INDEX files_record ON files (record);
CREATE INDEX files_path ON files (path, md5);
CREATE INDEX files_md5 ON files (md5);
CREATE TABLE locks (blob TEXT PRIMARY KEY, trouble TEXT);
CREATE TABLE entries (key INTEGER PRIMARY KEY, digest TEXT UNIQUE, value TEXT);
CREATE TABLE lock_entries (blob TEXT, entry INTEGER, PRIMARY KEY (blob, entry)) WITHOUT ROWID;
CREATE INDEX lock_entries_entry ON lock_entries (entry);
CREATE TABLE entry_files (entry INTEGER, wrote INTEGER, path TEXT, md5 TEXT);
CREATE INDEX entry_files_path ON entry_files (path, md5);
CREATE INDEX entry_files_md5 ON entry_files (md5);
CREATE TABLE commits (place INTEGER PRIMARY KEY, hash TEXT, date TEXT, blob TEXT);
CREATE INDEX commits_blob ON commits (blob);
CREATE TABLE notes (key TEXT PRIMARY KEY, value TEXT);
"""


@contextlib.contextmanager
def writing(connection: sqlite3.Connection) -> Iterator[None]:
    """Locks the index for writing; the block writes all of its changes, or none."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")


class Index:
    """An open index; it is in memory if its file cannot be opened.

    A file that is damaged, or of another version, is deleted and created again. A file that
    cannot be written, on a full disk or in a read-only folder, stays as it is.

    Args:
        path: The index's file; its folder is created.
        fill: Adds what is missing, and deletes what no longer exists.
    """

    def __init__(self, path: Path, fill: Callable[[sqlite3.Connection], None]) -> None:
        self._path, self._fill = path, fill
        self._connection = self._open()

    def ask(self, sql: str, *values: object) -> list[Row]:
        """The rows that a query in SQL returns."""
        return self._with_repair(lambda connection: connection.execute(sql, values).fetchall())

    def change(self, work: Callable[[sqlite3.Connection], None]) -> None:
        """Writes to the index, completely or not at all; on a full disk, to one in memory."""

        def in_transaction(connection: sqlite3.Connection) -> None:
            with writing(connection):
                work(connection)

        try:
            self._with_repair(in_transaction)
        except sqlite3.OperationalError:
            self._connection.close()
            self._connection = self._filled(_MEMORY)
            in_transaction(self._connection)

    def close(self) -> None:
        """Closes the file."""
        self._connection.close()

    def _with_repair(self, work: Callable[[sqlite3.Connection], T]) -> T:
        try:
            return work(self._connection)
        except sqlite3.DatabaseError as error:  # damaged in a part that filling did not read
            if not _is_damaged(error):
                raise
            self._connection.close()
            self._discard()
            self._connection = self._open()
            return work(self._connection)

    def _open(self) -> sqlite3.Connection:
        for may_retry in (True, False):
            try:
                self._path.parent.mkdir(parents=True, exist_ok=True)
                return self._filled(str(self._path))
            except sqlite3.DatabaseError as error:
                if not (may_retry and _is_damaged(error) and self._discard()):
                    break
            except OSError:
                break
        return self._filled(_MEMORY)

    def _filled(self, place: str) -> sqlite3.Connection:
        connection = sqlite3.connect(place, timeout=_PATIENCE, isolation_level=None)
        try:
            if _version(connection) != VERSION:
                with writing(connection):
                    _create_tables(connection)
            self._fill(connection)
        except BaseException:
            connection.close()
            raise
        return connection

    def _discard(self) -> bool:
        try:
            for suffix in ("", "-journal"):
                self._path.with_name(self._path.name + suffix).unlink(missing_ok=True)
        except OSError:
            return False
        return True


def _version(connection: sqlite3.Connection) -> int:
    [(version,)] = connection.execute("PRAGMA user_version").fetchall()
    return int(version)


def _create_tables(connection: sqlite3.Connection) -> None:
    version = _version(connection)  # another process may have been faster
    if version not in (0, VERSION):
        raise sqlite3.NotSupportedError(f"the index is of version {version}")
    for statement in _SCHEMA.split(";") if version == 0 else ():
        connection.execute(statement)
    connection.execute(f"PRAGMA user_version = {VERSION}")


def _is_damaged(error: sqlite3.DatabaseError) -> bool:
    """Whether the file is damaged or not our index, and not just unavailable at the moment."""
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    codes = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_ERROR)
    return isinstance(error, sqlite3.NotSupportedError) or code in codes
