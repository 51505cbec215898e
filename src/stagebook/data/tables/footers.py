"""Parquet and Feather: files whose footers describe their content."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from stagebook.data.tables.arrow_messages import MessageContents, contents
from stagebook.data.tables.cells import is_text
from stagebook.data.tables.outline import (
    Outline,
    has_grown,
    place,
    require_distinct,
    require_modest,
    together,
    unreadable,
)
from stagebook.project.errors import StagebookError, Where

_SHORT = 64 * 1024  # bytes of a list of values
_TEXT_BYTES = 16  # fewest bytes of a text in memory; in a file it may be far smaller


class ParquetReader:
    """Reads Parquet."""

    def outline(
        self, root: Path, files: tuple[Path, ...], types: Mapping[str, pa.DataType]
    ) -> Outline:
        """The outline from the footers; `types` are not needed."""
        schemas, rows, stored, listed = [], 0, 0, []
        for file in files:
            where = place(root, file)
            with _readable("bad-parquet", where), pq.ParquetFile(file) as item:
                schemas.append((where, item.schema_arrow))
                rows += item.metadata.num_rows
                groups = range(item.metadata.num_row_groups)
                bytes_ = sum(item.metadata.row_group(group).total_byte_size for group in groups)
                own = item.metadata.num_rows * width(item.schema_arrow)
                require_modest(file.stat().st_size, max(bytes_, own), where)
                _require_modest_texts(item, file, where)
                stored += bytes_
                listed.append(_listed(item))
            require_distinct(schemas[-1][1].names, where)
        columns = together(schemas)
        size = max(stored, rows * width(columns))
        return Outline(columns, rows, size, frozenset.intersection(*listed))

    def batches(
        self, root: Path, file: Path, columns: pa.Schema, length: int
    ) -> Iterator[pa.RecordBatch]:
        """The rows, in parts of row groups; all at once if they are few."""
        lists = [column.name for column in columns if pa.types.is_dictionary(column.type)]
        # with pre_buffer, everything that was read stays in memory until the end
        opened = pq.ParquetFile(file, pre_buffer=False, read_dictionary=lists)
        with _readable("bad-parquet", place(root, file)), opened as item:
            if item.metadata.num_rows <= length:
                batches = iter(item.read(columns.names).to_batches())
            else:
                batches = item.iter_batches(length, columns=columns.names)
            for batch in batches:
                yield _as(batch, columns)


class FeatherReader:
    """Reads Feather, which is Arrow's own format, as a file or a stream."""

    def outline(
        self, root: Path, files: tuple[Path, ...], types: Mapping[str, pa.DataType]
    ) -> Outline:
        """The outline from the files; `types` are not needed."""
        schemas, rows, size = [], 0, 0
        for file in files:
            where = place(root, file)
            with _readable("bad-feather", where), pa.memory_map(str(file)) as source:
                schema, _ = _arrow_batches(source)
                schemas.append((where, schema))
                source.seek(0)
                own = _modest(contents(source), width(schema), file.stat().st_size, where)
            rows, size = rows + own.rows, size + own.size
            require_distinct(schema.names, where)
        return Outline(together(schemas), rows, size)

    def batches(
        self, root: Path, file: Path, columns: pa.Schema, length: int
    ) -> Iterator[pa.RecordBatch]:
        """The rows, in the batches in which they were written."""
        with _readable("bad-feather", place(root, file)), pa.memory_map(str(file)) as source:
            for batch in _arrow_batches(source)[1]:
                yield _as(batch.select(columns.names), columns)


PARQUET = ParquetReader()
FEATHER = FeatherReader()


def _modest(
    messages: Iterable[MessageContents], row: int, packed: int, where: Where
) -> MessageContents:
    """The total size of a file's messages; raises if they unpack to far more than its bytes.

    Args:
        messages: The size of each message.
        row: Fewest bytes of a row in memory.
        packed: Bytes of the file.
        where: The file.
    """
    rows = size = 0
    for message in messages:
        rows, size = rows + message.rows, size + message.size
        require_modest(packed, max(size, rows * row), where)
    return MessageContents(rows, size)


def _arrow_batches(source: pa.NativeFile) -> tuple[pa.Schema, Iterator[pa.RecordBatch]]:
    if source.read(6) == b"ARROW1":
        reader = pa.ipc.open_file(source)
        return reader.schema, map(reader.get_batch, range(reader.num_record_batches))
    source.seek(0)
    stream = pa.ipc.open_stream(source)
    return stream.schema, iter(stream)


def _as(batch: pa.RecordBatch, columns: pa.Schema) -> pa.RecordBatch:
    """The batch with the table's types, which are unknown in a part without any value."""
    if not columns.names:
        return batch
    arrays = [batch.column(column.name) for column in columns]
    pairs = zip(arrays, columns, strict=True)
    cast = [array if array.type == item.type else array.cast(item.type) for array, item in pairs]
    return pa.RecordBatch.from_arrays(cast, schema=columns)


def _listed(file: pq.ParquetFile) -> frozenset[str]:
    """The text columns that have, in all row groups, a short list of values before the rows."""
    schema, about = file.schema_arrow, file.metadata
    if about.num_columns != len(schema):  # some are nested
        return frozenset()
    groups = [about.row_group(number) for number in range(about.num_row_groups)]
    return frozenset(
        item.name
        for place, item in enumerate(schema)
        if is_text(item.type) and all(_is_listed(group.column(place)) for group in groups)
    )


def _require_modest_texts(opened: pq.ParquetFile, file: Path, where: Where) -> None:
    """Raises if long texts, which the file stores once, repeat so often that the table grows.

    Only columns that could grow by their footers are read, with each text in memory once.
    """
    about, packed = opened.metadata, file.stat().st_size
    names = [item.name for item in opened.schema_arrow if is_text(item.type)]
    for number in range(about.num_row_groups):
        group = about.row_group(number)
        for place_ in range(group.num_columns):
            column = group.column(place_)
            most = column.num_values * column.total_uncompressed_size
            if column.path_in_schema in names and has_grown(packed, most):
                require_modest(packed, _text_bytes(file, number, column.path_in_schema), where)


def _text_bytes(file: Path, group: int, name: str) -> int:
    """Bytes of the texts of a column in one row group, repeated as often as they occur."""
    with pq.ParquetFile(file, read_dictionary=[name]) as item:
        column = item.read_row_group(group, columns=[name]).column(0)
    if not pa.types.is_dictionary(column.type):
        return int(column.nbytes)
    return sum(
        int(pc.sum(pc.take(pc.binary_length(part.dictionary), part.indices)).as_py() or 0)
        for part in column.chunks
    )


def _is_listed(column: pq.ColumnChunkMetaData) -> bool:
    start = column.dictionary_page_offset
    return start is not None and 0 < column.data_page_offset - start <= _SHORT


def width(columns: pa.Schema) -> int:
    """Fewest bytes of one row in memory."""
    return sum(_bytes(column.type) for column in columns)


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
