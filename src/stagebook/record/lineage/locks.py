"""Every ``dvc.lock`` that git remembers, each of its stages read once."""

import dataclasses
import hashlib
import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from stagebook.errors import StagebookError
from stagebook.pipeline import lock
from stagebook.pipeline.dvc import Hashed
from stagebook.pipeline.dvc_file import LOCK
from stagebook.pipeline.lock import Entry, Lock
from stagebook.record import git
from stagebook.record.git import Committed
from stagebook.record.index import Index

_AT_ONCE = 50
_TIPS = "tips"


@dataclass(frozen=True, slots=True)
class Past:
    """A stage's entry, with the commits that brought a ``dvc.lock`` with it.

    Attributes:
        entry: The entry.
        commits: Newest first.
    """

    entry: Entry
    commits: tuple[Committed, ...]


@dataclass(frozen=True, slots=True)
class Locks:
    """The locks of one project.

    Attributes:
        root: The project's root.
        index: Where what was read once is kept.
    """

    root: Path
    index: Index

    def refresh(self) -> None:
        """Reads the locks of commits that are new; nothing where git has nothing new."""
        tips = hashlib.sha256((git.tips(self.root) or "").encode()).hexdigest()
        if self.index.ask("SELECT 1 FROM notes WHERE key = ? AND value = ?", _TIPS, tips):
            return
        commits = git.commits_of(self.root, LOCK)
        for _ in range(2):  # again, should the first have ended in an index in memory
            known = {blob for (blob,) in self.index.ask("SELECT blob FROM locks")}
            new = list(dict.fromkeys(one.blob for one in commits if one.blob not in known))
            for start in range(0, len(new), _AT_ONCE):  # what was read is kept if this is cut off
                texts = list(git.blobs(self.root, new[start : start + _AT_ONCE]))
                self.index.change(partial(_put_all, texts=texts))
        self.index.change(lambda connection: _put_commits(connection, commits, tips))

    def read(self, text: str) -> Lock:
        """What the text of a lock says; what was read before is not read again."""
        data = text.encode()
        blob = hashlib.sha1(b"blob %d\0" % len(data) + data, usedforsecurity=False).hexdigest()
        if not self.index.ask("SELECT 1 FROM locks WHERE blob = ? AND trouble IS NULL", blob):
            self.index.change(lambda connection: _put_all(connection, [(blob, text)]))
        rows = self.index.ask(
            "SELECT value FROM lock_entries JOIN entries ON key = entry WHERE blob = ?", blob
        )
        if not rows:
            return lock.parse(text)  # raises what is wrong with it
        return Lock({one.stage: one for one in _entries(rows)})

    def wrote(self, path: str, md5: str) -> tuple[Past, ...]:
        """The committed entries that have this file among their outputs, newest first."""
        return self._past(path, md5, wrote=True)

    def used(self, path: str, md5: str) -> tuple[Past, ...]:
        """The committed entries that have this file among their inputs, newest first."""
        return self._past(path, md5, wrote=False)

    def contents(self, path: str) -> tuple[str, ...]:
        """The hashes that a path had in committed locks, newest first."""
        rows = self.index.ask(
            "SELECT md5 FROM entry_files JOIN lock_entries USING (entry) JOIN commits USING (blob)"
            " WHERE path = ? GROUP BY md5 ORDER BY min(place)",
            path,
        )
        return tuple(md5 for (md5,) in rows)

    def starting(self, digits: str) -> tuple[tuple[str, str], ...]:
        """The path and hash of every file in committed locks whose hash starts so."""
        rows = self.index.ask(
            "SELECT DISTINCT path, md5 FROM entry_files WHERE md5 >= ? AND md5 < ? AND entry IN"
            " (SELECT entry FROM lock_entries JOIN commits USING (blob))",
            digits,
            f"{digits}g",
        )
        return tuple(rows)

    def paths(self) -> frozenset[str]:
        """Every path in committed locks."""
        return frozenset(
            path for (path,) in self.index.ask("SELECT DISTINCT path FROM entry_files")
        )

    def _past(self, path: str, md5: str, *, wrote: bool) -> tuple[Past, ...]:
        rows = self.index.ask(
            "SELECT value, hash, date, blob FROM entry_files"
            " JOIN entries ON entries.key = entry_files.entry"
            " JOIN lock_entries ON lock_entries.entry = entries.key"
            " JOIN commits USING (blob)"
            " WHERE path = ? AND md5 = ? AND wrote = ? ORDER BY place",
            path,
            md5,
            wrote,
        )
        found: dict[str, list[Committed]] = {}
        for value, *commit in rows:
            found.setdefault(value, []).append(Committed(*commit))
        return tuple(
            Past(entry, tuple(commits))
            for value, commits in found.items()
            for entry in _entries([(value,)])
            if (path, md5) in {(one.path, one.md5) for one in (entry.outs if wrote else entry.deps)}
        )


def _entries(rows: Iterable[tuple[Any, ...]]) -> Iterator[Entry]:
    for (value,) in rows:
        for one in json.loads(value):
            files = {key: tuple(Hashed(**file) for file in one[key]) for key in ("deps", "outs")}
            yield Entry(one["stage"], one["cmd"], **files, params=one["params"])


def _put_all(connection: sqlite3.Connection, texts: Iterable[tuple[str, str]]) -> None:
    for blob, text in texts:
        connection.execute("DELETE FROM locks WHERE blob = ?", (blob,))
        try:
            keys = [_put(connection, piece) for piece in lock.split(text)]
        except StagebookError as error:  # the marks of a merge were committed
            connection.execute("INSERT INTO locks VALUES (?, ?)", (blob, str(error)))
            continue
        connection.execute("INSERT INTO locks VALUES (?, NULL)", (blob,))
        connection.executemany(
            "INSERT OR IGNORE INTO lock_entries VALUES (?, ?)", [(blob, key) for key in keys]
        )


def _put(connection: sqlite3.Connection, piece: str) -> int:
    digest = hashlib.sha256(piece.encode(errors="replace")).hexdigest()
    for (key,) in connection.execute("SELECT key FROM entries WHERE digest = ?", (digest,)):
        return int(key)
    entries = tuple(lock.parse(piece).entries.values())
    value = json.dumps([_plain(one) for one in entries], default=str)
    added = connection.execute(
        "INSERT INTO entries (digest, value) VALUES (?, ?)", (digest, value)
    ).lastrowid
    files = [
        (added, wrote, one.path, one.md5)
        for entry in entries
        for wrote, listed in ((True, entry.outs), (False, entry.deps))
        for one in listed
    ]
    connection.executemany("INSERT INTO entry_files VALUES (?, ?, ?, ?)", files)
    return int(added or 0)


def _plain(entry: Entry) -> Mapping[str, Any]:
    return dataclasses.asdict(entry)


def _put_commits(connection: sqlite3.Connection, commits: Iterable[Committed], tips: str) -> None:
    connection.execute("DELETE FROM commits")
    connection.executemany(
        "INSERT INTO commits (hash, date, blob) VALUES (?, ?, ?)",
        [(one.commit, one.date, one.blob) for one in commits],
    )
    connection.execute("INSERT OR REPLACE INTO notes VALUES (?, ?)", (_TIPS, tips))
