"""The rows of a day of the log."""

import contextlib
import sqlite3
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from stagebook.serving.log import file as log_file
from stagebook.serving.log import stored_rows
from stagebook.serving.log.days import DayFile, day_files, unreadable_log
from stagebook.serving.log.file import LogFileReader
from stagebook.serving.log.table import FACTS, SHAPES, SIDES, Layout, tables

_FACTS = ["request", "row", "role", "time", "package", "route", "status", "milliseconds"]


@dataclass(frozen=True, slots=True)
class LoggedRows:
    """Rows of a day whose features, predictions and keys have the same names and dtypes.

    Attributes:
        facts: The id of the request, the row in it (missing for a request without rows), role,
            time, package, route, status, milliseconds, warnings and problems as JSON.
        features: The features of these rows; None if there are none.
        predictions: The predictions; None if there are none.
        keys: The entity keys and the instant by which features were looked up; None if they were
            sent.
    """

    facts: pd.DataFrame
    features: pd.DataFrame | None
    predictions: pd.DataFrame | None
    keys: pd.DataFrame | None = None

    @property
    def frame(self) -> pd.DataFrame:
        """All in one frame; features and predictions have names such as ``feature.distance``."""
        parts = [self.facts]
        frames = (self.features, self.predictions, self.keys)
        for side, frame in zip(SIDES, frames, strict=True):
            if frame is not None:
                parts.append(frame.add_prefix(f"{side}."))
        return pd.concat(parts, axis=1)


def days(folder: Path) -> list[str]:
    """The days that a log has, such as ``2026-11-29``, closed or not."""
    paths = (*day_files(folder), *log_file.files(folder))
    return sorted(set(map(log_file.day_of, paths)))


def read_day(
    folder: Path, day: str, *, package: str | None = None, role: str | None = None
) -> Iterator[LoggedRows]:
    """The rows of a day, closed or not.

    Args:
        folder: The folder of the log.
        day: Such as ``2026-11-29``.
        package: Only rows of this package.
        role: Only rows of ``champion`` or ``challenger``.

    Yields:
        Rows of the same names and dtypes; in each file sorted by request.

    Raises:
        StagebookError: A file cannot be read (``bad-request-log``).
    """
    for layout, table in day_tables(folder, day):
        for name, value in (("package", package), ("role", role)):
            if value is not None:
                table = table.filter(pc.equal(table[name].cast(pa.string()), value))
        yield from _alike(layout, table)


def day_tables(
    folder: Path, day: str, *, without: Collection[str] = (), has_lists: bool = False
) -> Iterator[tuple[Layout, pa.Table]]:
    """The rows of a day as the log has them, closed or not, a part at a time.

    Args:
        folder: The folder of the log.
        day: Such as ``2026-11-29``.
        without: Names of facts that are not read from closed days, such as ``route``.
        has_lists: Whether texts of features and predictions may be dictionaries.

    Yields:
        The columns of a file, and rows of it.

    Raises:
        StagebookError: A file cannot be read (``bad-request-log``).
    """
    with contextlib.ExitStack() as stack:
        readers: dict[str, tuple[Path, LogFileReader]] = {}
        for path in log_file.files(folder, day):
            reader = stack.enter_context(stored_rows.opened(path))
            if reader is not None:
                readers[path.name] = (path, reader)
        # A file that is closed meanwhile is a source of a Parquet file before it is removed.
        for path in day_files(folder, day):
            description = DayFile.from_path(path)
            for name in description.sources:
                readers.pop(name, None)
            columns = description.layout.schema
            names = [column.name for column in columns if column.name not in without]
            lists = [name for name in names if has_lists and _is_text(columns, name)]
            for table in _batches(path, names, lists):
                yield description.layout, stored_rows.completed(table)
        for path, reader in readers.values():
            yield from _written(path, reader)


def _written(path: Path, reader: LogFileReader) -> Iterator[tuple[Layout, pa.Table]]:
    """The rows of a file that is not a part of a closed day."""
    try:
        layout = Layout.of(reader.uses())
        for table in tables(layout, reader.entries()):
            yield layout, table
    except sqlite3.Error as error:
        raise unreadable_log(path, str(error)) from error


def _is_text(columns: pa.Schema, name: str) -> bool:
    return name not in FACTS.names and pa.types.is_string(columns.field(name).type)


def _batches(path: Path, columns: list[str], lists: list[str]) -> Iterator[pa.Table]:
    """The rows of a closed day."""
    try:
        # with pre_buffer, everything that was read stays in memory until the end
        with pq.ParquetFile(path, pre_buffer=False, read_dictionary=lists) as file:
            for batch in file.iter_batches(columns=columns):
                yield pa.table(batch)
    except (OSError, pa.ArrowException) as error:
        raise unreadable_log(path, str(error).splitlines()[0]) from error


def _alike(layout: Layout, table: pa.Table) -> Iterator[LoggedRows]:
    """The rows in parts of the same shapes."""
    names = list(SHAPES)
    pairs = table.select(names).group_by(names).aggregate([]).to_pylist()
    for pair in pairs:
        for has_rows in (True, False):
            condition = pc.equal(pc.is_valid(table["row"]), has_rows)
            for name, place in pair.items():
                own = pc.is_null(table[name]) if place is None else pc.equal(table[name], place)
                condition = pc.and_(condition, pc.fill_null(own, False))
            rows = table.filter(condition)
            if rows.num_rows:
                frames = stored_rows.frames_of(layout, rows) if has_rows else (None, None, None)
                yield LoggedRows(_facts(rows), *frames)


def _facts(rows: pa.Table) -> pd.DataFrame:
    table = rows.select([*_FACTS, "warnings", "problems"])
    texts = [
        column.cast(pa.string()) if pa.types.is_dictionary(column.type) else column
        for column in table.columns
    ]
    frame: pd.DataFrame = pa.table(texts, names=table.column_names).to_pandas()
    return frame.astype({"row": "Int32"})
