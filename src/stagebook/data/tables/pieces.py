"""A table as pandas frames: whole, or in pieces with the types of the whole table."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from stagebook.data.tables.array import Array
from stagebook.data.tables.arrow import with_nan
from stagebook.data.tables.cells import fit, is_kind
from stagebook.data.tables.formats import TableFormat
from stagebook.data.tables.outline import place, readable
from stagebook.data.tables.parquet_metadata import ParquetMetadata
from stagebook.data.tables.table import Table

Refused = Mapping[str, "pd.Series[Any]"]


@dataclass(slots=True)
class Piece:
    """Consecutive rows of a table.

    Attributes:
        frame: The rows; the index counts them from 0 over the whole table.
        refused: By column, the values that are not of the column's type, as they were written.
            In the frame, placeholders replace them, so that the column keeps its type.
        coerced: Columns that were cast to the contract's type, without the rows that failed.
        texts: By column, all texts that occur in it, if the table has a list of them.
        hashes: By column, a function that hashes all its rows, if the table is in memory.
    """

    frame: pd.DataFrame
    refused: dict[str, Any] = field(default_factory=dict)
    coerced: dict[str, Any] = field(default_factory=dict)
    texts: dict[str, Any] = field(default_factory=dict)
    hashes: dict[str, Callable[[], Array]] = field(default_factory=dict)

    def of(self, column: str) -> pd.DataFrame:
        """The rows whose value in this column is of its type."""
        if column not in self.refused:
            return self.frame
        frame: pd.DataFrame = self.frame.drop(self.refused[column].index)
        return frame.assign(**{column: self.coerced[column]}) if column in self.coerced else frame

    def sound(self) -> pd.DataFrame:
        """The rows whose values are all of their types."""
        frame = self.frame
        for values in self.refused.values():
            frame = frame.drop(values.index, errors="ignore")
        return frame.assign(**{name: item.loc[frame.index] for name, item in self.coerced.items()})


@dataclass(frozen=True, slots=True)
class Pieces:
    """The table's columns as pieces.

    Attributes:
        table: The table, with the types of its files.
        types: The contract's types for columns without a stored type, or with another one.
        dtypes: The pandas types of the columns in the whole table.
    """

    table: Table
    types: Mapping[str, pa.DataType]
    dtypes: Mapping[str, Any]

    @classmethod
    def of(
        cls,
        table: Table,
        types: Mapping[str, pa.DataType],
        columns: Sequence[str],
        nullable: Mapping[str, Any] | None = None,
    ) -> "Pieces":
        """The pieces of these columns; reads what is necessary to derive their types.

        Args:
            table: The table.
            types: The contract's Arrow types of its columns.
            columns: The columns whose types in the whole table are needed.
            nullable: The contract's nullable pandas types. A column with the same kind of values
                gets this type, unless pandas wrote another one into the file.
        """
        dtypes = _of_the_kind(table, nullable, types) if nullable else {}
        own = {name: types[name] for name in types if name in table.untyped}
        table = table.raw(own)
        own |= table.partitions.fitting(own)
        text = {name: type_ for name, type_ in own.items() if pa.types.is_string(type_)}
        table = table.with_types(text) if text else table
        if dtypes:
            table = table.with_metadata(with_pandas_types(table.columns, dtypes))
            own |= {name: types[name] for name in dtypes}
        pieces = cls(table, own, {})
        return cls(table, own, {**pieces._whole_dtypes(columns), **dtypes})

    def frames(self, columns: Sequence[str]) -> Iterator[Piece]:
        """The rows of these columns; at least one piece, which may have no rows."""
        start = 0
        for batch, refused in self.batches(columns):
            frame = self.typed(to_frame(pa.Table.from_batches([batch])))
            frame.index = pd.RangeIndex(start, start + len(frame))
            yield Piece(frame, {name: _shifted(item, start) for name, item in refused.items()})
            start += batch.num_rows
        if not start:
            yield Piece(self.typed(to_frame(self.schema(columns).empty_table())))

    def whole(self, columns: Sequence[str]) -> Piece:
        """All rows of these columns."""
        batches, values, start = [], {}, 0  # type: ignore[var-annotated]
        for batch, wrong in self.batches(columns):
            batches.append(batch)
            for name, item in wrong.items():
                values.setdefault(name, []).append(_shifted(item, start))
            start += batch.num_rows
        rows = pa.Table.from_batches(batches, self.schema(columns))
        frame = to_frame(with_nan(rows) if self.table.files else rows)
        refused = {name: pd.concat(series) for name, series in values.items()}
        hashes = {name: make_hashes for name in columns if (make_hashes := self.table.hashes(name))}
        return Piece(self.typed(frame), refused, texts=self._texts(columns), hashes=hashes)

    def batches(self, columns: Sequence[str]) -> Iterator[tuple[pa.RecordBatch, dict[str, Any]]]:
        """Batches with the contract's types, each with the values that do not fit them."""
        schema = self.schema(columns)
        for batch in self.table.batches(columns):
            if batch.schema.types == schema.types:
                yield batch, {}
                continue
            arrays, refused = [], {}
            for item in schema:
                fitted = fit(batch.column(item.name), item.type)
                if fitted.refused:
                    wrong_values = batch.column(item.name).take(pa.array(fitted.refused))
                    values = pd.Series(
                        wrong_values.to_pylist(), index=list(fitted.refused), dtype=object
                    )
                    refused[item.name] = values
                arrays.append(_stood_in(fitted.array, fitted.refused))
            yield pa.RecordBatch.from_arrays(arrays, schema=schema), refused

    def schema(self, columns: Sequence[str]) -> pa.Schema:
        """Names and types of these columns in the batches."""
        stored = self.table.columns
        fields = [pa.field(name, self.types.get(name, stored.field(name).type)) for name in columns]
        return pa.schema(fields, stored.metadata)

    def typed(self, frame: pd.DataFrame) -> pd.DataFrame:
        """A frame of some rows, with the column types of the whole table."""
        other = {
            name: self.dtypes[name]
            for name in frame.columns
            if name in self.dtypes and frame[name].dtype != self.dtypes[name]
        }
        return frame.astype(other) if other else frame

    def _whole_dtypes(self, columns: Sequence[str]) -> dict[str, Any]:
        schema = self.schema(columns)
        full = to_frame(schema.empty_table()).dtypes
        gaps = to_frame(pa.table([pa.nulls(1, item.type) for item in schema], schema=schema)).dtypes
        categories = [item.name for item in schema if pa.types.is_dictionary(item.type)]
        unsure = [
            column
            for column in columns
            if full[column] != gaps[column] and column not in categories
        ]
        missing = self._missing(unsure)
        dtypes = {column: gaps[column] if column in missing else full[column] for column in columns}
        return {**dtypes, **{category: self._category(category) for category in categories}}

    def _texts(self, columns: Sequence[str]) -> dict[str, Any]:
        """All texts of the columns for which the table in memory has lists."""
        rows = self.table.memory
        if rows is None:
            return {}
        names = [name for name in columns if name in self.table.listed]
        lists = {name: [part.dictionary for part in rows[name].chunks] for name in names}
        return {name: _union(parts) for name, parts in lists.items()}

    def _missing(self, columns: Sequence[str]) -> set[str]:
        """The columns with a missing value."""
        if not columns:
            return set()
        if self.table.format is TableFormat.PARQUET:
            counts = _null_counts(self.table, columns)
            if None not in counts.values():
                missing = {name for name, count in counts.items() if count}
                return missing | (set(columns) & self.table.partitions.missing)
        incomplete: set[str] = set()
        for batch, _ in self.batches(columns):
            incomplete |= {name for name in columns if batch.column(name).null_count}
        return incomplete

    def _category(self, column: str) -> Any:
        """The type of a column of categories, from the separate lists of all parts."""
        type_ = self.schema([column]).field(column).type
        lists = [
            batch.column(column).dictionary for batch, _ in self.batches([column]) if batch.num_rows
        ]
        values = pa.chunked_array(lists, type_.value_type).unique() if lists else pa.array([])
        return pd.CategoricalDtype(values.to_pandas(), ordered=type_.ordered)


