"""CSV: text in lines, which becomes values by what a contract says or by all of the cells."""

import csv
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import pyarrow as pa
import pyarrow.csv as pacsv

from stagebook.contracts.tables.cells import LADDER, fit, narrowest
from stagebook.contracts.tables.outline import (
    Outline,
    is_gzipped,
    opened,
    place,
    require_distinct,
    together,
    unreadable,
)
from stagebook.errors import Problem, StagebookError, Where

_BLOCK = 1 << 24  # bytes; a line must fit in one
_GZIP_RATIO = 5  # of text, about
_SAFE_FIELD = 2**31 - 1


class CsvReader:
    """Reads CSV and TSV; an empty cell is a missing value, a quoted empty one is text."""

    def outline(
        self, root: Path, files: tuple[Path, ...], types: Mapping[str, pa.DataType]
    ) -> Outline:
        """The header, with the types said; the others are told from all of the cells."""
        headers = [(place(root, file), header(root, file)) for file in files]
        schemas = [(where, pa.schema([(n, pa.null()) for n in names])) for where, names in headers]
        names = together(schemas).names
        told: dict[str, int] = {}
        rows = None
        if unknown := [name for name in names if name not in types]:
            rows = _climb(root, files, unknown, told)
        kinds = [types.get(name, LADDER[told.get(name, -1)]) for name in names]
        return Outline(pa.schema(list(zip(names, kinds, strict=True))), rows, _size(files))

    def batches(
        self, root: Path, file: Path, columns: pa.Schema, length: int
    ) -> Iterator[pa.RecordBatch]:
        """The rows; a cell that does not fit its column is a problem."""
        first = 1
        for batch in _text(root, file, columns.names):
            arrays = []
            for one in columns:
                fitted = fit(batch.column(one.name), one.type)
                if fitted.refused:
                    at = fitted.refused[0]
                    value = batch.column(one.name)[at].as_py()
                    raise StagebookError(misfit(place(root, file), one, first + at, value))
                arrays.append(fitted.array)
            yield pa.RecordBatch.from_arrays(arrays, schema=columns)
            first += batch.num_rows


READER = CsvReader()


def misfit(where: Where, column: pa.Field, row: int, value: object) -> Problem:
    """A cell that is not of its column's type."""
    return Problem(
        "bad-value",
        f"`{column.name}` in row {row} has {str(value)[:60]!r}, which is no {column.type}.",
        "Correct the value, or let the contract allow it.",
        where,
    )


def header(root: Path, file: Path) -> list[str]:
    """The names in the first line.

    Raises:
        StagebookError: It is no UTF-8, or a name stands there twice.
    """
    where = place(root, file)
    with _readable(root, file), opened(file) as source:
        first = (
            line.decode("utf-8-sig" if not number else "utf-8")
            for number, line in enumerate(source)
        )
        names = next(csv.reader(first, delimiter=_delimiter(file)), [])
    if not names:
        message = "Its first line is blank, and should name the columns."
        raise StagebookError(Problem("empty-file", message, "Write it again.", where))
    require_distinct(names, where)
    return names


def _climb(root: Path, files: tuple[Path, ...], names: list[str], told: dict[str, int]) -> int:
    """Reads all rows once, and moves each column up the ladder until all of its cells fit."""
    rows = 0
    for file in files:
        for batch in _text(root, file, names):
            rows += batch.num_rows
            for name in names:
                column = batch.column(name)
                if column.null_count < len(column):
                    told[name] = narrowest(column, told.get(name, 0))
    return rows


def _text(root: Path, file: Path, names: list[str]) -> Iterator[pa.RecordBatch]:
    every = header(root, file)
    convert = pacsv.ConvertOptions(
        column_types=dict.fromkeys(every, pa.string()),
        include_columns=names,
        null_values=[""],
        strings_can_be_null=True,
        quoted_strings_can_be_null=False,
    )
    options = pacsv.ReadOptions(block_size=_BLOCK)
    # A quoted cell may hold line breaks, and a block must not end within one.
    parse = pacsv.ParseOptions(delimiter=_delimiter(file), newlines_in_values=True)
    with _readable(root, file):
        if _is_header_only(file):
            return
        with pacsv.open_csv(file, options, parse, convert) as reader:
            yield from reader


@contextmanager
def _readable(root: Path, file: Path) -> Iterator[None]:
    try:
        yield
    except (pa.ArrowException, OSError, EOFError, UnicodeDecodeError, csv.Error) as error:
        raise StagebookError(_cause(root, file, error)) from None


def _cause(root: Path, file: Path, error: Exception) -> Problem:
    """Reads the file again, a line at a time, to say where it cannot be read."""
    csv.field_size_limit(_SAFE_FIELD)
    try:
        with opened(file) as source:
            return _bad_encoding(root, file, source) or _ragged(root, file, error)
    except (OSError, EOFError) as damaged:
        return unreadable("bad-csv", damaged, place(root, file))


def _bad_encoding(root: Path, file: Path, source: BinaryIO) -> Problem | None:
    for number, line in enumerate(source, start=1):
        try:
            line.decode()
        except UnicodeDecodeError as error:
            byte = line[error.start]
            message = f"It is not UTF-8: byte {error.start + 1} of the line is 0x{byte:02X}."
            hint = "Save it as UTF-8."
            return Problem("bad-encoding", message, hint, place(root, file, number))
    return None


def _ragged(root: Path, file: Path, error: Exception) -> Problem:
    with opened(file) as source:
        lines = csv.reader((line.decode() for line in source), delimiter=_delimiter(file))
        width = len(next(lines, []))
        start = lines.line_num + 1
        for cells in lines:
            if cells and len(cells) != width:
                message = f"The line has {len(cells)} cells where the header has {width}."
                hint = "Put quotes around cells that hold a comma, or fill what is missing."
                return Problem("ragged-lines", message, hint, place(root, file, start))
            start = lines.line_num + 1
    message = f"It cannot be read: {str(error).splitlines()[0]}."
    return Problem("bad-csv", message, "Write it again.", place(root, file))


def _is_header_only(file: Path) -> bool:
    with opened(file) as source:
        lines = csv.reader((line.decode() for line in source), delimiter=_delimiter(file))
        next(lines, None)
        return not any(lines)


def _delimiter(file: Path) -> str:
    return "\t" if ".tsv" in file.name.lower() else ","


def _size(files: tuple[Path, ...]) -> int:
    ratios = (_GZIP_RATIO if is_gzipped(file) else 1 for file in files)
    return sum(file.stat().st_size * ratio for file, ratio in zip(files, ratios, strict=True))
