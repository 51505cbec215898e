"""Every ``dvc.lock`` in git's history; each of its stages is parsed once."""

import dataclasses
import datetime
import hashlib
import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from stagebook.history import git_locks
from stagebook.history.index import Index
from stagebook.pipeline import git, git_contents, lock
from stagebook.pipeline.dvc import HashedPath
from stagebook.pipeline.dvc_file import LOCK
from stagebook.pipeline.git import Committed
from stagebook.pipeline.git_command import GitError, GitFailure
from stagebook.pipeline.lock import Lock, LockEntry
from stagebook.project.errors import StagebookError
from stagebook.project.masks import Masks

_BATCH_SIZE = 50
_TIPS = "tips"


@dataclass(frozen=True, slots=True)
class PastEntry:
    """A stage's entry, with the commits that brought a ``dvc.lock`` with it.

    Attributes:
        entry: The entry.
        commits: Newest first.
    """

    entry: LockEntry
    commits: tuple[Committed, ...]


@dataclass(frozen=True, slots=True)
class _Version:
    """A lock's content in one commit.

    Attributes:
        folder: The folder of the lock; empty for the project's root.
        commit: The commit.
    """

    folder: str
    commit: Committed

    @property
    def key(self) -> str:
        """Its name in the index: the paths in a lock are those of its folder."""
        return f"{self.commit.blob} {self.folder}" if self.folder else self.commit.blob

    def moment(self) -> datetime.datetime:
        """When it was committed."""
        return datetime.datetime.fromisoformat(self.commit.date)


@dataclass(frozen=True, slots=True)
class PastLocks:
    """The locks of one project.

    Attributes:
        root: The project's root.
        index: Keeps what was read once.
    """

    root: Path
    index: Index

    def refresh(self) -> GitFailure | None:
        """Reads the locks of new commits, if there are any.

        Returns:
            Why git did not answer; then only the locks that were read before are known.
        """
        try:
            self.update()
        except GitError as error:
            return error.failure
        return None

    def update(self) -> None:
        """Reads the locks of new commits.

        Raises:
            GitError: Git did not answer.
        """
        tips = hashlib.sha256((git.tips(self.root) or "").encode()).hexdigest()
        if self.index.ask("SELECT 1 FROM notes WHERE key = ? AND value = ?", _TIPS, tips):
            return
        versions = self._versions()
        for _ in range(2):  # again, in case the first ended in an index in memory
            known = {key for (key,) in self.index.ask("SELECT blob FROM locks")}
            new = list(dict.fromkeys(version for version in versions if version.key not in known))
            for start in range(0, len(new), _BATCH_SIZE):  # an interruption loses one batch
                batch = new[start : start + _BATCH_SIZE]
                texts = git_contents.texts(self.root, {version.commit.blob for version in batch})
                pairs = [
                    (version, texts[name])
                    for version in batch
                    if (name := version.commit.blob) in texts
                ]
                self.index.change(partial(_put_all, texts=pairs))
        self.index.change(lambda connection: _put_commits(connection, versions, tips))

    def _versions(self) -> tuple["_Version", ...]:
        """Every version of every lock of the project, newest first."""
        versions = tuple(_Version("", file) for file in git.commits_of(self.root, LOCK))
        others = tuple(
            _Version(lock.folder_of(path), file)
            for path in git_locks.below(self.root)
            for file in git.commits_of(self.root, path)
        )
        if not others:
            return versions
        return tuple(sorted((*versions, *others), key=_Version.moment, reverse=True))

    def read(self, text: str, folder: str = "") -> Lock:
        """What the text of a lock says; a text that was read before is not parsed again.

        Args:
            text: The text.
            folder: The folder of the lock; empty for the project's root.
        """
        data = text.encode()
        blob = hashlib.sha1(b"blob %d\0" % len(data) + data, usedforsecurity=False).hexdigest()
        version = _Version(folder, Committed("", "", blob))
        question = "SELECT 1 FROM locks WHERE blob = ? AND trouble IS NULL"
        if not self.index.ask(question, version.key):
            self.index.change(lambda connection: _put_all(connection, [(version, text)]))
        rows = self.index.ask(
            "SELECT value FROM lock_entries JOIN entries ON key = entry WHERE blob = ?", version.key
        )
        if not rows:
            return lock.parse(text, folder)  # raises the error in it
        return Lock({lock_entry.stage: lock_entry for lock_entry in _entries(rows)})

    def at(self, commit: str) -> Lock:
        """What all locks of a commit say, including those below the root.

        Args:
            commit: Hash of the commit.
        """
        texts = git_locks.at(self.root, commit)
        for text in git_contents.texts(self.root, [f"{commit}:./{LOCK}"]).values():
            texts[LOCK] = text
        return self._joined(texts)

    def in_tree(self) -> Lock:
        """What all locks in the tree say.

        Raises:
            StagebookError: A lock is not valid YAML, such as after a merge conflict.
        """
        return self._joined(lock.texts(self.root))

    def _joined(self, texts: Mapping[str, str]) -> Lock:
        joined = Lock({})
        for path, text in texts.items():
            joined = joined.joined(self.read(text, lock.folder_of(path)))
        return joined

    def wrote(self, path: str, md5: str) -> tuple[PastEntry, ...]:
        """The committed entries that have this file among their outputs, newest first."""
        return self._past(path, md5, wrote=True)

    def used(self, path: str, md5: str) -> tuple[PastEntry, ...]:
        """The committed entries that have this file among their inputs, newest first."""
        return self._past(path, md5, wrote=False)

    def wrote_content(self, md5: str) -> tuple[PastEntry, ...]:
        """The committed entries that have an output with this hash, at any path, newest first."""
        return self._past(None, md5, wrote=True)

    def contents(self, path: str) -> tuple[str, ...]:
        """The hashes that a path had in committed locks, newest first."""
        rows = self.index.ask(
            "SELECT md5 FROM entry_files JOIN lock_entries USING (entry) JOIN commits USING (blob)"
            " WHERE path = ? GROUP BY md5 ORDER BY min(place)",
            path,
        )
        return tuple(md5 for (md5,) in rows)

    def starting(self, digits: str) -> tuple[tuple[str, str], ...]:
        """The path and hash of every file in committed locks, by the first digits of the hash."""
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

    def _past(self, path: str | None, md5: str, *, wrote: bool) -> tuple[PastEntry, ...]:
        place = () if path is None else (path,)
        rows = self.index.ask(
            "SELECT value, hash, date, blob FROM entry_files"
            " JOIN entries ON entries.key = entry_files.entry"
            " JOIN lock_entries ON lock_entries.entry = entries.key"
            " JOIN commits USING (blob)"
            f" WHERE {'path = ? AND ' if place else ''}md5 = ? AND wrote = ? ORDER BY place",
            *place,
            md5,
            wrote,
        )
        by_value: dict[str, list[Committed]] = {}
        for value, name, date, key in rows:
            by_value.setdefault(value, []).append(Committed(name, date, key.partition(" ")[0]))
        return tuple(
            PastEntry(entry, tuple(commits))
            for value, commits in by_value.items()
            for entry in _entries([(value,)])
            if any(
                file.md5 == md5 and path in (None, file.path)
                for file in (entry.outs if wrote else entry.deps)
            )
        )


