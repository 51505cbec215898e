"""CSV: lines of text, whose types come from a contract or from all cells."""

import csv
import io
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import pyarrow as pa
import pyarrow.csv as pacsv

from stagebook.data.tables.cells import LADDER, fit, narrowest
from stagebook.data.tables.outline import (
    DAMAGED,
    Outline,
    is_gzipped,
    opened,
    place,
    require_distinct,
    together,
    unreadable,
)
from stagebook.project.errors import Problem, StagebookError, Where
from stagebook.project.masks import Masks

_BLOCK = 1 << 24  # bytes; a line must fit in one
_GZIP_RATIO = 5  # approximate, for text
_SAFE_FIELD = 2**31 - 1
_LONGEST_NAME = 10_000
_SIGNS = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "vertical bars"}


class CsvReader:
    """Reads CSV and TSV; an empty cell is a missing value, a quoted empty one is text."""

    def outline(
        self, root: Path, files: tuple[Path, ...], types: Mapping[str, pa.DataType]
    ) -> Outline:
        """The header, with the given types; other types are derived from all cells."""
        headers = [(place(root, file), header(root, file)) for file in files]
        schemas = [(where, pa.schema([(n, pa.null()) for n in names])) for where, names in headers]
        names = together(schemas).names
        rungs: dict[str, int] = {}
        rows = None
        if unknown := [name for name in names if name not in types]:
            rows = _climb(root, files, unknown, rungs)
        kinds = [types.get(name, LADDER[rungs.get(name, -1)]) for name in names]
        return Outline(pa.schema(list(zip(names, kinds, strict=True))), rows, _size(files))

    def batches(
        self, root: Path, file: Path, columns: pa.Schema, length: int
    ) -> Iterator[pa.RecordBatch]:
        """The rows; a cell that does not fit its column is a problem."""
        yield from typed(_text(root, file, columns.names), columns, root, file)


READER = CsvReader()


def typed(
    texts: Iterable[pa.RecordBatch], columns: pa.Schema, root: Path, file: Path
) -> Iterator[pa.RecordBatch]:
    """The rows of a file with the types of these columns.

    Args:
        texts: The rows as text.
        columns: The columns and their types.
        root: The project's root.
        file: The file, for the problem.

    Raises:
        StagebookError: A cell does not fit its column's type.
    """
    first = 1
    for batch in texts:
        arrays = []
        for column in columns:
            cells = batch.column(column.name)
            fitted = fit(cells, column.type)
            if fitted.refused:
                position = fitted.refused[0]
                value = cells[position].as_py()
                raise StagebookError(misfit(place(root, file), column, first + position, value))
            arrays.append(fitted.array)
        yield pa.RecordBatch.from_arrays(arrays, schema=columns)
        first += batch.num_rows


def misfit(where: Where, column: pa.Field, row: int, value: object) -> Problem:
    """The problem with a cell that is not of its column's type."""
    shown = Masks.here().hide(str(value))[:60]
    return Problem(
        "bad-value",
        f"`{column.name}` in row {row} has {shown!r}, which is not of the type {column.type}.",
        "Correct the value, or allow it in the contract.",
        where,
    )


def header(root: Path, file: Path) -> list[str]:
    """The names in the first line.

    Raises:
        StagebookError: It is not valid UTF-8, or a name occurs twice.
    """
    where = place(root, file)
    with _readable(root, file), opened(file) as source:
        rows = csv.reader(_lines(source), delimiter=_delimiter(file))
        names = next(rows, [])
        second = next(rows, []) if len(names) == 1 else []
    if len(names) == 1:
        _require_delimiter(names[0], ",".join(second), _delimiter(file), where)
    if not names:
        message = "The first line is blank; it must contain the names of the columns."
        raise StagebookError(Problem("empty-file", message, "Write the file again.", where))
    if longest := max((name for name in names if len(name) > _LONGEST_NAME), key=len, default=""):
        message = (
            f"A column's name has {len(longest):,} characters; at most {_LONGEST_NAME:,} are "
            "allowed."
        )
        raise StagebookError(
            Problem("bad-csv", message, "Check that the file has line breaks.", where)
        )
    require_distinct(names, where)
    return names


