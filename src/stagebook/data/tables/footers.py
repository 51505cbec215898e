"""Parquet and Feather: files whose footers describe their content."""

from collections.abc import Iterable, Iterator, Mapping
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
    readable,
    require_distinct,
    require_modest,
    together,
)
from stagebook.data.tables.parquet_metadata import Chunk, ParquetMetadata
from stagebook.project.errors import Where

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
            with readable("bad-parquet", where):
                about, schema = ParquetMetadata.read(file), pq.read_schema(file)
                require_distinct(schema.names, where)
                bytes_ = sum(group.unpacked for group in about.groups)
                own = about.rows * width(schema)
                require_modest(file.stat().st_size, max(bytes_, own), where)
                _require_modest_texts(about, schema, file, where)
            schemas.append((where, schema))
            rows, stored = rows + about.rows, stored + bytes_
            listed.append(_listed(about, schema))
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
        with readable("bad-parquet", place(root, file)), opened as item:
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
            with readable("bad-feather", where), pa.memory_map(str(file)) as source:
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
        with readable("bad-feather", place(root, file)), pa.memory_map(str(file)) as source:
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


def _listed(about: ParquetMetadata, schema: pa.Schema) -> frozenset[str]:
    """The text columns that have, in all row groups, a short list of values before the rows."""
    if len(about.leaves) != len(schema):  # some are nested
        return frozenset()
    return frozenset(
        item.name
        for place, item in enumerate(schema)
        if is_text(item.type) and all(_is_listed(group.chunks[place]) for group in about.groups)
    )


def _require_modest_texts(
    about: ParquetMetadata, schema: pa.Schema, file: Path, where: Where
) -> None:
    """Raises if long texts, which the file stores once, repeat so often that the table grows.

    Only columns that could grow by their footers are read, with each text in memory once.
    """
    packed = file.stat().st_size
    names = {(item.name,) for item in schema if is_text(item.type)}
    for number, group in enumerate(about.groups):
        for chunk in group.chunks:
            if chunk.leaf.path in names and has_grown(packed, chunk.values * chunk.unpacked):
                require_modest(packed, _text_bytes(file, number, chunk.leaf.path[0]), where)


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


def _is_listed(chunk: Chunk) -> bool:
    return chunk.dictionary is not None and 0 < chunk.first_page - chunk.dictionary <= _SHORT


def width(columns: pa.Schema) -> int:
    """Fewest bytes of one row in memory."""
    return sum(_bytes(column.type) for column in columns)


def _bytes(type_: pa.DataType) -> int:
    try:
        return max(1, int(type_.bit_width) // 8)
    except ValueError:
        return _TEXT_BYTES
