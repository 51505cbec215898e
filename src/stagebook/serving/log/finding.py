"""A request in the log, by its id."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from stagebook.project.errors import Problem, StagebookError, Where
from stagebook.serving import ids
from stagebook.serving.log import file as log_file
from stagebook.serving.log import stored_rows
from stagebook.serving.log.days import DayFile, day_files, unreadable_log
from stagebook.serving.log.entry import LogEntry
from stagebook.serving.log.table import Layout, TableBuilder
from stagebook.serving.log.writer import day_of
from stagebook.serving.refusal import RequestProblem, RowWarning


@dataclass(frozen=True, slots=True, kw_only=True)
class LoggedRequest(LogEntry):
    """One request as it was logged.

    Attributes:
        file: The file of the log.
    """

    file: Path


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
        with stored_rows.opened(path) as reader:
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
        return stored_rows.completed(pq.read_table(path, filters=filters, partitioning=None))
    except (OSError, pa.ArrowException) as error:
        raise unreadable_log(path, str(error).splitlines()[0]) from error


def _requests(layout: Layout, table: pa.Table, path: Path) -> Iterator[LoggedRequest]:
    for role in sorted(set(table["role"].to_pylist())):
        rows = table.filter(pc.equal(table["role"].cast(pa.string()), role)).sort_by("row")
        facts = {name: rows[name][0].as_py() for name in ("request", "package", "route", "status")}
        (features, predictions, keys), texts = (
            stored_rows.frames_of(layout, rows),
            rows["warnings"].to_pylist(),
        )
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
