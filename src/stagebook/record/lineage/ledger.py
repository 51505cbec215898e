"""All that is known of a project's files: the lock at hand, git's history of it, the records."""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from pathlib import PurePosixPath

from stagebook.pipeline import lock
from stagebook.pipeline.cache import Cache
from stagebook.pipeline.lock import Entry, Lock
from stagebook.project import Project
from stagebook.record.history import History, Values
from stagebook.record.lineage import makings
from stagebook.record.lineage.graph import Artefact, Making
from stagebook.record.lineage.locks import Locks, Past
from stagebook.record.spool import Spool

_LOOKED_AT = 64
"""Of executions that wrote the same content, so many are held against the lock at hand."""


@dataclass(frozen=True)
class Ledger:
    """What is known of the files of one project.

    Attributes:
        project: The project.
        history: Its records.
        locks: Its locks in git.
        lock: The one at hand: that in the tree, or that of a commit.
        at: The commit, if it is that of one.
    """

    project: Project
    history: History
    locks: Locks
    lock: Lock
    at: str | None

    @cached_property
    def cache(self) -> Cache:
        """DVC's cache."""
        return Cache.of(self.project.root)

    def maker(self, file: Artefact) -> Making | None:
        """What made a file: what the lock at hand says, or else the newest that is known.

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

    def readers(self, file: Artefact) -> Iterator[Making]:
        """What read a file: one making for all that read and wrote the same, the newest."""
        seen = set()
        at_hand = [
            entry
            for entry in self.lock.entries.values()
            if any(_key(file) == (one.path, one.md5) for one in entry.deps)
        ]
        used = self.locks.used(file.path, file.md5)
        names = self.history.distinct_readers(file.path, file.md5)
        for entry in at_hand:
            seen.add((entry.stage, makings.files_of_entry(entry)))
            past = tuple(one for one in used if one.entry.stage == entry.stage)
            yield self.of_entry(entry, past, self._records_like(entry))
        for record in filter(None, map(self.history.record, names)):
            if (key := (record["stage"], makings.files_of_record(record))) not in seen:
                seen.add(key)
                yield self.of_record(record, used)
        for one in used:
            if (key := (one.entry.stage, makings.files_of_entry(one.entry))) not in seen:
                seen.add(key)
                yield self._of_past(one.entry, used)

    def of_entry(self, entry: Entry, past: tuple[Past, ...], records: Iterator[Values]) -> Making:
        """The making of a lock's entry: with its record, if one of these fits."""
        source = self._source(entry)
        for record in records:
            if makings.fits(record, entry, source):
                return self.of_record(record, past)
        same = makings.digest(entry)
        commits = tuple(
            commit for one in past if makings.digest(one.entry) == same for commit in one.commits
        )
        return makings.of_entry(entry, commits, self._notebook(entry), source)

    def of_lock(self, entry: Entry) -> Making:
        """The making of an entry of the lock at hand, with its record where one is here."""
        return self.of_entry(entry, (), self._records_like(entry))

    def _of_past(self, entry: Entry, past: tuple[Past, ...]) -> Making:
        """The making of an older entry: a packaging one depends on more than its records read."""
        if makings.packages(entry):
            for record in self._records_like(entry):
                if makings.same_files(record, entry):
                    return self.of_record(record)
        return self.of_entry(entry, past, iter(()))

    def of_record(
        self, record: Values, past: tuple[Past, ...] | None = None, *, here: bool = True
    ) -> Making:
        """The making of a record, with the commits that hold what it wrote."""
        if past is None:
            outputs = record["outputs"]
            past = self.locks.wrote(outputs[0]["path"], outputs[0]["md5"]) if outputs else ()
        commits = dict.fromkeys(
            commit
            for one in past
            if makings.fits(record, one.entry, self._source(one.entry))
            for commit in one.commits
        )
        name = record["volatile"]["id"]
        delivery = Spool(self.project.state).delivery(name) if here else None
        return makings.of_record(record, commits, here=here, delivery=delivery)

    def folders_of(self, file: Artefact) -> Iterator[Artefact]:
        """The folders that hold a file and were written, or read, as a whole."""
        for parent in list(PurePosixPath(file.path).parents)[:-1]:
            below = PurePosixPath(file.path).relative_to(parent).as_posix()
            for folder in islice(self.contents(parent.as_posix()), _LOOKED_AT):
                if self.listed(folder).get(below) == file.md5:
                    yield folder

    def parts_of(self, folder: Artefact) -> Iterator[Artefact]:
        """The files in a folder that something wrote, or read, by themselves."""
        listed = self.listed(folder)
        start = f"{folder.path}/"
        known = {key for key in self._at_hand if key[0].startswith(start)} if listed else set()
        for path, md5 in sorted(known.union(self.history.below(folder.path) if listed else ())):
            if listed.get(path.removeprefix(start)) == md5:
                yield Artefact(path, md5)

    def listed(self, folder: Artefact) -> Mapping[str, str]:
        """The hash of each file in a folder by its path in it, where DVC's cache knows."""
        return (self.cache.files(folder.md5) if folder.is_folder else None) or {}

    def contents(self, path: str) -> Iterator[Artefact]:
        """The contents that a path is known to have had: as the lock at hand has it, first."""
        at_hand = (md5 for name, md5 in self._at_hand if name == path)
        known = (*at_hand, *self.history.contents(path), *self.locks.contents(path))
        for md5 in dict.fromkeys(known):
            yield Artefact(path, md5)

    def at_hand_starting(self, digits: str) -> tuple[tuple[str, str], ...]:
        """The path and hash of every file in the lock at hand whose hash starts so."""
        return tuple(key for key in self._at_hand if key[1].startswith(digits))

    def tracked_by(self, file: Artefact) -> str | None:
        """The ``.dvc`` file by which DVC tracks a file that no stage writes."""
        found = lock.tracked(self.project.root, file.path)
        return found[0] if found else None

    @cached_property
    def _at_hand(self) -> dict[tuple[str, str], None]:
        return dict.fromkeys((one.path, one.md5) for one in self.lock.files())

    def _fits_lock(self, record: Values) -> bool:
        return all((one["path"], one["md5"]) in self._at_hand for one in record["inputs"])

    def _records(self, names: tuple[str, ...]) -> Iterator[Values]:
        return filter(None, map(self.history.record, islice(names, _LOOKED_AT)))

    def _records_like(self, entry: Entry) -> Iterator[Values]:
        names = self.history.makers(entry.outs[0].path, entry.outs[0].md5) if entry.outs else ()
        return self._records(names)

    def _source(self, entry: Entry) -> str | None:
        """SHA-256 of the source that an entry names: DVC names it by another hash."""
        md5 = makings.source_of(entry)
        if md5 is None:
            return None
        text = self.cache.read(md5)
        return None if text is None else hashlib.sha256(text).hexdigest()

    def _notebook(self, entry: Entry) -> str | None:
        if not makings.is_ours(entry):
            return None
        folder = self.project.root / self.project.settings.notebooks
        for suffix in (".ipynb", ".py"):
            if (file := folder / f"{entry.stage}{suffix}").is_file():
                return file.relative_to(self.project.root).as_posix()
        return None


def _key(file: Artefact) -> tuple[str, str]:
    return file.path, file.md5
