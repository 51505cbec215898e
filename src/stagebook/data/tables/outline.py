"""The outline of files: what their reader knows before it reads the rows."""

import gzip
import io
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Protocol, cast

import pyarrow as pa

from stagebook.project.errors import Problem, StagebookError, Where


@dataclass(frozen=True, slots=True)
class Outline:
    """The outline of one or more files.

    Attributes:
        columns: Names and types.
        rows: Number of rows; None if only reading them would show it.
        size: Estimated bytes in memory.
        listed: Text columns that the files store as positions in a short list of values.
    """

    columns: pa.Schema
    rows: int | None
    size: int
    listed: frozenset[str] = frozenset()


class BatchReader(Protocol):
    """Reads the rows of a file."""

    def batches(
        self, root: Path, file: Path, columns: pa.Schema, length: int
    ) -> Iterator[pa.RecordBatch]:
        """The rows of one file with these columns, in pieces of about ``length`` rows.

        Columns that are ``listed`` may be requested as dictionaries.
        """


class Reader(BatchReader, Protocol):
    """Reads the files of one format."""

    def outline(
        self, root: Path, files: tuple[Path, ...], types: Mapping[str, pa.DataType]
    ) -> Outline:
        """The outline of all files together."""


def place(root: Path, file: Path, line: int | None = None) -> Where:
    """A file, and a line in it, as the place of a problem."""
    inside = file.is_relative_to(root)
    return Where((file.relative_to(root) if inside else file).as_posix(), line=line)


GROWN = 64 * 2**20
"""Bytes up to which a file may unpack to any multiple of its size."""

FOLD = 500
"""Largest multiple of its size that a file may unpack to beyond that; text shrinks to a tenth."""

_DEFLATED = 1032  # largest multiple of its size that deflate unpacks to (RFC 1951)
_TOO_LARGE = f"it unpacks to more than {FOLD} times its size"

DAMAGED = (OSError, EOFError, zlib.error)
"""The errors that damaged packed text raises."""


def opened(file: Path) -> BinaryIO:
    """A file of text, unpacked if its name ends in .gz, for a `with` statement to close.

    Opening or reading raises OSError if it unpacks to far more than a table does.
    """
    if is_gzipped(file) and has_grown(file.stat().st_size, _promised(file)):
        raise OSError(_TOO_LARGE)
    source = file.open("rb")
    return cast(BinaryIO, io.BufferedReader(_Unpacked(source)) if is_gzipped(file) else source)


def _promised(file: Path) -> int:
    """Bytes of text in a gzip file, from its end (RFC 1952); 0 if they are impossible.

    The end has the bytes of the last member, modulo 2**32: never more than the text has.
    """
    packed = file.stat().st_size
    with file.open("rb") as source:
        source.seek(max(0, packed - 4))
        promised = int.from_bytes(source.read(4), "little")
    return promised if promised <= _DEFLATED * packed else 0  # the file is cut off


class _Unpacked(io.RawIOBase):
    """The text of a gzip file.

    Args:
        packed: The file.
    """

    def __init__(self, packed: BinaryIO) -> None:
        self._packed, self._count = packed, 0
        self._text = gzip.GzipFile(fileobj=packed)

    def readable(self) -> bool:
        """True."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Fills a buffer with text; returns the number of bytes."""
        text = self._text.read(len(buffer))
        self._count += len(text)
        if has_grown(self._packed.tell(), self._count):
            raise OSError(_TOO_LARGE)
        buffer[: len(text)] = text
        return len(text)

    def close(self) -> None:
        """Closes the file."""
        self._packed.close()
        super().close()


def has_grown(packed: int, unpacked: int) -> bool:
    """Whether a file unpacks to so much more than its size that it is meant to fill the memory."""
    return unpacked > GROWN and unpacked > FOLD * packed


def require_modest(packed: int, unpacked: int, where: Where) -> None:
    """Raises if a file unpacks to so much more than its size that it would fill the memory."""
    if has_grown(packed, unpacked):
        message = (
            f"The file has {packed:,} bytes and unpacks to {unpacked:,}, more than {FOLD} times."
        )
        hint = "If you trust the file, write it again with less repetition, or as several files."
        raise StagebookError(Problem("grows-on-reading", message, hint, where))


def is_gzipped(file: Path) -> bool:
    """Whether a file is packed with gzip, by its name."""
    return file.suffix.lower() == ".gz"


def unreadable(code: str, error: Exception, where: Where) -> Problem:
    """The problem with a file whose bytes do not follow its format."""
    reason = str(error).splitlines()[0].rstrip(".")
    message = f"The file is damaged or was cut off: {reason}."
    return Problem(code, message, "Write or fetch the file again.", where)


@contextmanager
def readable(code: str, where: Where) -> Iterator[None]:
    """Raises the problem that a file is damaged in place of an error in reading its bytes."""
    try:
        yield
    except StagebookError:
        raise
    except (pa.ArrowException, OSError, ValueError, OverflowError) as error:
        raise StagebookError(unreadable(code, error, where)) from None


def require_distinct(names: list[str], where: Where) -> None:
    """Raises if two columns have the same name."""
    twice = [name for name in dict.fromkeys(names) if names.count(name) > 1]
    if twice:
        message = f"More than one column is named {', '.join(f'`{name}`' for name in twice)}."
        hint = "Give each column a unique name."
        raise StagebookError(Problem("repeated-header", message, hint, where))


def together(schemas: list[tuple[Where, pa.Schema]]) -> pa.Schema:
    """The one schema of several files; columns without any value take any type.

    Raises:
        StagebookError: A file has other columns or types than the first.
    """
    first_place, first = schemas[0]
    merged = {item.name: item for item in first}
    for where, schema in schemas[1:]:
        differences = [*_names_apart(first, schema), *_types_apart(merged, schema)]
        if differences:
            message = (
                f"The columns differ from those of {first_place}: {'; '.join(differences[:5])}."
            )
            hint = "Write all parts of a table with the same columns and types."
            raise StagebookError(Problem("parts-differ", message, hint, where))
        for item in schema:
            if pa.types.is_null(merged[item.name].type):
                merged[item.name] = item
    return pa.schema(list(merged.values()), first.metadata)


def _names_apart(first: pa.Schema, other: pa.Schema) -> Iterator[str]:
    yield from (f"`{name}` is missing" for name in first.names if name not in set(other.names))
    yield from (f"`{name}` is new" for name in other.names if name not in set(first.names))


def _types_apart(merged: Mapping[str, pa.Field], other: pa.Schema) -> Iterator[str]:
    for item in other:
        before = merged.get(item.name)
        if before is None or before.type == item.type:
            continue
        if not (pa.types.is_null(before.type) or pa.types.is_null(item.type)):
            yield f"`{item.name}` is {item.type} instead of {before.type}"