def _require_delimiter(head: str, row: str, delimiter: str, where: Where) -> None:
    """Raises if another sign would split the only name of the header and the first row."""
    for sign, word in _SIGNS.items():
        count = head.count(sign)
        if sign != delimiter and count and row.count(sign) == count:
            message = f"The cells are separated by {word}, but the file name requires "
            hint = (
                f"Write the file with {_SIGNS[delimiter]}: "
                f"pandas.read_csv(path, sep={sign!r}).to_csv(path, index=False). "
                "Numbers with a decimal comma need decimal=','."
            )
            problem = Problem("wrong-delimiter", f"{message}{_SIGNS[delimiter]}.", hint, where)
            raise StagebookError(problem)


def _lines(source: BinaryIO) -> Iterator[str]:
    """The lines of a text with any line ends: LF, CR LF or CR alone."""
    return io.TextIOWrapper(source, encoding="utf-8-sig", newline="")


def _climb(root: Path, files: tuple[Path, ...], names: list[str], rungs: dict[str, int]) -> int:
    """Reads all rows once, and moves each column up the ladder until all its cells fit."""
    rows = 0
    for file in files:
        for batch in _text(root, file, names):
            rows += batch.num_rows
            for name in names:
                column = batch.column(name)
                if column.null_count < len(column):
                    rungs[name] = narrowest(column, rungs.get(name, 0))
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
        with opened(file) as source, pacsv.open_csv(source, options, parse, convert) as reader:
            yield from reader


@contextmanager
def _readable(root: Path, file: Path) -> Iterator[None]:
    try:
        yield
    except (pa.ArrowException, *DAMAGED, UnicodeDecodeError, csv.Error) as error:
        raise StagebookError(_cause(root, file, error)) from None


def _cause(root: Path, file: Path, error: Exception) -> Problem:
    """Reads the file again, line by line, to locate the error."""
    csv.field_size_limit(_SAFE_FIELD)
    try:
        with opened(file) as source:
            return _bad_encoding(root, file, source) or _ragged(root, file, error)
    except DAMAGED as damaged:
        return unreadable("bad-csv", damaged, place(root, file))


def _bad_encoding(root: Path, file: Path, source: BinaryIO) -> Problem | None:
    for number, line in enumerate(source, start=1):
        try:
            line.decode()
        except UnicodeDecodeError as error:
            byte = line[error.start]
            message = f"The line is not UTF-8: byte {error.start + 1} is 0x{byte:02X}."
            hint = "Save the file as UTF-8."
            return Problem("bad-encoding", message, hint, place(root, file, number))
    return None


def _ragged(root: Path, file: Path, error: Exception) -> Problem:
    with opened(file) as source:
        lines = csv.reader(_lines(source), delimiter=_delimiter(file))
        width = len(next(lines, []))
        start = lines.line_num + 1
        for cells in lines:
            if cells and len(cells) != width:
                counted = f"{len(cells)} cell{'' if len(cells) == 1 else 's'}"
                message = f"The line has {counted}, but the header has {width}."
                hint = "Put quotes around cells that contain a comma, or add the missing cells."
                return Problem("ragged-lines", message, hint, place(root, file, start))
            start = lines.line_num + 1
    message = f"The file cannot be read: {str(error).splitlines()[0]}."
    return Problem("bad-csv", message, "Write the file again.", place(root, file))


def _is_header_only(file: Path) -> bool:
    with opened(file) as source:
        lines = csv.reader(_lines(source), delimiter=_delimiter(file))
        next(lines, None)
        return not any(lines)


def _delimiter(file: Path) -> str:
    return "\t" if ".tsv" in file.name.lower() else ","


def _size(files: tuple[Path, ...]) -> int:
    ratios = (_GZIP_RATIO if is_gzipped(file) else 1 for file in files)
    return sum(file.stat().st_size * ratio for file, ratio in zip(files, ratios, strict=True))
