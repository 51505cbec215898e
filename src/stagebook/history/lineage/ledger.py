"""All that is known of a project's files: its lock, the history of the lock, the records."""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from pathlib import PurePosixPath

from stagebook.history.history import History
from stagebook.history.lineage import makings
from stagebook.history.lineage.graph import Activity, Entity
from stagebook.history.past_locks import PastEntry, PastLocks
from stagebook.notebook import cells
from stagebook.pipeline import repository, tracked_files
from stagebook.pipeline.cache import Cache
from stagebook.pipeline.dvc import HashedPath
from stagebook.pipeline.git_command import GitFailure
from stagebook.pipeline.lock import Lock, LockEntry
from stagebook.project.project import Project
from stagebook.project.settings.stage_names import stage_name
from stagebook.record.record import Record
from stagebook.record.spool import Spool

_MOST_COMPARED = 64
"""Maximum number of executions with the same content that are compared with the lock."""


@dataclass(frozen=True)
class Ledger:
    """What is known of the files of one project.

    Attributes:
        project: The project.
        history: Its records.
        locks: Its locks in git.
        lock: The current lock: that in the tree, or that of a commit.
        at: The commit of the current lock; None for the tree.
        git_failure: Why git did not answer; None if it did.
    """

    project: Project
    history: History
    locks: PastLocks
    lock: Lock
    at: str | None
    git_failure: GitFailure | None = None

    @cached_property
    def cache(self) -> Cache:
        """DVC's cache."""
        return Cache.of(self.project.root)

    def maker(self, file: Entity) -> Activity | None:
        """What made a file: what the current lock says, or else the newest known making.

        Args:
            file: The file or folder.
        """
        entry = self.lock.maker(file.path, file.md5)
        past = self.locks.wrote(file.path, file.md5)
        if entry is not None:
            return self.of_entry(entry, past, self._records(self.history.makers(*_key(file))))
        records = list(self._records(self.history.makers(*_key(file))))
        if records:
            return self.of_record(next(filter(self._fits_lock, records), records[0]), past)
        return self.of_entry(past[0].entry, past, iter(())) if past else None

    def readers(self, file: Entity) -> Iterator[Activity]:
        """What read a file: of all makings that read and wrote the same, only the newest."""
        seen = set()
        at_hand = [
            entry
            for entry in self.lock.entries.values()
            if any(_key(file) == (dep.path, dep.md5) for dep in entry.deps)
        ]
        used = self.locks.used(file.path, file.md5)
        names = self.history.distinct_readers(file.path, file.md5)
        for entry in at_hand:
            seen.add((entry.stage, makings.files_of_entry(entry)))
            past = tuple(past_entry for past_entry in used if past_entry.entry.stage == entry.stage)
            yield self.of_entry(entry, past, self._records_like(entry))
        for record in filter(None, map(self.history.record, names)):
            if (key := (record.stage, makings.files_of_record(record))) not in seen:
                seen.add(key)
                yield self.of_record(record, used)
        for past_entry in used:
            if (
                key := (past_entry.entry.stage, makings.files_of_entry(past_entry.entry))
            ) not in seen:
                seen.add(key)
                yield self._of_past(past_entry.entry, used)

    def of_entry(
        self, entry: LockEntry, past: tuple[PastEntry, ...], records: Iterator[Record]
    ) -> Activity:
        """The making of a lock's entry, with its record if one of these fits."""
        source = self._source(entry)
        for record in records:
            if makings.fits(record, entry, source):
                return self.of_record(record, past)
        same = makings.digest(entry)
        commits = tuple(
            commit
            for past_entry in past
            if makings.digest(past_entry.entry) == same
            for commit in past_entry.commits
        )
        return makings.of_entry(entry, commits, self._notebook(entry), source)

    def of_lock(self, entry: LockEntry) -> Activity:
        """The making of an entry of the current lock, with its record if it is here."""
        return self.of_entry(entry, (), self._records_like(entry))

    def _of_past(self, entry: LockEntry, past: tuple[PastEntry, ...]) -> Activity:
        """The making of an older entry; one that packages a model depends on more than it reads."""
        if makings.packages(entry):
            for record in self._records_like(entry):
                if makings.same_files(record, entry):
                    return self.of_record(record)
        return self.of_entry(entry, past, iter(()))

    def of_record(
        self, record: Record, past: tuple[PastEntry, ...] | None = None, *, here: bool = True
    ) -> Activity:
        """The making of a record, with the commits that hold what it wrote."""
        if past is None:
            first = next(iter(record.outputs), None)
            past = self.locks.wrote(first.path, first.md5) if first else ()
        commits = dict.fromkeys(
            commit
            for entry in past
            if makings.fits(record, entry.entry, self._source(entry.entry))
            for commit in entry.commits
        )
        delivery = Spool(self.project.state).delivery(record.id) if here else None
        return makings.of_record(record, commits, here=here, delivery=delivery)

    def folders_of(self, file: Entity) -> Iterator[Entity]:
        """The folders that hold a file and were written, or read, as a whole."""
        for parent in list(PurePosixPath(file.path).parents)[:-1]:
            below = PurePosixPath(file.path).relative_to(parent).as_posix()
            for folder in islice(self.contents(parent.as_posix()), _MOST_COMPARED):
                if self.listed(folder).get(below) == file.md5:
                    yield folder

    def parts_of(self, folder: Entity) -> Iterator[Entity]:
        """The files in a folder that something wrote, or read, by themselves."""
        listed = self.listed(folder)
        start = f"{folder.path}/"
        keys = {key for key in self._at_hand if key[0].startswith(start)} if listed else set()
        for path, md5 in sorted(keys.union(self.history.below(folder.path) if listed else ())):
            if listed.get(path.removeprefix(start)) == md5:
                yield Entity(path, md5)

    def listed(self, folder: Entity) -> Mapping[str, str]:
        """The hash of each file in a folder by its path in it; empty if DVC's cache lacks it."""
        return (self.cache.files(folder.md5) if folder.is_folder else None) or {}

    def contents(self, path: str) -> Iterator[Entity]:
        """The known contents of a path; the current lock's comes first."""
        at_hand = (md5 for name, md5 in self._at_hand if name == path)
        hashes = (*at_hand, *self.history.contents(path), *self.locks.contents(path))
        for md5 in dict.fromkeys(hashes):
            yield Entity(path, md5)

    def folders(self) -> Iterator[Entity]:
        """Every folder that was ever read or written as a whole; the current lock's come first."""
        listed = (*self._at_hand, *self.history.starting(""), *self.locks.starting(""))
        for path, md5 in dict.fromkeys(listed):
            if (entity := Entity(path, md5)).is_folder:
                yield entity

    def at_hand_starting(self, digits: str) -> tuple[tuple[str, str], ...]:
        """The path and hash of every file in the current lock, by the first digits of the hash."""
        return tuple(key for key in self._at_hand if key[1].startswith(digits))

    def tracked_by(self, file: Entity) -> str | None:
        """The ``.dvc`` file by which DVC tracks a file that no stage writes."""
        tracking = self.tracked(file.path)
        return tracking[0] if tracking else None

    def tracked(self, path: str) -> tuple[str, HashedPath | None] | None:
        """The ``.dvc`` file that tracks a path, and the content that it names for it."""
        return tracked_files.tracked(self.project.root, path, self._tracking)

    @cached_property
    def _tracking(self) -> tuple[str, ...]:
        return repository.tracking_files(self.project.root)

    @cached_property
    def _at_hand(self) -> dict[tuple[str, str], None]:
        return dict.fromkeys((file.path, file.md5) for file in self.lock.files())

    def _fits_lock(self, record: Record) -> bool:
        return all((file.path, file.md5) in self._at_hand for file in record.inputs)

    def _records(self, names: tuple[str, ...]) -> Iterator[Record]:
        return filter(None, map(self.history.record, islice(names, _MOST_COMPARED)))

    def _records_like(self, entry: LockEntry) -> Iterator[Record]:
        names = self.history.makers(entry.outs[0].path, entry.outs[0].md5) if entry.outs else ()
        return self._records(names)

    def _source(self, entry: LockEntry) -> str | None:
        """SHA-256 of the source that an entry names; DVC has another hash of it."""
        md5 = makings.source_of(entry)
        if md5 is None:
            return None
        text = self.cache.read(md5)
        return None if text is None else hashlib.sha256(text).hexdigest()

    def _notebook(self, entry: LockEntry) -> str | None:
        if not makings.is_ours(entry):
            return None
        root = self.project.root
        paths = cells.find(root / self.project.settings.notebooks, root)
        return next((path for path in paths if stage_name(path) == entry.stage), None)


def _key(file: Entity) -> tuple[str, str]:
    return file.path, file.md5
