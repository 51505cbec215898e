"""A dataset on disk: one file, a list of files or a folder of Parquet parts."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

import pyarrow as pa

from stagebook.data.tables import csv_lines, footers, json_lines
from stagebook.data.tables.array import Array
from stagebook.data.tables.cells import is_text
from stagebook.data.tables.formats import TableFormat, format_of, is_table, parts, require_format
from stagebook.data.tables.hashing import ColumnHashes
from stagebook.data.tables.outline import BatchReader, Reader, place
from stagebook.data.tables.partitions import Partitions
from stagebook.project.errors import Problem, StagebookError, Where

__all__ = ["CELLS", "Table", "TableFormat", "is_table"]

CELLS = 1_000_000
"""Approximate number of cells in a batch."""

HELD = 128 * 2**20
"""Bytes up to which a table that is read more than once is kept in memory."""

_LIST = pa.field("", pa.dictionary(pa.int32(), pa.string()))

_READERS: dict[TableFormat, Reader] = {
    TableFormat.PARQUET: footers.PARQUET,
    TableFormat.FEATHER: footers.FEATHER,
    TableFormat.CSV: csv_lines.READER,
    TableFormat.JSON_LINES: json_lines.READER,
}


@dataclass(frozen=True, slots=True)
class Table:
    """A table whose files exist and match each other.

    Attributes:
        path: The declared path; for a list, the first path and how many more.
        root: The project's root.
        files: Absolute paths, in the order of their rows.
        format: How they are stored.
        columns: Names and types. For CSV and JSON Lines, types are derived from all rows unless a
            contract defines them.
        rows: Rows in all files; None if only reading them would show it.
        size: Estimated bytes in memory.
        types: A contract's types of some columns, which are `untyped`.
        listed: Text columns that its files store as positions in a short list of values.
        partitions: Columns that exist only in the names of its folders.
        memory: All its rows, if they are in memory; listed columns are dictionaries.
        hashed: Hashes of these rows.
        copies: By file, a copy that is read instead; see `text_copy.copied`.
    """

    path: str
    root: Path
    files: tuple[Path, ...]
    format: TableFormat
    columns: pa.Schema
    rows: int | None
    size: int
    types: Mapping[str, pa.DataType] = field(default_factory=dict)
    listed: frozenset[str] = frozenset()
    partitions: Partitions = field(default_factory=Partitions)
    memory: pa.Table | None = None
    hashed: ColumnHashes | None = field(default=None, compare=False)
    copies: Mapping[Path, BatchReader] = field(default_factory=dict, compare=False)

    @classmethod
    def open(cls, root: Path, path: str, types: Mapping[str, pa.DataType] | None = None) -> "Table":
        """The table at one path, a file or a folder of Parquet parts.

        Args:
            root: The project's root.
            path: Path relative to it.
            types: A contract's types for the columns of CSV and JSON Lines, and for those that
                exist only in the names of folders.

        Raises:
            StagebookError: It is missing, or is not a readable table; the error names the file
                and, if known, the line.
        """
        return cls.open_all(root, (path,), types)

    @classmethod
    def open_all(
        cls, root: Path, paths: Sequence[str], types: Mapping[str, pa.DataType] | None = None
    ) -> "Table":
        """The one table whose rows are in several paths, in this order; see `open`."""
        own = [part for path in paths for part in _files(root, path)]
        files = tuple(part.file for part in own)
        formats = {part.format for part in own}
        if len(formats) > 1:
            raise StagebookError(_mixed(paths[0], formats))
        (format_,) = formats
        for file in files:
            require_format(file, format_, place(root, file))
        outline = _READERS[format_].outline(root, files, types or {})
        more = f" and {len(paths) - 1} more" if len(paths) > 1 else ""
        name = f"{paths[0]}{more}"
        facts = outline.columns, outline.rows, outline.size, types or {}, outline.listed
        table = cls(name, root, files, format_, *facts)
        folders = [(part.file, part.folder) for part in own]
        partitions = Partitions.of(root, folders, table.columns.names)
        return table._partitioned(partitions) if partitions.values else table

    def _partitioned(self, partitions: Partitions) -> "Table":
        """This table with the columns that exist only in the names of its folders."""
        partitions = partitions.typed(partitions.fitting(self.types))
        columns = pa.schema([*self.columns, *partitions.columns], self.columns.metadata)
        texts = {column.name for column in partitions.columns if pa.types.is_string(column.type)}
        return replace(
            self,
            columns=columns,
            size=self.size + (self.rows or 0) * footers.width(partitions.columns),
            listed=self.listed | texts,
            partitions=partitions,
        )

    @classmethod
    def of_rows(cls, rows: pa.Table) -> "Table":
        """A table in memory without a file."""
        return cls(
            "",
            Path(),
            (),
            TableFormat.FEATHER,
            rows.schema,
            rows.num_rows,
            rows.nbytes,
            memory=rows,
        )

    @property
    def is_text(self) -> bool:
        """Whether its files have no types, so that a contract may define them."""
        return self.format in (TableFormat.CSV, TableFormat.JSON_LINES)

    @property
    def untyped(self) -> frozenset[str]:
        """The columns without a stored type, whose types a contract may define."""
        return frozenset(self.columns.names if self.is_text else self.partitions.columns.names)

    def batches(self, columns: Sequence[str] | None = None) -> Iterator[pa.RecordBatch]:
        """The rows in order, in pieces of about a million cells.

        Args:
            columns: Names of the columns to read, in this order; None for all.

        Raises:
            StagebookError: A line cannot be read, or a cell does not fit its column's type.
        """
        names = self.columns.names if columns is None else list(columns)
        schema = pa.schema([self.columns.field(name) for name in names], self.columns.metadata)
        if self.memory is not None:
            yield from self.memory.select(names).cast(schema).to_batches()
        else:
            yield from self._read(schema, max(1, CELLS // max(1, len(names))))

    def _read(self, schema: pa.Schema, length: int) -> Iterator[pa.RecordBatch]:
        stored = self.partitions.stored(schema)
        for file in self.files:
            reader = self.copies.get(file, _READERS[self.format])
            for batch in reader.batches(self.root, file, stored, length):
                for start in range(0, batch.num_rows, length):
                    part = batch.slice(start, length)
                    yield self.partitions.complete(self.root, file, part, schema)

    def arrow(self) -> pa.Table:
        """All rows in memory; see `size` before."""
        return pa.Table.from_batches(self.batches(), self.columns)

    def loaded(self) -> "Table":
        """This table with its rows in memory, if it is small enough."""
        if self.memory is not None or self.size > HELD:
            return self
        schema = self._with_lists(self.columns.names)
        # a row takes at least one byte, so this is one batch of all rows, which is faster to scan
        rows = pa.Table.from_batches(self._read(schema, HELD), schema)
        return replace(self, memory=rows, hashed=ColumnHashes(rows))

    def hashes(self, column: str) -> Callable[[], Array] | None:
        """A function that hashes all rows; None unless it is a full text column in memory."""
        if self.hashed is None or self.memory is None or column in self.listed:
            return None
        rows = self.memory[column]
        is_complete = is_text(rows.type) and not rows.null_count
        return partial(self.hashed.of, column) if is_complete else None

    def stretches(self, columns: Sequence[str]) -> Iterator[pa.Table]:
        """The rows of some columns in order: all at once if they are in memory, else in batches.

        Texts may be dictionaries.
        """
        if not columns:
            return
        if self.memory is not None:
            yield self.memory.select(list(columns))
            return
        for batch in self._read(self._with_lists(columns), max(1, CELLS // len(columns))):
            yield pa.Table.from_batches([batch])

    def _with_lists(self, columns: Sequence[str]) -> pa.Schema:
        """These columns; texts are dictionaries if the files have short lists of them."""
        fields = [
            _LIST.with_name(name) if name in self.listed else self.columns.field(name)
            for name in columns
        ]
        return pa.schema(fields, self.columns.metadata)

    @property
    def counted(self) -> int:
        """The number of rows, counted if no file has it."""
        if self.memory is not None:
            return int(self.memory.num_rows)
        if self.rows is not None:
            return self.rows
        return sum(batch.num_rows for batch in self.batches(self.columns.names[:1]))

    def with_types(self, types: Mapping[str, pa.DataType]) -> "Table":
        """This table with other types for some columns."""
        fields = [column.with_type(types.get(column.name, column.type)) for column in self.columns]
        columns = pa.schema(fields, self.columns.metadata)
        return replace(self, columns=columns, memory=None, hashed=None)

    def with_metadata(self, metadata: Mapping[bytes, bytes]) -> "Table":
        """This table with other metadata in its schema."""
        return replace(self, columns=self.columns.with_metadata(dict(metadata)))

    def raw(self, names: Collection[str] = ()) -> "Table":
        """This table with the types of its files: cells of CSV as text, JSON as written.

        Args:
            names: Columns that exist only in the names of folders, to read as text.
        """
        if self.format is TableFormat.CSV:
            text = pa.schema([(name, pa.string()) for name in self.columns.names])
            return replace(self, columns=text, types={}, memory=None, hashed=None)
        if self.format is TableFormat.JSON_LINES and self.types:
            outline = json_lines.READER.outline(self.root, self.files, {})
            return replace(self, columns=outline.columns, types={}, memory=None, hashed=None)
        text_of = {name: pa.string() for name in self.partitions.columns.names if name in names}
        return self.with_types(text_of) if text_of else self


@dataclass(frozen=True, slots=True)
class _Part:
    """A file of a table, with the folder below which its partitions begin."""

    file: Path
    format: TableFormat
    folder: Path


def _files(root: Path, path: str) -> Iterator[_Part]:
    place = root / path
    if place.is_dir():
        part_files = [_Part(file, TableFormat.PARQUET, place) for file in parts(place)]
        if not part_files:
            hint = "A folder is a table if it contains Parquet files."
            raise StagebookError(
                Problem("no-parts", "The folder contains no Parquet file.", hint, Where(path))
            )
        yield from part_files
    elif format_ := format_of(path):
        yield _Part(place, format_, place.parent)
    else:
        hint = (
            "Tables are Parquet, CSV, Feather and JSON Lines, recognised by the file's extension."
        )
        message = (
            "The file does not have the extension of a table."
            if place.exists()
            else "The file is missing."
        )
        code = "no-table-format" if place.exists() else "no-table"
        raise StagebookError(Problem(code, message, hint, Where(path)))


def _mixed(path: str, formats: set[TableFormat]) -> Problem:
    names = " and ".join(sorted(format_.value for format_ in formats))
    return Problem(
        "parts-differ",
        f"The files of this list have different formats: {names}. A table has one format.",
        "Declare the files separately, or write them in one format.",
        Where(path),
    )
