"""Writes an online store: beside its place, then renamed, the same bytes for the same tables."""

import contextlib
import dataclasses
import os
import shutil
import sqlite3
import uuid
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from stagebook.data.tables.as_of import last_of_all
from stagebook.features import columns, sqlite_values, store_digest
from stagebook.features.historical import require_views
from stagebook.features.online import FORMAT, OnlineStore, digest_of
from stagebook.features.resolution import Resolution
from stagebook.features.stored_rows import StoredView, quoted
from stagebook.features.view_table import ViewTable
from stagebook.project.errors import Problem, StagebookError, Where

_BATCH = 20_000
"""Rows that are passed to SQLite in one go."""

_VIEWS = (
    "CREATE TABLE IF NOT EXISTS views (name TEXT PRIMARY KEY, digest TEXT, keys BLOB,"
    " features BLOB, rows INTEGER, known INTEGER) WITHOUT ROWID"
)


def materialize(
    resolution: Resolution, path: Path, tables: Mapping[str, Any], *, incremental: bool = False
) -> tuple[StoredView, ...]:
    """Writes the last row of each key of each view into an online store.

    Args:
        resolution: The service.
        path: The store.
        tables: For each feature view by its name, a path or DataFrame in place of its table.
        incremental: Whether an existing store gets the rows that became known since, instead of
            being written from nothing.

    Raises:
        StagebookError: A table cannot be read, the existing store is of other definitions, or the
            existing file is no online store.
    """
    _require_replaceable(path)
    require_views(resolution, tables)
    read = [ViewTable.read(view, tables.get(view.name, view.table)) for view in resolution.views]
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with _beside(path) as beside:
            old: dict[str, StoredView] = {}
            if incremental and path.exists():
                with OnlineStore.open(path, resolution) as store:
                    old = dict(store.views)
                shutil.copyfile(path, beside)
            with _writing(beside) as base:
                for table in read:
                    _write(base, table, old.get(table.view.name))
            with OnlineStore.open(beside, resolution) as store:
                views = tuple(store.views.values())
            beside.replace(path)
    except (OSError, sqlite3.Error, UnicodeEncodeError) as error:  # half of a surrogate pair
        reason = (error.strerror if isinstance(error, OSError) else None) or str(error)
        message = f"The online store could not be written: {reason}."
        hint = "Check the path, the permissions of its folder, and the free space on the disk."
        raise StagebookError(Problem("not-written", message, hint, Where(str(path)))) from error
    return views


def _require_replaceable(path: Path) -> None:
    """Raises a StagebookError if a file is there that Stagebook did not write."""
    try:
        if not path.exists() or path.is_dir() or (path.is_file() and store_digest.is_store(path)):
            return
        message = "The file already exists, and it is not an online store of Stagebook."
    except OSError as error:
        message = f"It cannot be seen whether the file is an online store: {error.strerror}."
    hint = "Name another file for the online store, or move this file away."
    raise StagebookError(Problem("file-there", message, hint, Where(str(path))))


@contextlib.contextmanager
def _beside(path: Path) -> Iterator[Path]:
    """A path beside another one, which no other writer has; deleted at the end."""
    beside = path.with_name(f".{path.name}.{uuid.uuid4().hex[:12]}")
    try:
        yield beside
    finally:
        with contextlib.suppress(OSError):
            beside.unlink()


@contextlib.contextmanager
def _writing(path: Path) -> Iterator[sqlite3.Connection]:
    """A store to write, which is on the disk at the end."""
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as base:
        base.execute("PRAGMA journal_mode = OFF")
        base.execute("PRAGMA synchronous = OFF")
        base.execute(f"PRAGMA user_version = {FORMAT}")
        base.execute("BEGIN")
        base.execute(_VIEWS)
        store_digest.prepare(base)
        yield base
        base.execute("COMMIT")
        store_digest.store(base, path)
    with path.open("rb+") as file:
        os.fsync(file.fileno())


