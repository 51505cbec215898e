"""Rows of a day that were predicted together, as a closed day of the log."""

import hashlib
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from stagebook.execution import locks
from stagebook.project.errors import Problem, StagebookError, Where
from stagebook.project.text import counted
from stagebook.serving import ids
from stagebook.serving.batch_scoring import ScoredRows
from stagebook.serving.log import days
from stagebook.serving.log.day_profiles import write_profiles
from stagebook.serving.log.days import DayFile
from stagebook.serving.log.entry import EntryEncoder, LogEntry, StoredEntry
from stagebook.serving.log.table import Layout, tables

ROUTE = "batch"
"""The route of each row in the log."""

_SECOND = 1_000_000_000


def write(folder: Path, day: str, scored: ScoredRows, encoder: EntryEncoder) -> None:
    """Writes the rows of a day; does nothing if the log has just these rows already.

    Args:
        folder: The folder of the log.
        day: Such as ``2026-11-29``.
        scored: The rows.
        encoder: What hides secrets.

    Raises:
        StagebookError: The log has other rows with the same ids (``logged-already``), or cannot be
            written (``request-log-not-written``).
    """
    source = f"{day}.batch.{_digest(scored)}"
    try:
        with locks.hold(folder / days.DAYS / ".lock"):
            known = _logged(folder, day, scored, source)
            if known is None:
                _write(folder, day, scored, encoder, source)
            else:
                write_profiles(known.path, known.layout)  # if it was interrupted before
    except OSError as error:
        message = f"The request log cannot be written: {error.strerror or error}."
        hint = "Name a folder that may be written, on a disk with free space."
        problem = Problem("request-log-not-written", message, hint, Where(str(folder)))
        raise StagebookError(problem) from error


def _digest(scored: ScoredRows) -> str:
    """The digest of what makes the rows; equal rows of a package have equal predictions."""
    refusals = [[place, *map(str, item.problems)] for place, item in scored.refused.items()]
    digest = hashlib.sha256(json.dumps([list(scored.requests), refusals]).encode())
    for frame in (scored.features, scored.keys):
        if frame is not None:
            digest.update(json.dumps(list(map(str, frame.columns))).encode())
            digest.update(_values(frame))
    return digest.hexdigest()[:32]


def _values(frame: pd.DataFrame) -> bytes:
    """One number for each row, which depends on all its values."""
    plain = frame.copy()
    for name in plain.columns:
        if pd.api.types.is_object_dtype(plain[name].dtype):
            plain[name] = plain[name].map(repr)  # a value may have no hash
    hashes = pd.util.hash_pandas_object(plain, index=False)
    return np.asarray(hashes, dtype="<u8").tobytes()


def _logged(folder: Path, day: str, scored: ScoredRows, source: str) -> DayFile | None:
    """The file of the day that was made of these rows; None if there is none."""
    own = set(scored.requests)
    for path in days.day_files(folder, day):
        description = DayFile.from_path(path)
        if source in description.sources:
            return description
        column = pq.read_table(path, columns=["request"], partitioning=None)["request"]
        if known := own.intersection(column.to_pylist()):
            example = ids.prediction_id(min(known), 0)
            message = (
                f"The log has {counted(len(known), 'row')} of {day} already, with other values or "
                f"beside other rows, such as {example}."
            )
            hint = f"Log the rows of a day at once, or remove {path.name} and its profile first."
            raise StagebookError(Problem("logged-already", message, hint, Where(str(path))))
    return None


def _write(folder: Path, day: str, scored: ScoredRows, encoder: EntryEncoder, source: str) -> None:
    accepted = [_accepted(scored, encoder)] if len(scored.accepted) else []
    refused = [_refused(scored, place, encoder) for place in scored.refused]
    layout = Layout.of(
        (item.package, item.feature_shape, item.prediction_shape, item.key_shape)
        for item in (*accepted, *refused)
    )
    parts = [_row_by_row(part, scored, encoder) for part in tables(layout, accepted)]
    rows = pa.concat_tables([*parts, *tables(layout, refused)])
    days.add_file(folder, day, source, layout, rows.sort_by("request"))


def _accepted(scored: ScoredRows, encoder: EntryEncoder) -> StoredEntry:
    """The rows that were predicted, as if they were one request: they are encoded at once."""
    return encoder.encode(
        LogEntry(
            request="",
            time=0.0,
            package=scored.package,
            route=ROUTE,
            status=200,
            features=scored.features,
            predictions=scored.predictions,
            warnings=(),
            problems=(),
            milliseconds=None,
            keys=scored.keys,
        )
    )


def _row_by_row(rows: pa.Table, scored: ScoredRows, encoder: EntryEncoder) -> pa.Table:
    """The same rows, each of them a request with a row."""
    places = scored.accepted
    warnings = [encoder.remarks(scored.warnings.get(place, ())) for place in places.tolist()]
    own = {
        "request": pa.array(scored.requests).take(pa.array(places)),
        "row": pa.array(np.zeros(len(places), np.int32)),
        "time": pa.array(scored.times[places], pa.timestamp("ns", tz="UTC")),
        "warnings": pa.array(warnings, pa.string()),
    }
    for name, values in own.items():
        rows = rows.set_column(rows.column_names.index(name), rows.schema.field(name), values)
    return rows


def _refused(scored: ScoredRows, place: int, encoder: EntryEncoder) -> StoredEntry:
    refusal = scored.refused[place]
    return encoder.encode(
        LogEntry(
            request=scored.requests[place],
            time=int(scored.times[place]) / _SECOND,
            package=scored.package,
            route=ROUTE,
            status=refusal.status,
            features=None,
            predictions=None,
            warnings=(),
            problems=refusal.problems,
            milliseconds=None,
        )
    )
