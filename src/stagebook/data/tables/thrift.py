"""Values in Thrift's compact protocol, in which Parquet writes its metadata.

https://github.com/apache/thrift/blob/master/doc/specs/thrift-compact-protocol.md
"""

from dataclasses import dataclass
from typing import Any

_STOP, _TRUE, _FALSE, _BYTE = 0, 1, 2, 3
_DOUBLE, _BINARY, _LIST, _SET, _STRUCT = 7, 8, 9, 10, 12
_INTEGERS = (4, 5, 6)
_DEEPEST = 16  # structures within each other; Parquet has fewer

Struct = dict[int, Any]
"""The values of a structure, by the number of each field."""

DAMAGED = (AttributeError, IndexError, KeyError, TypeError, RecursionError)
"""What code raises that expects other values than damaged bytes have."""


@dataclass(slots=True)
class ThriftReader:
    """Reads values one after the other.

    Attributes:
        data: The bytes.
        place: The next one.
        depth: How many structures are open.
    """

    data: bytes
    place: int = 0
    depth: int = 0

    def struct(self) -> Struct:
        """A structure.

        Raises:
            ValueError: The bytes are no structure.
            IndexError: They end too early.
        """
        self.depth += 1
        if self.depth > _DEEPEST:
            raise ValueError("it is nested too deeply")
        fields: Struct = {}
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
            return self._bytes(self._unsigned())
        if type_ == _STRUCT:
            return self.struct()
        if type_ in (_LIST, _SET):
            return self._list()
        if type_ in (_TRUE, _FALSE, _BYTE):  # within a list, a boolean has a byte
            return self._byte()
        if type_ == _DOUBLE:
            return self._bytes(8)
        raise ValueError("it has a value of an unknown type")  # such as a map: Parquet has none

    def _list(self) -> list[Any]:
        head = self._byte()
        size = head >> 4 if head >> 4 < 15 else self._unsigned()
        if size > len(self.data) - self.place:
            raise ValueError("a list is longer than the file")
        return [self._value(head & 15) for _ in range(size)]

    def _byte(self) -> int:
        byte = self.data[self.place]
        self.place += 1
        return byte

    def _bytes(self, size: int) -> bytes:
        start = self.place
        self.place += size
        if self.place > len(self.data):
            raise ValueError("a text is longer than the file")
        return self.data[start : self.place]

    def _unsigned(self) -> int:
        byte = self.data[self.place]  # most numbers have one byte
        self.place += 1
        if byte < 128:
            return byte
        value, shift = byte & 127, 7
        while (byte := self._byte()) & 128:
            value |= (byte & 127) << shift
            shift += 7
            if shift > 63:
                raise ValueError("it has a number of more than 64 bits")
        return value | byte << shift

    def _integer(self) -> int:
        value = self._unsigned()
        return value >> 1 ^ -(value & 1)
