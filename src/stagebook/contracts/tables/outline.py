"""What the reader of a format knows of files before it reads their rows."""

import gzip
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Protocol, cast

import pyarrow as pa

from stagebook.errors import Problem, StagebookError, Where


@dataclass(frozen=True, slots=True)
class Outline:
    """The outline of one or more files.

    Attributes:
        columns: Names and types.
        rows: Rows, or None where only reading them would tell.
        size: Bytes in memory, as an estimate.
        listed: Columns of texts that the files store as places in a short list of values.
    """

    columns: pa.Schema
    rows: int | None
    size: int
    listed: frozenset[str] = frozenset()


class Reader(Protocol):
    """How the files of one format are read."""

    def outline(
        self, root: Path, files: tuple[Path, ...], types: Mapping[str, pa.DataType]
    ) -> Outline:
        """What is known of all files together."""

    def batches(
        self, root: Path, file: Path, columns: pa.Schema, length: int
    ) -> Iterator[pa.RecordBatch]:
        """The rows of one file with these columns, in pieces of about so many rows.

        Those that are ``listed`` may be asked for as dictionaries.
        """


def place(root: Path, file: Path, line: int | None = None) -> Where:
    """A file, and a line in it, as the place of a problem."""
    inside = file.is_relative_to(root)
    return Where((file.relative_to(root) if inside else file).as_posix(), line=line)


def opened(file: Path) -> BinaryIO:
    """A file of text, unpacked if its name ends in .gz, for a `with` statement to close."""
    # SIM115: the caller closes it
    source = gzip.open(file) if is_gzipped(file) else file.open("rb")  # noqa: SIM115
    return cast(BinaryIO, source)


def is_gzipped(file: Path) -> bool:
    """Whether a file's name says that it is packed with gzip."""
    return file.suffix.lower() == ".gz"


def unreadable(code: str, error: Exception, where: Where) -> Problem:
    """A file whose bytes are not what its format asks for."""
    said = str(error).splitlines()[0].rstrip(".")
    message = f"It is damaged or was cut off: {said}."
    return Problem(code, message, "Write or fetch it again.", where)


def require_distinct(names: list[str], where: Where) -> None:
    """Raises where two columns have one name."""
    twice = [name for name in dict.fromkeys(names) if names.count(name) > 1]
    if twice:
        message = f"More than one column is named {', '.join(f'`{name}`' for name in twice)}."
        hint = "Give each column a name of its own."
        raise StagebookError(Problem("repeated-header", message, hint, where))


def together(schemas: list[tuple[Where, pa.Schema]]) -> pa.Schema:
    """The one schema of several files; columns without any value take any type.

    Raises:
        StagebookError: A file has other columns than the first, or of other types.
    """
    first_place, first = schemas[0]
    merged = {one.name: one for one in first}
    for where, schema in schemas[1:]:
        differences = [*_names_apart(first, schema), *_types_apart(merged, schema)]
        if differences:
            message = f"It has other columns than {first_place}: {'; '.join(differences[:5])}."
            hint = "Write all parts of a table with the same columns and types."
            raise StagebookError(Problem("parts-differ", message, hint, where))
        for one in schema:
            if pa.types.is_null(merged[one.name].type):
                merged[one.name] = one
    return pa.schema(list(merged.values()), first.metadata)


def _names_apart(first: pa.Schema, other: pa.Schema) -> Iterator[str]:
    yield from (f"`{name}` is missing" for name in first.names if name not in set(other.names))
    yield from (f"`{name}` is new" for name in other.names if name not in set(first.names))


def _types_apart(merged: Mapping[str, pa.Field], other: pa.Schema) -> Iterator[str]:
    for one in other:
        before = merged.get(one.name)
        if before is None or before.type == one.type:
            continue
        if not (pa.types.is_null(before.type) or pa.types.is_null(one.type)):
            yield f"`{one.name}` is {one.type} and not {before.type}"