def _write(base: sqlite3.Connection, table: ViewTable, old: StoredView | None) -> None:
    """Writes one view."""
    view, name = table.view, quoted(table.view.name)
    if old is not None:
        table = _as_before(table, old)
    features = columns.plain_schema(table.features.schema)
    sqlite_values.require_storable(features, view)
    pairs = zip(table.keys, view.entity.keys, strict=True)
    keys = [columns.key(column, key, view) for column, key in pairs]
    if old is not None:
        before = [pa.chunked_array([], field.type) for field in old.keys]
        known_keys = zip(before, keys, view.entity.keys, strict=True)
        keys = [columns.alike(own, key, name, view)[1] for own, key, name in known_keys]
    key_names = [f"k{place}" for place in range(len(keys))]
    names = [*key_names, "event", "known", *(f"f{place}" for place in range(len(features)))]
    primary = ", ".join(key_names)
    if old is None:
        base.execute(
            f"CREATE TABLE {name} ({', '.join(names)}, PRIMARY KEY ({primary})) WITHOUT ROWID"
        )
    rows = _last_rows(table, keys, old)
    update = ", ".join(f"{column} = excluded.{column}" for column in names[len(keys) :])
    base.executemany(
        f"INSERT INTO {name} VALUES ({', '.join('?' * len(names))})"
        f" ON CONFLICT ({primary}) DO UPDATE SET {update}"
        " WHERE (excluded.event, excluded.known) >= (event, known)",
        _values(rows),
    )
    (count,) = base.execute(f"SELECT count(*) FROM {name}").fetchone()
    latest = [pc.max(table.known).as_py(), old.known if old is not None else None]
    known = max((time for time in latest if time is not None), default=None)
    key_schema = pa.schema(list(zip(view.entity.keys, [key.type for key in keys], strict=True)))
    schemas = (key_schema.serialize().to_pybytes(), features.serialize().to_pybytes())
    base.execute(
        "INSERT OR REPLACE INTO views VALUES (?, ?, ?, ?, ?, ?)",
        (view.name, digest_of(view), *schemas, count, known),
    )


def _as_before(table: ViewTable, old: StoredView) -> ViewTable:
    """A table with the types of the features that a store has.

    Raises:
        StagebookError: A feature has another type, which cannot hold its values without a loss.
    """
    converted = {}
    for field in old.features:
        column = columns.plain(table.features[field.name])
        try:
            converted[field.name] = columns.as_type(column, field.type)
        except (pa.ArrowException, ValueError) as error:
            message = (
                f"The feature `{field.name}` of the view `{table.view.name}` has the type "
                f"{column.type}, but {field.type} in the online store."
            )
            hint = "Write the store again without incremental=True."
            where = table.view.where
            raise StagebookError(Problem("online-store-differs", message, hint, where)) from error
    return dataclasses.replace(table, features=pa.table(converted))


def _last_rows(table: ViewTable, keys: list[pa.ChunkedArray], old: StoredView | None) -> pa.Table:
    """Key, times and features of the last row of each key, sorted by key."""
    rows = pa.table(
        {f"k{place}": key for place, key in enumerate(keys)}
        | {"event": table.event, "known": table.known}
        | {f"f{place}": column for place, column in enumerate(table.features.columns)}
    )
    if old is not None and old.known is not None:
        rows = rows.filter(pc.greater_equal(rows["known"], old.known))  # some may be of that time
    names = rows.column_names[: len(keys)]
    last = last_of_all([rows[name] for name in names], rows["event"], rows["known"])
    return rows.take(pa.array(last)).sort_by([(name, "ascending") for name in names])


def _values(rows: pa.Table) -> Iterator[tuple[Any, ...]]:
    """The rows as SQLite keeps them."""
    for start in range(0, rows.num_rows, _BATCH):
        part = rows.slice(start, _BATCH)
        yield from zip(
            *(sqlite_values.stored(columns.plain(part[name])) for name in part.column_names),
            strict=True,
        )
