"""The read side of the log: a request by its id, and the rows of a day."""

import contextlib
import json
import sqlite3
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from stagebook.project.errors import Problem, StagebookError, Where
from stagebook.serving import ids
from stagebook.serving.log import file as log_file
from stagebook.serving.log import frame_arrow
from stagebook.serving.log.days import DayFile, day_files, unreadable_log
from stagebook.serving.log.entry import LogEntry
from stagebook.serving.log.file import LogFileReader
from stagebook.serving.log.table import FACTS, SHAPES, SIDES, Layout, TableBuilder, tables
from stagebook.serving.log.writer import day_of
from stagebook.serving.refusal import RequestProblem, RowWarning

_FACTS = ["request", "row", "role", "time", "package", "route", "status", "milliseconds"]


@dataclass(frozen=True, slots=True, kw_only=True)
class LoggedRequest(LogEntry):
    """One request as it was logged.

    Attributes:
        file: The file of the log.
    """

    file: Path


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


def find(folder: Path, text: str) -> tuple[LoggedRequest, ...]:
    """A request, and what a shadow predicted for it.

    Args:
        folder: The folder of the log.
        text: The id of the request, or of one of its predictions.

    Returns:
        The champion's first.

    Raises:
        StagebookError: The text is not an id, it is not in the log (``unknown-request``), or the
            log cannot be read.
    """
    request, row = ids.parse(text)
    requests = list(_find(folder, request))
    if not requests or (row is not None and row >= max(map(_rows, requests))):
        message = f"The request log has no {'request' if row is None else 'prediction'} `{text}`."
        hint = "Check the id and the folder of the log, and whether the day was deleted."
        raise StagebookError(Problem("unknown-request", message, hint, Where(str(folder))))
    return tuple(sorted(requests, key=lambda entry: entry.role != "champion"))


def _rows(entry: LoggedRequest) -> int:
    frames = (entry.features, entry.predictions)
    return max(0 if frame is None else len(frame) for frame in frames)


def _find(folder: Path, request: str) -> Iterator[LoggedRequest]:
    seen = set()
    for path in log_file.files(folder):
        with _opened(path) as reader:
            if reader is None:
                continue
            builder = TableBuilder(Layout.of(reader.uses()))
            for entry in reader.entries(request):
                builder.add(entry)
        if builder.rows:
            seen.add(path.name)
            yield from _requests(builder.layout, builder.table(), path)
    near = _day(request)
    for path in sorted(day_files(folder), key=lambda path: log_file.day_of(path) != near):
        description = DayFile.from_path(path)
        if seen.isdisjoint(description.sources):
            table = _read(path, [("request", "=", request)])
            yield from _requests(description.layout, table, path)


def _day(request: str) -> str:
    """The day of an id; empty if no calendar has its time."""
    try:
        return day_of(ids.time_of(request))
    except (ValueError, OverflowError):
        return ""


def _read(path: Path, filters: list[tuple[str, str, object]]) -> pa.Table:
    try:
        return _completed(pq.read_table(path, filters=filters, partitioning=None))
    except (OSError, pa.ArrowException) as error:
        raise unreadable_log(path, str(error).splitlines()[0]) from error


def _completed(table: pa.Table) -> pa.Table:
    """Rows of a closed day; those of format 1 get the columns that it does not have."""
    for name in SHAPES:
        if name not in table.column_names:
            table = table.append_column(name, pa.nulls(table.num_rows, pa.int32()))
    return table


@contextlib.contextmanager
def _opened(path: Path) -> Iterator[LogFileReader | None]:
    """A file of the log; None if it became a part of a closed day meanwhile."""
    try:
        with LogFileReader.open(path) as reader:
            reader.begin()
            yield reader
    except sqlite3.Error as error:
        if path.exists():
            raise unreadable_log(path, str(error)) from error
        yield None


def _requests(layout: Layout, table: pa.Table, path: Path) -> Iterator[LoggedRequest]:
    for role in sorted(set(table["role"].to_pylist())):
        rows = table.filter(pc.equal(table["role"].cast(pa.string()), role)).sort_by("row")
        facts = {name: rows[name][0].as_py() for name in ("request", "package", "route", "status")}
        (features, predictions, keys), texts = _frames(layout, rows), rows["warnings"].to_pylist()
        yield LoggedRequest(
            **facts,
            role=role,
            time=rows["time"][0].value / 1_000_000_000,
            milliseconds=rows["milliseconds"][0].as_py(),
            features=features,
            predictions=predictions,
            keys=keys,
            warnings=tuple(
                RowWarning.from_json(plain) for text in texts for plain in json.loads(text or "[]")
            ),
            problems=tuple(
                RequestProblem.from_json(plain)
                for plain in json.loads(rows["problems"][0].as_py() or "[]")
            ),
            file=path,
        )


def _frames(layout: Layout, rows: pa.Table) -> list[pd.DataFrame | None]:
    """The features, predictions and keys of rows that have the same shapes."""
    frames: list[pd.DataFrame | None] = []
    count = rows.num_rows - rows["row"].null_count
    for name in SHAPES:
        place = rows[name][0].as_py()
        if place is None:
            frames.append(None)
            continue
        stored = layout.shapes[place]
        columns = [rows[column].slice(0, count).combine_chunks() for column in stored.names]
        frames.append(frame_arrow.frame_of(stored.shape, columns, count))
    return frames


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
            reader = stack.enter_context(_opened(path))
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
                yield description.layout, _completed(table)
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
                frames = _frames(layout, rows) if has_rows else (None, None, None)
                yield LoggedRows(_facts(rows), *frames)


def _facts(rows: pa.Table) -> pd.DataFrame:
    table = rows.select([*_FACTS, "warnings", "problems"])
    texts = [
        column.cast(pa.string()) if pa.types.is_dictionary(column.type) else column
        for column in table.columns
    ]
    frame: pd.DataFrame = pa.table(texts, names=table.column_names).to_pandas()
    return frame.astype({"row": "Int32"})