def _union(lists: Sequence[pa.Array]) -> Any:
    return pa.chunked_array(lists, pa.string()).unique().to_pandas()


def to_frame(table: pa.Table) -> pd.DataFrame:
    """A frame as pandas reads it, except that an index remains a column."""
    metadata = dict(table.schema.metadata or {})
    if b"pandas" in metadata:
        pandas_metadata = json.loads(metadata[b"pandas"])
        pandas_metadata["index_columns"] = []
        # Names that are not text exist only in pandas; here each name is a text.
        pandas_metadata.pop("column_indexes", None)
        metadata[b"pandas"] = json.dumps(pandas_metadata).encode()
    without_index = table.replace_schema_metadata(metadata or None)
    # in separate blocks, columns without gaps are not copied
    frame: pd.DataFrame = without_index.to_pandas(split_blocks=True)
    return frame


def _of_the_kind(
    table: Table, nullable: Mapping[str, Any], types: Mapping[str, pa.DataType]
) -> dict[str, Any]:
    """The nullable pandas types for columns that pandas did not write and that fit them."""
    pandas_metadata = json.loads((table.columns.metadata or {}).get(b"pandas", "{}")).get(
        "columns", []
    )
    typed = {*table.untyped, *(item["field_name"] for item in pandas_metadata)}
    return {
        name: dtype
        for name, dtype in nullable.items()
        if name not in typed and is_kind(table.columns.field(name).type, types[name])
    }


