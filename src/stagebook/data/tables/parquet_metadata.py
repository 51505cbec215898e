"""The footer of a Parquet file, checked before pyarrow uses it.

For some damaged footers, pyarrow does not catch an exception of C++ in ``RowGroupMetaData.column``
and in the statistics of a column, and the process ends. So both are read here instead:
https://github.com/apache/parquet-format/blob/master/src/main/thrift/parquet.thrift
"""

import enum
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self, TypeVar

from stagebook.data.tables.thrift import DAMAGED, Struct, ThriftReader

_TAIL = 8  # bytes: the footer's length, and PAR1
_MAGIC = b"PAR1"
T = TypeVar("T")


class PhysicalType(enum.IntEnum):
    """How a value is stored, as Parquet numbers it."""

    BOOLEAN = 0
    INT32 = 1
    INT64 = 2
    INT96 = 3
    FLOAT = 4
    DOUBLE = 5
    BYTE_ARRAY = 6
    FIXED_LEN_BYTE_ARRAY = 7


@dataclass(frozen=True, slots=True)
class Leaf:
    """A column of values; a column of the table that is not nested is one.

    Attributes:
        path: Its name, after the names of those that it is in.
        type: How its values are stored.
    """

    path: tuple[str, ...]
    type: PhysicalType


@dataclass(frozen=True, slots=True)
class Chunk:
    """The part of a column that is in one row group.

    Attributes:
        leaf: The column.
        values: How many values it has, missing ones included.
        packed: Bytes in the file.
        unpacked: Bytes without compression.
        first_page: Where its first page of values starts.
        dictionary: Where its list of values starts; None without one.
        nulls: How many values are missing; None if that is not known.
        largest: Its largest value, as Parquet stores one; None if that is not known.
    """

    leaf: Leaf
    values: int
    packed: int
    unpacked: int
    first_page: int
    dictionary: int | None
    nulls: int | None
    largest: bytes | None

    @property
    def start(self) -> int:
        """Where its first page starts."""
        has_list = self.dictionary is not None and 0 < self.dictionary < self.first_page
        return self.dictionary if has_list and self.dictionary else self.first_page


@dataclass(frozen=True, slots=True)
class RowGroup:
    """Consecutive rows of a file.

    Attributes:
        rows: How many.
        unpacked: Their bytes without compression.
        chunks: The part of each column, in the order of the columns.
    """

    rows: int
    unpacked: int
    chunks: tuple[Chunk, ...]


@dataclass(frozen=True, slots=True)
class ParquetMetadata:
    """What a footer says.

    Attributes:
        rows: The number of rows.
        leaves: The columns of values.
        groups: The row groups.
    """

    rows: int
    leaves: tuple[Leaf, ...]
    groups: tuple[RowGroup, ...]

    @classmethod
    def read(cls, path: Path) -> Self:
        """The footer of a file; see `parse`. OSError if the file cannot be read."""
        with path.open("rb") as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(max(0, size - _TAIL))
            length = _footer_length(file.read(_TAIL), size)
            file.seek(size - _TAIL - length)
            return cls.parse_footer(file.read(length), size - _TAIL - length)

    @classmethod
    def parse(cls, data: bytes) -> Self:
        """The footer of a file's bytes.

        Raises:
            ValueError: There is none, or it contradicts itself or the file's size.
        """
        length = _footer_length(data[-_TAIL:], len(data))
        start = len(data) - _TAIL - length
        return cls.parse_footer(data[start:-_TAIL], start)

    @classmethod
    def parse_footer(cls, footer: bytes, start: int) -> Self:
        """What a footer says.

        Args:
            footer: Its bytes.
            start: Where it starts in the file.

        Raises:
            ValueError: It cannot be read, or contradicts itself or its place.
        """
        try:
            plain = ThriftReader(footer).struct()
            leaves = tuple(_leaves(plain[2]))
            groups = tuple(_group(group, leaves, start) for group in plain[4])
            rows = _count(plain[3])
        except UnicodeDecodeError:
            raise ValueError("the name of a column is not UTF-8") from None
        except DAMAGED:
            raise ValueError("its footer is damaged") from None
        if sum(group.rows for group in groups) != rows:
            raise ValueError("its row groups have another number of rows than the file")
        return cls(rows, leaves, groups)


def _footer_length(tail: bytes, size: int) -> int:
    length = int.from_bytes(tail[:4], "little")
    if length == 0 or size - _TAIL - length < len(_MAGIC) or tail[4:] != _MAGIC:
        raise ValueError("it has no footer")
    return length


def _leaves(elements: list[Struct]) -> Iterator[Leaf]:
    """The columns of values in a schema, which lists each group of columns before its members."""
    open_groups: list[tuple[str, int]] = []  # the name of each, and how many members are left
    for place, element in enumerate(elements):
        name, members = element[4].decode(), _count(element.get(5, 0))
        if place and not open_groups:
            raise ValueError("its schema has a column in no group")
        if open_groups:
            open_groups[-1] = (open_groups[-1][0], open_groups[-1][1] - 1)
        if members or not place:
            open_groups.append((name, members))
        elif 1 in element:
            yield Leaf((*(group for group, _ in open_groups[1:]), name), PhysicalType(element[1]))
        while open_groups and not open_groups[-1][1]:
            open_groups.pop()
    if open_groups:
        raise ValueError("its schema lacks a column")


def _group(group: Struct, leaves: tuple[Leaf, ...], end: int) -> RowGroup:
    if len(group[1]) != len(leaves):
        raise ValueError(f"a row group has {len(group[1])} columns instead of {len(leaves)}")
    pairs = zip(group[1], leaves, strict=True)
    chunks = tuple(_chunk(column, leaf, end) for column, leaf in pairs)
    return RowGroup(_count(group[3]), _count(group[2]), chunks)


def _chunk(column: Struct, leaf: Leaf, end: int) -> Chunk:
    if 3 not in column:
        raise ValueError("a column is encrypted or has no description")
    plain = column[3]
    if plain[1] != leaf.type:
        raise ValueError("a row group has a column of another type than the file")
    statistics = plain.get(12, {})
    chunk = Chunk(
        leaf,
        _count(plain[5]),
        _count(plain[7]),
        _count(plain[6]),
        _known(int, plain[9]),
        _optional(int, plain.get(11)),
        _optional(int, statistics.get(3)),
        _optional(bytes, statistics.get(5)),  # 1 is of an older kind, with an order of its own
    )
    # without values, no page is read, and the places are not those of pages
    if chunk.values and not len(_MAGIC) <= chunk.start <= chunk.start + chunk.packed <= end:
        raise ValueError("a column is outside of the file")
    return chunk


def _known(type_: type[T], value: Any) -> T:
    if not isinstance(value, type_):
        raise TypeError
    return value


def _optional(type_: type[T], value: Any) -> T | None:
    return None if value is None else _known(type_, value)


def _count(number: Any) -> int:
    if _known(int, number) < 0:
        raise ValueError("it has a negative number of rows, values or bytes")
    return int(number)
