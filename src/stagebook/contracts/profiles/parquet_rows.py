"""A table's rows as DuckDB reads them: from its own Parquet files, or from a copy in Parquet."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from stagebook.contracts.profiles.column import Kind
from stagebook.contracts.profiles.kinds import expression, kind_of
from stagebook.contracts.tables.table import Format, Table

TAKEN = frozenset({"filename", "file_index", "file_row_number"})
"""Names that DuckDB gives to columns of its own."""

CELLS = 4_000_000
"""So many cells are held in memory at a time: 32 MB of numbers."""

COLUMNS = 200
"""So many columns are held at a time."""

GLOB = frozenset("*?[]{}")


@dataclass(frozen=True, slots=True)
class Source:
    """One column, as SQL asks for it.

    Attributes:
        name: Its name.
        type: Its type in Arrow.
        kind: How it is looked at.
        column: Its name in SQL, quoted.
        stored: Its type in DuckDB.
    """

    name: str
    type: pa.DataType
    kind: Kind
    column: str
    stored: str

    @property
    def value(self) -> str:
        """SQL for its values, see `kinds.expression`."""
        return expression(self.type, self.column, self.stored)


@dataclass(frozen=True, slots=True)
class Rows:
    """What a connection reads.

    Attributes:
        connection: The connection.
        files: Parquet files, in the order of their rows.
        lengths: Rows of each.
        sources: The table's columns.
        held: The table in memory that has the columns, if one has.
    """

    connection: duckdb.DuckDBPyConnection
    files: tuple[Path, ...]
    lengths: tuple[int, ...]
    sources: tuple[Source, ...]
    held: str = ""

    @classmethod
    def of(cls, connection: duckdb.DuckDBPyConnection, folder: Path, table: Table) -> "Rows":
        """The rows of a table.

        Args:
            connection: Where to read.
            folder: Where a copy may go, if the table's own files cannot be read in SQL.
            table: The table.
        """
        files, lengths = _files(table, folder)
        stored = connection.execute(f"describe select * from {_scan(files)}").fetchall()
        sources = tuple(
            Source(field.name, field.type, kind_of(field.type), _quoted(name), str(type_))
            for field, (name, type_, *_) in zip(table.columns, stored, strict=True)
        )
        return cls(connection, files, lengths, sources)

    @property
    def count(self) -> int:
        """How many rows there are."""
        return sum(self.lengths)

    @property
    def scan(self) -> str:
        """SQL that stands for all rows after ``from``."""
        return self.held or _scan(self.files)

    def chunks(self) -> Iterator["Rows"]:
        """The same rows, a few columns at a time.

        Small columns are held in memory: with every query DuckDB reads a file's footer, which is
        long where there are thousands of columns.
        """
        most = max(1, min(COLUMNS, CELLS // max(1, self.count)))
        for start in range(0, len(self.sources), most):
            some = self.sources[start : start + most]
            if most == 1 or len(self.sources) == 1:
                yield replace(self, sources=some)
            else:
                names = ", ".join(source.column for source in some)
                self.ask(f"create or replace temp table held as select {names} from {self.scan}")
                yield replace(self, sources=some, held="held")

    def scan_of(self, file: Path) -> str:
        """SQL that stands for the rows of one file, which then are numbered."""
        return _scan((file,), ", file_row_number = true")

    def ask(self, query: str) -> list[tuple[Any, ...]]:
        """All rows of an answer."""
        return self.connection.execute(query).fetchall()


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _scan(files: Sequence[Path], options: str = "") -> str:
    names = ", ".join("'" + str(file).replace("'", "''") + "'" for file in files)
    return f"read_parquet([{names}], hive_partitioning = false{options})"


def _files(table: Table, folder: Path) -> tuple[tuple[Path, ...], tuple[int, ...]]:
    names = [name.lower() for name in table.columns.names]
    if table.format is not Format.PARQUET or len(set(names)) < len(names) or TAKEN & set(names):
        copy = folder / "copy.parquet"
        return (copy,), (_copy(table, copy),)
    files = tuple(_plain(file, folder, number) for number, file in enumerate(table.files))
    return files, tuple(pq.read_metadata(file).num_rows for file in files)


def _plain(file: Path, folder: Path, number: int) -> Path:
    """The file under a name without signs that DuckDB would look for other files with."""
    if not GLOB & set(str(file)):
        return file
    link = folder / f"{number}.parquet"
    link.symlink_to(file)
    return link


def _copy(table: Table, path: Path) -> int:
    """Writes a Parquet file whose columns are numbered, batch by batch; returns its rows."""
    schema = pa.schema(
        [(f"c{place}", _storable(field.type)) for place, field in enumerate(table.columns)]
    )
    rows = 0
    with pq.ParquetWriter(path, schema, compression="lz4") as writer:
        for batch in table.batches():
            arrays = [
                _stored(array, type_)
                for array, type_ in zip(batch.columns, schema.types, strict=True)
            ]
            writer.write_batch(pa.record_batch(arrays, schema=schema))
            rows += batch.num_rows
    return rows


def _storable(type_: pa.DataType) -> pa.DataType:
    """The type to write: of kinds that are not looked into, only which are null."""
    if kind_of(type_) is Kind.OTHER:
        return pa.bool_()
    return type_.value_type if pa.types.is_dictionary(type_) else type_


def _stored(array: pa.Array, type_: pa.DataType) -> pa.Array:
    if kind_of(array.type) is Kind.OTHER:
        return pc.if_else(array.is_valid(), True, pa.scalar(None, type_))
    return array.cast(type_)
