"""What the records say about stages and files, found without reading all of them again."""

import contextlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from stagebook.history.index import Index, Row
from stagebook.history.indexing import refresh
from stagebook.record import reading
from stagebook.record.reading import DamagedRecordError
from stagebook.record.record import Record

Values = Mapping[str, Any]
"""Values by name, as the index has them."""

_FILE = "history.db"
_SHORTEST = 6


@dataclass(frozen=True, slots=True)
class History:
    """The records of one project, newest first.

    The index has what the folder had when the history was opened.

    Attributes:
        records: Folder of the records.
        index: The index of their contents.
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
        index = Index(state / "cache" / _FILE, lambda item: refresh(item, records))
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
        """The path and hash of every file whose hash starts with these digits."""
        question = "SELECT DISTINCT path, md5 FROM files WHERE md5 >= ? AND md5 < ?"
        return tuple(self.index.ask(question, digits, f"{digits}g"))

    def sources(self, digits: str) -> tuple[str, ...]:
        """The digests of sources that start with these digits."""
        question = "SELECT DISTINCT source FROM records WHERE source >= ? AND source < ?"
        return tuple(source for (source,) in self.index.ask(question, digits, f"{digits}g"))

    def of_source(self, source: str) -> tuple[str, ...]:
        """Ids of the executions of this source: first those that were done, newest first."""
        question = "SELECT name FROM records WHERE source = ? ORDER BY outcome <> 'done', name DESC"
        return tuple(name for (name,) in self.index.ask(question, source))

    def named(self, part: str) -> tuple[str, ...]:
        """Ids that start with a text, or that end with it after a dash."""
        if len(part) < _SHORTEST:
            return ()
        rows = self.index.ask(
            "SELECT name FROM records WHERE (substr(name, 1, length(?1)) = ?1"
            " OR substr(name, -length(?1) - 1) = '-' || ?1) AND stage <> '' ORDER BY name",
            part,
        )
        return tuple(name for (name,) in rows)

    def of_repro(self, repro: str) -> tuple[Record, ...]:
        """The records of one ``dvc repro``, oldest first."""
        rows = self.index.ask("SELECT name FROM records WHERE repro = ? ORDER BY name", repro)
        return tuple(self._read(rows))

    def last_repro(self) -> str | None:
        """The newest ``dvc repro`` that has a record."""
        question = "SELECT repro FROM records WHERE repro IS NOT NULL ORDER BY name DESC LIMIT 1"
        return next((repro for (repro,) in self.index.ask(question)), None)

    def repros(self) -> tuple[str, ...]:
        """Every ``dvc repro`` that has a record, newest first."""
        rows = self.index.ask(
            "SELECT repro FROM records WHERE repro IS NOT NULL GROUP BY repro"
            " ORDER BY max(name) DESC"
        )
        return tuple(repro for (repro,) in rows)

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

    def last(self, stage: str | None, limit: int) -> tuple[Record, ...]:
        """The newest records, newest first.

        Args:
            stage: The stage; None for all stages.
            limit: The maximum number of records.
        """
        return tuple(self._read(self._newest("stage = ?" if stage else "?1 IS NULL", stage, limit)))

    def last_build(self, stage: str) -> Record | None:
        """The newest record of a build of this stage that was done."""
        rows = self._newest("stage = ? AND build AND outcome = 'done'", stage, 1)
        return next(self._read(rows), None)

    def last_builds(self, stages: Iterable[str]) -> dict[str, Record]:
        """The newest record of a build that was done, for each of these stages that has one."""
        records = {stage: self.last_build(stage) for stage in stages}
        return {stage: record for stage, record in records.items() if record is not None}

    def failing(self) -> tuple[str, ...]:
        """The stages whose newest build was not done."""
        rows = self.index.ask(
            "SELECT stage FROM records WHERE outcome <> 'done' AND name IN"
            " (SELECT max(name) FROM records WHERE build AND stage <> '' GROUP BY stage)"
        )
        return tuple(stage for (stage,) in rows)

    def before(self, record: Record) -> Record | None:
        """The execution that another is compared with: the previous build of its stage.

        A run with ``-P`` is compared with the last build that was done; if no build was, with
        the previous run. A build is never compared with a run with ``-P``.

        Args:
            record: The execution's record.
        """
        if record.build:
            return self._before(record, "build")
        return self.done_before(record) or self._before(record, "NOT build")

    def done_before(self, record: Record) -> Record | None:
        """The last build of the same stage before an execution that was done."""
        return self._before(record, "build AND outcome = 'done'")

    def _before(self, record: Record, which: str) -> Record | None:
        question = f"SELECT name FROM records WHERE stage = ? AND name < ? AND {which}"
        sql = f"{question} ORDER BY name DESC LIMIT 1"
        rows = self.index.ask(sql, record.stage, record.id)
        return next(self._read(rows), None)

    def standing(self, name: str) -> dict[str, Record]:
        """The last build of each stage that was done, up to an execution.

        Args:
            name: Id of the execution.
        """
        rows = self.index.ask(
            "SELECT max(name) FROM records WHERE build AND outcome = 'done' AND name <= ?"
            " AND stage <> '' GROUP BY stage ORDER BY 1",
            name,
        )
        return {record.stage: record for record in self._read(rows)}

    def _newest(self, where: str, stage: str | None, limit: int) -> list[Row]:
        question = f"SELECT name FROM records WHERE {where} AND stage <> ''"
        return self.index.ask(f"{question} ORDER BY name DESC LIMIT ?", stage, limit)

    def record(self, name: str) -> Record | None:
        """The record of an execution; None if it is missing or cannot be read."""
        try:
            return reading.read(self.records / f"{name}.json")
        except (OSError, DamagedRecordError):
            return None

    def _read(self, rows: Iterable[Row]) -> Iterator[Record]:
        for (name,) in rows:
            if (record := self.record(name)) is not None:
                yield record
