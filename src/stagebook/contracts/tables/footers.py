"""Parquet and Feather: files whose footers say what is in them."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from stagebook.contracts.tables.cells import is_text
from stagebook.contracts.tables.outline import (
    Outline,
    place,
    require_distinct,
    together,
    unreadable,
)
from stagebook.errors import StagebookError, Where

_SHORT = 64 * 1024  # bytes of a list of values
_TEXT_BYTES = 16  # of a text in memory, at least: what a file holds may be far smaller


class ParquetReader:
    """Reads Parquet."""

    def outline(
        self, root: Path, files: tuple[Path, ...], types: Mapping[str, pa.DataType]
    ) -> Outline:
        """What the footers say; `types` are not needed."""
        schemas, rows, stored, listed = [], 0, 0, []
        for file in files:
            where = place(root, file)
            with _readable("bad-parquet", where), pq.ParquetFile(file) as one:
                schemas.append((where, one.schema_arrow))
                rows += one.metadata.num_rows
                groups = range(one.metadata.num_row_groups)
                stored += sum(one.metadata.row_group(group).total_byte_size for group in groups)
                listed.append(_listed(one))
            require_distinct(schemas[-1][1].names, where)
        columns = together(schemas)
        size = max(stored, rows * _width(columns))
        return Outline(columns, rows, size, frozenset.intersection(*listed))

    def batches(
        self, root: Path, file: Path, columns: pa.Schema, length: int
    ) -> Iterator[pa.RecordBatch]:
        """The rows, a row group's part at a time; all at once where they are not too many."""
        lists = [one.name for one in columns if pa.types.is_dictionary(one.type)]
        # with pre_buffer, all that was read stays in memory until the end
        opened = pq.ParquetFile(file, pre_buffer=False, read_dictionary=lists)
        with _readable("bad-parquet", place(root, file)), opened as one:
            if one.metadata.num_rows <= length:
                batches = iter(one.read(columns.names).to_batches())
            else:
                batches = one.iter_batches(length, columns=columns.names)
            for batch in batches:
                yield _as(batch, columns)


class FeatherReader:
    """Reads Feather, which is Arrow's own format as a file or a stream."""

    def outline(
        self, root: Path, files: tuple[Path, ...], types: Mapping[str, pa.DataType]
    ) -> Outline:
        """What the files say; `types` are not needed."""
        schemas, rows, size = [], 0, 0
        for file in files:
            where = place(root, file)
            with _readable("bad-feather", where), pa.memory_map(str(file)) as source:
                schema, batches = _arrow_batches(source)
                schemas.append((where, schema))
                for batch in batches:
                    rows += batch.num_rows
                    size += batch.nbytes
            require_distinct(schema.names, where)
        return Outline(together(schemas), rows, size)

    def batches(
        self, root: Path, file: Path, columns: pa.Schema, length: int
    ) -> Iterator[pa.RecordBatch]:
        """The rows, in the batches that they were written in."""
        with _readable("bad-feather", place(root, file)), pa.memory_map(str(file)) as source:
            for batch in _arrow_batches(source)[1]:
                yield _as(batch.select(columns.names), columns)


PARQUET = ParquetReader()
FEATHER = FeatherReader()


def _arrow_batches(source: pa.NativeFile) -> tuple[pa.Schema, Iterator[pa.RecordBatch]]:
    if source.read(6) == b"ARROW1":
        reader = pa.ipc.open_file(source)
        return reader.schema, map(reader.get_batch, range(reader.num_record_batches))
    source.seek(0)
    stream = pa.ipc.open_stream(source)
    return stream.schema, iter(stream)


def _as(batch: pa.RecordBatch, columns: pa.Schema) -> pa.RecordBatch:
    """The batch with the table's types, which a part without any value does not know."""
    arrays = [batch.column(one.name) for one in columns]
    pairs = zip(arrays, columns, strict=True)
    cast = [array if array.type == one.type else array.cast(one.type) for array, one in pairs]
    return pa.RecordBatch.from_arrays(cast, schema=columns)


def _listed(file: pq.ParquetFile) -> frozenset[str]:
    """The columns of texts whose values are, in all row groups, in a short list before the rows."""
    schema, about = file.schema_arrow, file.metadata
    if about.num_columns != len(schema):  # some are nested
        return frozenset()
    groups = [about.row_group(number) for number in range(about.num_row_groups)]
    return frozenset(
        one.name
        for place, one in enumerate(schema)
        if is_text(one.type) and all(_is_listed(group.column(place)) for group in groups)
    )


def _is_listed(column: pq.ColumnChunkMetaData) -> bool:
    start = column.dictionary_page_offset
    return start is not None and 0 < column.data_page_offset - start <= _SHORT


def _width(columns: pa.Schema) -> int:
    """Bytes of one row in memory, at least."""
    return sum(_bytes(one.type) for one in columns)


def _bytes(type_: pa.DataType) -> int:
    try:
        return max(1, int(type_.bit_width) // 8)
    except ValueError:
        return _TEXT_BYTES


@contextmanager
def _readable(code: str, where: Where) -> Iterator[None]:
    try:
        yield
    except (pa.ArrowException, OSError) as error:
        raise StagebookError(unreadable(code, error, where)) from None
