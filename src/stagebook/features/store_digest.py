"""The digest of an online store: whether its file is as it was written.

SQLite notices a damaged page only when a request reads it, or never. So a store has a table
``content`` with the SHA-256 of its file. Left out are the table's own page and the counters that
SQLite changes when the digest is stored.
"""

import hashlib
import sqlite3
from pathlib import Path

APPLICATION = 0x53424F4E
"""SQLite's ``application_id`` of a store, by which one with damaged pages is still recognized."""

_MAGIC = b"SQLite format 3\0"
_COUNTERS = (slice(24, 28), slice(92, 100))  # changes, and which SQLite made the last of them
_APPLICATION = slice(68, 72)
_CHUNK = 1 << 20
_TABLE = "CREATE TABLE IF NOT EXISTS content (digest TEXT)"
_OLD_VIEWS = "CREATE TABLE views (name TEXT PRIMARY KEY, digest TEXT,"


def connect(path: Path) -> sqlite3.Connection:
    """A file, open for reading by any thread; nobody may write it meanwhile."""
    uri = f"{path.absolute().as_uri()}?mode=ro&immutable=1"
    return sqlite3.connect(uri, uri=True, check_same_thread=False)


def prepare(base: sqlite3.Connection) -> None:
    """Makes place for the digest, within the transaction that writes the store."""
    base.execute(f"PRAGMA application_id = {APPLICATION}")
    base.execute(_TABLE)
    base.execute("DELETE FROM content")
    base.execute("INSERT INTO content VALUES (?)", ("0" * 64,))


def store(base: sqlite3.Connection, path: Path) -> None:
    """Stores the digest of a file to which everything else has been written."""
    base.execute("UPDATE content SET digest = ?", (_digest(base, path),))


def require(base: sqlite3.Connection, path: Path) -> None:
    """Checks that a file is as it was written.

    Raises:
        OSError: It is not.
        sqlite3.Error: It is damaged so much that SQLite notices.
    """
    (pages,), (size,) = (
        base.execute(f"PRAGMA {name}").fetchone() for name in ("page_count", "page_size")
    )
    if path.stat().st_size < pages * size:
        raise OSError("it is cut off")
    digests = base.execute("SELECT digest FROM content").fetchall()
    if digests != [(_digest(base, path),)]:
        raise OSError("the file changed after it was written")


def is_store(path: Path) -> bool:
    """Whether a file is an online store of any format, also a damaged one."""
    with path.open("rb") as file:
        header = file.read(100)
    if not header.startswith(_MAGIC):
        return False
    return int.from_bytes(header[_APPLICATION]) == APPLICATION or _is_old(path)


def _is_old(path: Path) -> bool:
    """Whether an SQLite file is a store of format 1 or 2, which had no ``application_id``."""
    try:
        base = connect(path)
        try:
            (version,) = base.execute("PRAGMA user_version").fetchone()
            tables = base.execute("SELECT sql FROM sqlite_master WHERE name = 'views'").fetchall()
        finally:
            base.close()
    except (sqlite3.Error, UnicodeDecodeError):
        return False
    return version in (1, 2) and len(tables) == 1 and str(tables[0][0]).startswith(_OLD_VIEWS)


def _digest(base: sqlite3.Connection, path: Path) -> str:
    (size,) = base.execute("PRAGMA page_size").fetchone()
    query = "SELECT rootpage FROM sqlite_master WHERE name = 'content'"
    places = base.execute(query).fetchall()
    if len(places) != 1:
        raise OSError("it has no digest")
    own = (places[0][0] - 1) * size
    total = hashlib.sha256()
    with path.open("rb") as file:
        start = bytearray(file.read(size))
        for counter in _COUNTERS:
            start[counter] = bytes(counter.stop - counter.start)
        total.update(start)
        while file.tell() < own and (part := file.read(min(_CHUNK, own - file.tell()))):
            total.update(part)
        file.seek(own + size)
        while part := file.read(_CHUNK):
            total.update(part)
    return total.hexdigest()