def _entries(rows: Iterable[tuple[Any, ...]]) -> Iterator[LockEntry]:
    for (value,) in rows:
        for values in json.loads(value):
            deps, outs = (
                tuple(HashedPath(**file) for file in values[key]) for key in ("deps", "outs")
            )
            legacy = values.get("legacy", False)  # an older index does not have it
            yield LockEntry(values["stage"], values["cmd"], deps, outs, values["params"], legacy)


def _put_all(connection: sqlite3.Connection, texts: Iterable[tuple[_Version, str]]) -> None:
    for version, text in texts:
        connection.execute("DELETE FROM locks WHERE blob = ?", (version.key,))
        try:
            keys = [_put(connection, piece, version.folder) for piece in lock.split(text)]
        except StagebookError as error:  # conflict markers were committed
            connection.execute("INSERT INTO locks VALUES (?, ?)", (version.key, str(error)))
            continue
        connection.execute("INSERT INTO locks VALUES (?, NULL)", (version.key,))
        connection.executemany(
            "INSERT OR IGNORE INTO lock_entries VALUES (?, ?)", [(version.key, key) for key in keys]
        )


def _put(connection: sqlite3.Connection, piece: str, folder: str) -> int:
    content = f"{folder}\0{piece}" if folder else piece
    digest = hashlib.sha256(content.encode(errors="replace")).hexdigest()
    for (key,) in connection.execute("SELECT key FROM entries WHERE digest = ?", (digest,)):
        return int(key)
    entries = tuple(lock.parse(piece, folder).entries.values())
    value = json.dumps([_plain(lock_entry) for lock_entry in entries], default=str)
    added = connection.execute(
        "INSERT INTO entries (digest, value) VALUES (?, ?)", (digest, value)
    ).lastrowid
    files = [
        (added, wrote, file.path, file.md5)
        for entry in entries
        for wrote, listed in ((True, entry.outs), (False, entry.deps))
        for file in listed
    ]
    connection.executemany("INSERT INTO entry_files VALUES (?, ?, ?, ?)", files)
    return int(added or 0)


def _plain(entry: LockEntry) -> Mapping[str, Any]:
    """An entry as plain values; a secret in a params file does not go into the index."""
    return {**dataclasses.asdict(entry), "params": Masks.here().hide_all(entry.params)}


def _put_commits(connection: sqlite3.Connection, versions: Iterable[_Version], tips: str) -> None:
    connection.execute("DELETE FROM commits")
    connection.executemany(
        "INSERT INTO commits (hash, date, blob) VALUES (?, ?, ?)",
        [(version.commit.commit, version.commit.date, version.key) for version in versions],
    )
    connection.execute("INSERT OR REPLACE INTO notes VALUES (?, ?)", (_TIPS, tips))
