"""What both ways to read a log need: its open files, and rows of the present format."""

import contextlib
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pyarrow as pa

from stagebook.serving.log import frame_arrow
from stagebook.serving.log.days import unreadable_log
from stagebook.serving.log.file import LogFileReader
from stagebook.serving.log.table import SHAPES, Layout


def completed(table: pa.Table) -> pa.Table:
    """Rows of a closed day; those of format 1 get the columns that it does not have."""
    for name in SHAPES:
        if name not in table.column_names:
            table = table.append_column(name, pa.nulls(table.num_rows, pa.int32()))
    return table


@contextlib.contextmanager
def opened(path: Path) -> Iterator[LogFileReader | None]:
    """A file of the log; None if it became a part of a closed day meanwhile."""
    try:
        with LogFileReader.open(path) as reader:
            reader.begin()
            yield reader
    except sqlite3.Error as error:
        if path.exists():
            raise unreadable_log(path, str(error)) from error
        yield None


def frames_of(layout: Layout, rows: pa.Table) -> list[pd.DataFrame | None]:
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
