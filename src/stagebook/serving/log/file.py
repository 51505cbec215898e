"""The log of one worker process and one day (UTC): a SQLite file in WAL mode."""

import contextlib
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from stagebook.execution import locks
from stagebook.serving import ids
from stagebook.serving.log.entry import COLUMNS, StoredEntry, Use

FORMAT = 2
"""SQLite's ``user_version``. Files of format 1 have no keys."""

OPEN = "open"
"""The folder of the files, in that of the log."""

_SHAPES = "CREATE TABLE shapes (shape INTEGER PRIMARY KEY, columns TEXT NOT NULL)"
_REQUESTS = f"CREATE TABLE requests ({', '.join(COLUMNS)})"
_INDEX = "CREATE INDEX requests_request ON requests (request)"
_INSERT = f"INSERT INTO requests VALUES ({', '.join('?' * len(COLUMNS))})"
_SHAPED = ("feature_shape", "prediction_shape", "key_shape")
_PLACES = tuple(COLUMNS.index(name) for name in _SHAPED)
_USED = ("package", *_SHAPED)


def _selected(names: Iterable[str]) -> str:
    """What SQLite is asked for: columns, and shapes instead of their numbers."""
    shape = "(SELECT columns FROM shapes WHERE shape = {})"
    return ", ".join(shape.format(name) if name.endswith("_shape") else name for name in names)


class LogFile:
    """A file that this process writes, and that no other process closes meanwhile.

    Attributes:
        path: The file; its name is ``<day>.<worker>.<id>.sqlite``.
    """

    def __init__(
        self, path: Path, base: sqlite3.Connection, lock: contextlib.ExitStack, inode: int
    ) -> None:
        self.path = path
        self._base = base
        self._lock = lock
        self._inode = inode
        self._shapes: dict[str, int] = {}

    @classmethod
    def create(cls, folder: Path, day: str, worker: int) -> Self:
        """A new file.

        Args:
            folder: The folder of the log.
            day: Such as ``2026-11-29``.
            worker: Number of the worker.

        Raises:
            OSError: The file cannot be written.
            sqlite3.Error: The same.
        """
        path = folder / OPEN / f"{day}.{worker}.{ids.new_id()}.sqlite"
        with contextlib.ExitStack() as stack:
            stack.callback(lock_of(path).unlink, missing_ok=True)
            lock = stack.enter_context(contextlib.ExitStack())
            lock.enter_context(locks.hold(lock_of(path)))
            stack.callback(remove, path)
            base = _connect(path)
            stack.callback(base.close)
            base.execute("PRAGMA journal_mode = WAL")
            base.execute("PRAGMA synchronous = FULL")
            with _transaction(base):
                for statement in (_SHAPES, _REQUESTS, _INDEX):
                    base.execute(statement)
                base.execute(f"PRAGMA user_version = {FORMAT}")
            inode = path.stat().st_ino
            stack.pop_all()
        return cls(path, base, lock, inode)

    @property
    def is_in_place(self) -> bool:
        """Whether the file is still where it was created; SQLite would write into a deleted one."""
        try:
            return self.path.stat().st_ino == self._inode
        except OSError:
            return False

    def append(self, entries: Sequence[StoredEntry]) -> None:
        """Writes entries, all or none of them.

        Raises:
            sqlite3.Error: They cannot be written.
        """
        shapes = dict(self._shapes)
        values = [[getattr(entry, name) for name in COLUMNS] for entry in entries]
        for row in values:
            for place in _PLACES:
                if row[place] is not None:
                    row[place] = shapes.setdefault(row[place], len(shapes))
        added = [(number, text) for text, number in shapes.items() if text not in self._shapes]
        with _transaction(self._base):
            self._base.executemany("INSERT INTO shapes VALUES (?, ?)", added)
            self._base.executemany(_INSERT, values)
        self._shapes = shapes

    def close(self) -> None:
        """Closes the file; from now on it may become a part of a closed day."""
        with self._lock:
            self._base.close()