def with_pandas_types(columns: pa.Schema, dtypes: Mapping[str, Any]) -> dict[bytes, bytes]:
    """A schema's metadata in which some columns have the given types of pandas.

    Arrow creates these types directly from the stored values, without floats or objects.
    """
    metadata = dict(columns.metadata or {})
    pandas_metadata = json.loads(metadata.get(b"pandas", '{"index_columns": [], "columns": []}'))
    pandas_metadata["columns"] += [
        {"name": name, "field_name": name, "pandas_type": kind, "numpy_type": kind}
        for name, kind in ((name, str(dtype)) for name, dtype in dtypes.items())
    ]
    return {**metadata, b"pandas": json.dumps(pandas_metadata).encode()}


def _shifted(values: Any, start: int) -> Any:
    return values.set_axis(values.index + start)


def _stood_in(array: pa.Array, refused: tuple[int, ...]) -> pa.Array:
    """The array with a placeholder for each refused value, so that pandas keeps the type."""
    if not refused or pa.types.is_dictionary(array.type):
        return array
    try:
        zero = pa.array([0]).cast(array.type)[0]
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        return array
    mask = pc.is_in(pa.array(range(len(array))), pa.array(refused))
    return pc.if_else(mask, zero, array)


def _null_counts(table: Table, columns: Sequence[str]) -> dict[str, int | None]:
    """Missing values by column, from the footers; None if a footer does not count them."""
    counts: dict[str, int | None] = dict.fromkeys(columns, 0)
    for file in table.files:
        with readable("bad-parquet", place(table.root, file)):
            groups = ParquetMetadata.read(file).groups
        for chunk in (chunk for group in groups for chunk in group.chunks):
            name = chunk.leaf.path[0]
            before = counts.get(name)
            if before is not None:
                is_counted = len(chunk.leaf.path) == 1 and chunk.nulls is not None
                counts[name] = before + (chunk.nulls or 0) if is_counted else None
    return counts
