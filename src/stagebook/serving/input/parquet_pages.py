"""How large the pages of a Parquet file are when they are unpacked, without unpacking them.

A reader trusts the size in a page's own header, which the file's footer can contradict. So the
headers are read here, in Thrift's compact protocol:
https://github.com/apache/parquet-format/blob/master/src/main/thrift/parquet.thrift
"""

from dataclasses import dataclass
from typing import Any

_STOP, _TRUE, _FALSE, _BYTE = 0, 1, 2, 3
_DOUBLE, _BINARY, _LIST, _SET, _STRUCT = 7, 8, 9, 10, 12
_INTEGERS = (4, 5, 6)
_DEEPEST = 16  # structures within each other; Parquet has fewer
_TAIL = 8  # bytes: the footer's length, and PAR1
_Struct = dict[int, Any]


def unpacked_size(data: bytes) -> int:
    """Bytes of all pages without compression, as the header of each page says.

    Args:
        data: A Parquet file.

    Raises:
        ValueError: The footer, or the header of a page, cannot be read.
    """
    length = int.from_bytes(data[-_TAIL:-4], "little")
    start = len(data) - _TAIL - length
    if length == 0 or start < 4 or data[-4:] != b"PAR1":
        raise ValueError("it has no footer")
    try:
        footer = _Reader(data, start).struct()
        columns = [chunk[3] for group in footer[4] for chunk in group[1]]
        return sum(_pages(data, column) for column in columns)
    except (IndexError, KeyError, TypeError, RecursionError):
        raise ValueError("its footer or the header of a page is damaged") from None


def _pages(data: bytes, column: _Struct) -> int:
    """Bytes of the pages of a part of a column."""
    dictionary, first = column.get(11, 0), column[9]
    place = dictionary if 0 < dictionary < first else first
    end = place + column[7]
    if column[5] <= 0:  # without values, no page is read, and the places are not those of pages
        return 0
    if not 4 <= place <= end <= len(data):
        raise ValueError("a column is outside of the file")
    size = 0
    while place < end:
        reader = _Reader(data, place)
        header = reader.struct()
        if header[2] < 0 or header[3] < 0:
            raise ValueError("a page has a negative size")
        size += header[2]
        place = reader.place + header[3]
    return size


@dataclass(slots=True)
class _Reader:
    """Reads values one after the other.

    Attributes:
        data: The bytes.
        place: The next one.
        depth: How many structures are open.
    """

    data: bytes
    place: int
    depth: int = 0

    def struct(self) -> _Struct:
        """A structure: its values by the number of each field."""
        self.depth += 1
        if self.depth > _DEEPEST:
            raise ValueError("it is nested too deeply")
        fields: _Struct = {}
        number = 0
        while (head := self._byte()) != _STOP:
            step, type_ = head >> 4, head & 15
            number = number + step if step else self._integer()
            fields[number] = type_ == _TRUE if type_ in (_TRUE, _FALSE) else self._value(type_)
        self.depth -= 1
        return fields

    def _value(self, type_: int) -> Any:
        if type_ in _INTEGERS:
            return self._integer()
        if type_ == _BINARY:
            return self._skip(self._unsigned())
        if type_ == _STRUCT:
            return self.struct()
        if type_ in (_LIST, _SET):
            head = self._byte()
            size = head >> 4 if head >> 4 < 15 else self._unsigned()
            if size > len(self.data) - self.place:
                raise ValueError("a list is longer than the file")
            return [self._value(head & 15) for _ in range(size)]
        if type_ in (_TRUE, _FALSE, _BYTE):  # within a list, a boolean has a byte
            return self._byte()
        if type_ == _DOUBLE:
            return self._skip(8)
        raise ValueError("it has a value of an unknown type")  # such as a map: Parquet has none

    def _byte(self) -> int:
        byte = self.data[self.place]
        self.place += 1
        return byte

    def _skip(self, size: int) -> None:
        self.place += size
        if self.place > len(self.data):
            raise ValueError("a text is longer than the file")

    def _unsigned(self) -> int:
        value = shift = 0
        while (byte := self._byte()) & 128:
            value |= (byte & 127) << shift
            shift += 7
            if shift > 63:
                raise ValueError("it has a number of more than 64 bits")
        return value | byte << shift

    def _integer(self) -> int:
        value = self._unsigned()
        return value >> 1 ^ -(value & 1)