def _connect(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(path, isolation_level=None, check_same_thread=False)


@contextlib.contextmanager
def _transaction(base: sqlite3.Connection) -> Iterator[None]:
    base.execute("BEGIN IMMEDIATE")
    try:
        yield
        base.execute("COMMIT")
    except BaseException:
        if base.in_transaction:
            with contextlib.suppress(sqlite3.Error):
                base.execute("ROLLBACK")
        raise


def lock_of(path: Path) -> Path:
    """The file that is locked while a process writes a file of the log."""
    return path.with_suffix(".lock")


def remove(path: Path) -> None:
    """Removes a file with what SQLite has beside it; its lock last."""
    for ending in ("", "-wal", "-shm"):
        path.with_name(f"{path.name}{ending}").unlink(missing_ok=True)
    lock_of(path).unlink(missing_ok=True)


def day_of(path: Path) -> str:
    """The day of a file, such as ``2026-11-29``."""
    return path.name.partition(".")[0]


def files(folder: Path, day: str | None = None) -> list[Path]:
    """The files of a log that are not part of a closed day, sorted.

    Args:
        folder: The folder of the log.
        day: Only files of this day.
    """
    return sorted((folder / OPEN).glob(f"{day or '*'}.*.sqlite"))


def released(folder: Path, before: str) -> list[Path]:
    """The files of days before another one, which no process writes."""
    return [
        path for path in files(folder) if day_of(path) < before and not locks.is_held(lock_of(path))
    ]


@dataclass(frozen=True, slots=True)
class LogFileReader:
    """A file that is open for reading, also while its worker writes it."""

    base: sqlite3.Connection

    @classmethod
    @contextlib.contextmanager
    def open(cls, path: Path) -> Iterator[Self]:
        """A file. Entries that a killed worker left in the WAL are read, too.

        Raises:
            sqlite3.Error: The file is missing or damaged.
        """
        uri = f"{path.absolute().as_uri()}?mode=rw"
        base = sqlite3.connect(uri, uri=True, isolation_level=None)
        with contextlib.closing(base):
            yield cls(base)

    @property
    def is_empty(self) -> bool:
        """Whether its worker was killed before its first commit."""
        query = "SELECT count(*) FROM sqlite_master WHERE name = 'requests'"
        (tables,) = self.base.execute(query).fetchone()
        return not tables

    def begin(self) -> None:
        """From now on, reads the file as it is now, even after it is removed."""
        self.base.execute("BEGIN")
        self.base.execute("SELECT count(*) FROM sqlite_master").fetchone()

    def require_whole(self) -> None:
        """Raises a sqlite3.DatabaseError if the file is damaged."""
        (verdict,) = self.base.execute("PRAGMA quick_check(1)").fetchone()
        if verdict != "ok":
            raise sqlite3.DatabaseError(verdict)

    @property
    def _columns(self) -> set[str]:
        """The columns that it has; a file of format 1 has no keys."""
        return {name for _, name, *_ in self.base.execute("PRAGMA table_info(requests)")}

    def uses(self) -> list[Use]:
        """Packages with the shapes of features, predictions and keys, as JSON, each once."""
        if self.is_empty:
            return []
        own = self._columns
        names = [name for name in _USED if name in own]
        distinct = f"SELECT DISTINCT {', '.join(names)} FROM requests"
        order = ", ".join(str(place + 1) for place in range(len(names)))
        query = f"SELECT {_selected(names)} FROM ({distinct}) ORDER BY {order}"
        absent = [None] * (len(_USED) - len(names))
        return [(*row, *absent) for row in self.base.execute(query)]

    def entries(self, request: str | None = None) -> Iterator[StoredEntry]:
        """The entries by request and role.

        Args:
            request: Only those of this request.
        """
        if self.is_empty:
            return
        condition, values = ("WHERE request = ?", [request]) if request else ("", [])
        own = self._columns
        names = _selected(name for name in COLUMNS if name in own)
        query = f"SELECT {names} FROM requests {condition} ORDER BY request, role"
        for row in self.base.execute(query, values):
            yield StoredEntry(*row)
