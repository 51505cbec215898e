"""The online store: the last row of each key of a view, read one request at a time.

A store is one SQLite file with one packed row for each key and view.
"""

import hashlib
import json
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import pandas as pd
import pyarrow as pa

from stagebook.features import assembly, columns, spine, sqlite_values, store_digest
from stagebook.features.definitions import FeatureView
from stagebook.features.few_rows import FewRows
from stagebook.features.resolution import Resolution
from stagebook.features.stored_rows import Absence, LookedUp, StoredRow, StoredView
from stagebook.project.errors import Problem, StagebookError, Where

FORMAT = 3
"""The format of a store, SQLite's ``user_version``."""

AGAIN = (
    "Write the store again: `stagebook features materialize SERVICE STORE`, or the method "
    "`materialize` of the feature service."
)


class OnlineStore:
    """An online store that is open for reading.

    Attributes:
        path: Its file.
        views: Its views, by name.
    """

    def __init__(
        self,
        path: Path,
        resolution: Resolution,
        base: sqlite3.Connection,
        views: dict[str, StoredView],
    ) -> None:
        self.path = path
        self.views = views
        self._resolution = resolution
        self._base = base
        self._queries = {name: view.query for name, view in views.items()}
        stored = {name: (view.keys, view.features) for name, view in views.items()}
        self._few_rows = FewRows(resolution, stored)

    @classmethod
    def open(cls, path: Path, resolution: Resolution) -> Self:
        """A store, for the feature views of a service.

        Args:
            path: Its file.
            resolution: The service.

        Raises:
            StagebookError: The file is missing, is not a store, or belongs to other definitions.
        """
        where = Where(str(path))
        _require_file(path, where)
        try:
            base = store_digest.connect(path)
        except sqlite3.Error as error:
            raise _bad(where, error) from None
        try:
            _require_format(base, where)
            store_digest.require(base, path)
            views = _views(base)
        except (sqlite3.Error, pa.ArrowException, ValueError, TypeError, OSError) as error:
            base.close()
            raise _bad(where, error) from None
        except StagebookError:
            base.close()
            raise
        for view in resolution.views:
            known = views.get(view.name)
            if known is None or known.digest != digest_of(view):
                base.close()
                reason = (
                    "does not have" if known is None else "was written for another definition of"
                )
                message = f"The online store {reason} the feature view `{view.name}`."
                raise StagebookError(Problem("online-store-differs", message, AGAIN, where))
        return cls(path, resolution, base, views)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Closes the file."""
        self._base.close()

    def online(self, rows: pd.DataFrame) -> pd.DataFrame:
        """The features of some rows, with the dtypes that ``historical`` gives.

        Args:
            rows: The columns of a request. A value counts if it was known at the row's instant
                and its age is not over the ttl then.

        Raises:
            StagebookError: A column is missing or of another type.
        """
        return self.online_with_ages(rows)[0]

    def online_with_ages(
        self, rows: pd.DataFrame
    ) -> tuple[pd.DataFrame, Mapping[str, Sequence[int | None]]]:
        """The features of some rows, and how old they are; see ``looked_up``."""
        answer = self.looked_up(rows)
        return answer.features, answer.ages

    def looked_up(self, rows: pd.DataFrame) -> LookedUp:
        """The features of some rows, how old they are, and why some are missing.

        Args:
            rows: As for ``online``.

        Raises:
            StagebookError: As ``online``.
        """
        ages: dict[str, list[int | None]] = {}
        absences: dict[str, list[Absence | None]] = {}

        def look_up_all(
            view: FeatureView, keys: Iterable[tuple[Any, ...]], instants: list[int | None]
        ) -> list[StoredRow | None]:
            answers = [
                Absence.NOT_ASKED
                if instant is None or None in key
                else self._find(view, key, instant)
                for key, instant in zip(keys, instants, strict=True)
            ]
            absences[view.name] = [
                answer if isinstance(answer, Absence) else None for answer in answers
            ]
            stored_rows = [None if isinstance(answer, Absence) else answer for answer in answers]
            ages[view.name] = [
                None if row is None or instant is None else instant - row.event
                for row, instant in zip(stored_rows, instants, strict=True)
            ]
            return stored_rows

        def find(view: FeatureView, rows: pd.DataFrame, instants: pa.ChunkedArray) -> pa.Table:
            keys = self._keys(view, rows)
            return self._table(view, look_up_all(view, keys, instants.to_pylist()))

        frame = self._few_rows.features(rows, look_up_all)
        if frame is None:
            frame = assembly.assemble(self._resolution, rows, find)
        return LookedUp(frame, ages, absences)

    def look_up(self, view: FeatureView, key: tuple[Any, ...], instant: int) -> StoredRow | None:
        """The row of a view for one key.

        Args:
            view: The view.
            key: The key.
            instant: Nanoseconds since 1970 in UTC.

        Returns:
            The row; None if nothing was known at the instant, or it had expired.

        Raises:
            StagebookError: The key has a value that no store can have, or the store is damaged.
        """
        answer = self._find(view, key, instant)
        return None if isinstance(answer, Absence) else answer

    def _find(self, view: FeatureView, key: tuple[Any, ...], instant: int) -> StoredRow | Absence:
        """The row of a view for one key, or the reason why it is missing."""
        try:
            stored_row = self._base.execute(self._queries[view.name], key).fetchone()
        except sqlite3.ProgrammingError:  # it is closed
            raise
        except (UnicodeEncodeError, OverflowError) as error:  # half of a surrogate pair, 2**63
            message = f"The feature view `{view.name}` cannot have the key {key!a}: {error}."
            raise StagebookError(
                Problem("key-of-another-type", message, columns.KEYS, view.where)
            ) from None
        except (sqlite3.DatabaseError, UnicodeDecodeError) as error:
            raise _bad(Where(str(self.path)), error) from None
        if stored_row is None:
            return Absence.UNKNOWN_KEY
        event, known, *values = stored_row
        if known > instant:
            return Absence.NOT_KNOWN_YET
        is_old = view.ttl is not None and instant - event > columns.nanoseconds_of(view.ttl)
        return Absence.EXPIRED if is_old else StoredRow(event, tuple(values))

    def _keys(self, view: FeatureView, rows: pd.DataFrame) -> Iterable[tuple[Any, ...]]:
        """The key of a view for each row of a request."""
        own = [pa.chunked_array([], field.type) for field in self.views[view.name].keys]
        pairs = zip(view.entity.keys, own, spine.keys(view, rows), strict=True)
        keys = [
            columns.alike(column, requested, name, view)[1] for name, column, requested in pairs
        ]
        return zip(*map(sqlite_values.stored, keys), strict=True)

    def _table(self, view: FeatureView, rows: list[StoredRow | None]) -> pa.Table:
        stored = self.views[view.name].features
        schema = pa.schema([stored.field(name) for name in view.features])
        missing = StoredRow(0, (None,) * len(stored))
        answers = [row or missing for row in rows]
        restored = [
            sqlite_values.restored([answer.values[place] for answer in answers], field.type)
            for place, field in zip(map(stored.get_field_index, schema.names), schema, strict=True)
        ]
        return pa.table(restored, schema=schema)


def digest_of(view: FeatureView) -> str:
    """The digest of all that a stored row depends on: names, keys, times and types."""
    dtypes = {name: str(column.dtype) for name, column in view.pandera.columns.items()}
    named = [(name, dtypes[name]) for name in (*view.entity.keys, *view.features)]
    facts = [FORMAT, view.name, list(view.entity.keys), view.event_time, view.known_time, named]
    return hashlib.sha256(json.dumps(facts).encode()).hexdigest()


def _bad(where: Where, error: Exception) -> StagebookError:
    message = f"The online store cannot be read: {error}."
    return StagebookError(Problem("bad-online-store", message, AGAIN, where))


def _require_file(path: Path, where: Where) -> None:
    """Raises a StagebookError if there is no file with content."""
    if not path.exists():
        message = "The online store does not exist."
        raise StagebookError(Problem("no-online-store", message, AGAIN, where))
    if not path.is_file() or not path.stat().st_size:
        reason = "it is a folder" if path.is_dir() else "it is an empty file"
        raise _bad(where, OSError(reason))


def _require_format(base: sqlite3.Connection, where: Where) -> None:
    (version,) = base.execute("PRAGMA user_version").fetchone()
    if version == 0:  # SQLite's own value
        raise _bad(where, OSError("it is an SQLite file, but not an online store of Stagebook"))
    if version != FORMAT:
        message = f"The online store has format {version}; this Stagebook reads {FORMAT}."
        raise StagebookError(Problem("online-store-format", message, AGAIN, where))


def _views(base: sqlite3.Connection) -> dict[str, StoredView]:
    rows = base.execute("SELECT name, digest, keys, features, rows, known FROM views").fetchall()
    return {
        name: StoredView(name, digest, _schema(keys), _schema(features), count, known)
        for name, digest, keys, features, count, known in rows
    }


def _schema(text: bytes) -> pa.Schema:
    return pa.ipc.read_schema(pa.py_buffer(text))
