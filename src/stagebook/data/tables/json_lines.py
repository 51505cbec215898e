"""JSON Lines: one object per line; columns and types are derived from all lines."""

import io
import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.json as pajson

from stagebook.data.tables.cells import fit
from stagebook.data.tables.csv_lines import misfit
from stagebook.data.tables.outline import DAMAGED, Outline, opened, place, unreadable
from stagebook.project.errors import Problem, StagebookError

_BLOCK = 1 << 24  # bytes
_DEEPEST = 200
_QUOTED = re.compile(rb'"(?:[^"\\]|\\.)*+"')


class JsonReader:
    """Reads JSON Lines; a missing key is a missing value."""

    def outline(
        self, root: Path, files: tuple[Path, ...], types: Mapping[str, pa.DataType]
    ) -> Outline:
        """All keys of all lines, with the given types; other types are derived from the values."""
        merged: dict[str, pa.DataType] = {}
        rows = size = 0
        for file in files:
            for chunk, first in _chunks(root, file):
                table = _as_written(root, file, chunk, first)
                rows += table.num_rows
                size += table.nbytes
                for item in table.schema:
                    merged[item.name] = _either(merged.get(item.name, pa.null()), item.type)
        columns = [(name, types.get(name, type_)) for name, type_ in merged.items()]
        return Outline(pa.schema(columns), rows, size)

    def batches(
        self, root: Path, file: Path, columns: pa.Schema, length: int
    ) -> Iterator[pa.RecordBatch]:
        """The rows; a value that does not fit its column is a problem."""
        before = 0
        for chunk, first in _chunks(root, file):
            table = _as_written(root, file, chunk, first)
            text = {column.name for column in columns if pa.types.is_string(column.type)}
            if any(
                item.name in text and not pa.types.is_string(item.type) for item in table.schema
            ):
                table = _as_text(_objects(root, file, chunk, first), text)
            arrays = []
            for column in columns:
                fitted = fit(_column(table, column.name), column.type)
                if fitted.refused:
                    at = fitted.refused[0]
                    value = table.column(column.name)[at].as_py()
                    raise StagebookError(misfit(place(root, file), column, before + at + 1, value))
                arrays.append(fitted.array)
            yield from pa.table(arrays, schema=columns).to_batches(length)
            before += table.num_rows


READER = JsonReader()


def _column(table: pa.Table, name: str) -> pa.Array:
    if name not in table.column_names:
        return pa.nulls(table.num_rows)
    return table.column(name).combine_chunks()


def _either(value: pa.DataType, other: pa.DataType) -> pa.DataType:
    """The type of a column with values of both types; text if they do not mix."""
    if value == other or pa.types.is_null(other):
        return value
    if pa.types.is_null(value):
        return other
    numbers = (pa.int64(), pa.float64())
    return pa.float64() if value in numbers and other in numbers else pa.string()


def _chunks(root: Path, file: Path) -> Iterator[tuple[bytes, int]]:
    """Complete lines in chunks of about one block, each with the number of its first line."""
    number = 1
    try:
        with opened(file) as source:
            while block := source.read(_BLOCK):
                block += source.readline()
                yield block, number
                number += block.count(b"\n")
    except DAMAGED as error:
        problem = unreadable("bad-json-line", error, place(root, file, number))
        raise StagebookError(problem) from None


def _as_written(root: Path, file: Path, chunk: bytes, first: int) -> pa.Table:
    """A chunk with the types of its values; a column with mixed types as text."""
    nonblank = [line for line in chunk.split(b"\n") if line.strip()]
    lines = len(nonblank)
    if not lines:
        return pa.table({})
    if chunk.count(b"{") + chunk.count(b"[") > lines + _DEEPEST:
        _require_flat(root, file, chunk, first)
    options = pajson.ReadOptions(block_size=len(chunk) + 1, use_threads=False)
    try:
        chunk.decode()
        table = pajson.read_json(io.BytesIO(chunk), read_options=options)
    except (UnicodeDecodeError, pa.ArrowInvalid):
        return _as_text(_objects(root, file, chunk, first), frozenset())
    if table.num_rows != lines:  # two objects in a line, or one over two, which pyarrow allows
        _objects(root, file, chunk, first)
    return table


def _require_flat(root: Path, file: Path, chunk: bytes, first: int) -> None:
    """Raises if values are nested so deeply that Arrow's reader would crash."""
    for number, line in enumerate(chunk.split(b"\n"), start=first):
        if line.count(b"{") + line.count(b"[") <= _DEEPEST:
            continue
        depth = 0
        for sign in re.findall(rb"[\[\]{}]", _QUOTED.sub(b"", line)):
            depth += 1 if sign in b"[{" else -1
            if depth > _DEEPEST:
                message = f"The line is nested more than {_DEEPEST} levels deep."
                hint = "Write flat objects, one per line."
                where = place(root, file, number)
                raise StagebookError(Problem("bad-json-line", message, hint, where))


def _objects(root: Path, file: Path, chunk: bytes, first: int) -> list[dict[str, Any]]:
    """The objects in the lines of a chunk, as Python reads them.

    Raises:
        StagebookError: A line is not a JSON object, or has a key twice.
    """
    objects = []
    for number, line in enumerate(chunk.split(b"\n"), start=first):
        if not line.strip():
            continue
        try:
            value = json.loads(line.decode("utf-8-sig"), object_pairs_hook=_distinct)
            if not isinstance(value, dict):
                raise TypeError(f"{type(value).__name__}, not an object")
            if b"\\u" in line:
                json.dumps(value, ensure_ascii=False).encode()
        except UnicodeDecodeError as error:
            byte = line[error.start]
            message = f"The line is not UTF-8: byte {error.start + 1} is 0x{byte:02X}."
            where = place(root, file, number)
            problem = Problem("bad-encoding", message, "Save the file as UTF-8.", where)
            raise StagebookError(problem) from None
        except UnicodeEncodeError:
            message = "The line has one half of a UTF-16 surrogate pair, which is not a character."
            where = place(root, file, number)
            problem = Problem("bad-encoding", message, "Write both halves of the character.", where)
            raise StagebookError(problem) from None
        except (ValueError, TypeError, RecursionError) as error:
            message = f"The line is not a JSON object: {error}."
            hint = 'Write one object per line: {"column": value}.'
            where = place(root, file, number)
            raise StagebookError(Problem("bad-json-line", message, hint, where)) from None
        objects.append(value)
    return objects


def _distinct(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    objects = dict(pairs)
    if len(objects) < len(pairs):
        raise ValueError("a key occurs twice")
    return objects


def _as_text(objects: list[dict[str, Any]], text: frozenset[str] | set[str]) -> pa.Table:
    """Columns of objects; the named columns, and those whose values do not mix, as text."""
    names = dict.fromkeys(name for object_ in objects for name in object_)
    columns = {}
    for name in names:
        values = [object_.get(name) for object_ in objects]
        try:
            if name in text:
                raise pa.ArrowInvalid(name)
            columns[name] = pa.array(values)
        except (pa.ArrowInvalid, pa.ArrowTypeError):
            columns[name] = pa.array(map(_written, values), pa.string())
    return pa.table(columns)


def _written(value: Any) -> str | None:
    return value if value is None or isinstance(value, str) else json.dumps(value)
