"""How large the pages of a Parquet file are when they are unpacked, without unpacking them.

A reader trusts the size in a page's own header, which the file's footer can contradict. So the
headers are read here.
"""

from stagebook.data.tables.parquet_metadata import Chunk, ParquetMetadata
from stagebook.data.tables.thrift import DAMAGED, ThriftReader


def unpacked_size(data: bytes, metadata: ParquetMetadata) -> int:
    """Bytes of all pages without compression, as the header of each page says.

    Args:
        data: A Parquet file.
        metadata: Its footer.

    Raises:
        ValueError: The header of a page cannot be read.
    """
    try:
        return sum(_pages(data, chunk) for group in metadata.groups for chunk in group.chunks)
    except DAMAGED:
        raise ValueError("the header of a page is damaged") from None


def _pages(data: bytes, chunk: Chunk) -> int:
    """Bytes of the pages of a part of a column."""
    if not chunk.values:  # no page is read
        return 0
    size, place = 0, chunk.start
    while place < chunk.start + chunk.packed:
        reader = ThriftReader(data, place)
        header = reader.struct()
        if header[2] < 0 or header[3] < 0:
            raise ValueError("a page has a negative size")
        size += header[2]
        place = reader.place + header[3]
    return size
