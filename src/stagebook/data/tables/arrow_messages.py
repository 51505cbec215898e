"""Messages of Arrow's file and stream format: their sizes, without unpacking them."""

import struct
from collections.abc import Iterator
from dataclasses import dataclass

import pyarrow as pa

_FILE = b"ARROW1"
_DICTIONARY, _ROWS = 2, 3  # kinds of a message that have a body
_PREFIX = 8  # bytes before a packed buffer with its size
_STORED = -1  # in place of a size: the buffer is not packed


@dataclass(frozen=True, slots=True)
class MessageContents:
    """The size of a message's contents.

    Attributes:
        rows: Rows of the table; 0 for a message with a dictionary.
        size: Bytes of its buffers in memory.
    """

    rows: int
    size: int


@dataclass(frozen=True, slots=True)
class _Record:
    """A table in a flatbuffer (https://flatbuffers.dev/internals/).

    Attributes:
        data: The flatbuffer.
        start: Where the table begins.
    """

    data: bytes
    start: int

    @classmethod
    def root(cls, data: bytes) -> "_Record":
        return cls(data, _number("<I", data, 0))

    def number(self, field: int, kind: str) -> int:
        """A number; 0 if it is missing."""
        place = self._place(field)
        return _number(kind, self.data, place) if place else 0

    def record(self, field: int) -> "_Record | None":
        """A table inside this one."""
        place = self._place(field)
        return _Record(self.data, self._target(place)) if place else None

    def structs(self, field: int, kind: str) -> Iterator[tuple[int, ...]]:
        """The items of a vector of structs."""
        place = self._place(field)
        if not place:
            return
        start = self._target(place)
        for number in range(_number("<I", self.data, start)):
            yield struct.unpack_from(kind, self.data, start + 4 + number * struct.calcsize(kind))

    def _target(self, place: int) -> int:
        return place + _number("<I", self.data, place)

    def _place(self, field: int) -> int:
        """Where a field is; 0 if it is missing."""
        fields = self.start - _number("<i", self.data, self.start)
        entry = 4 + 2 * field
        if entry >= _number("<H", self.data, fields):
            return 0
        offset = _number("<H", self.data, fields + entry)
        return self.start + offset if offset else 0


def contents(source: pa.NativeFile) -> Iterator[MessageContents]:
    """The declared contents of each message of a file or a stream.

    Args:
        source: The file, mapped into memory and at its start.

    Raises:
        ArrowException: It is damaged.
    """
    try:
        for message in _messages(source):
            yield _contents(message)
    except (struct.error, IndexError) as error:
        raise pa.ArrowInvalid(f"a message does not follow Arrow's format: {error}") from None


def _messages(source: pa.NativeFile) -> Iterator[pa.ipc.Message]:
    if source.read(len(_FILE)) == _FILE:
        for start in _starts(source):
            source.seek(start)
            yield pa.ipc.read_message(source)
        return
    source.seek(0)
    reader = pa.ipc.MessageReader.open_stream(source)
    yield from reader


def _starts(source: pa.NativeFile) -> list[int]:
    """Where the messages of a file begin, from its footer: dictionaries first."""
    end = source.size() - len(_FILE) - 4
    source.seek(end)
    length = _number("<i", source.read(4), 0)
    source.seek(max(0, end - length))
    footer = _Record.root(source.read(length))
    blocks = (block for field in (2, 3) for block in footer.structs(field, "<qi4xq"))
    return [start for start, _, _ in blocks]


def _contents(message: pa.ipc.Message) -> MessageContents:
    about = _Record.root(message.metadata.to_pybytes())
    kind, header = about.number(1, "<B"), about.record(2)
    if header is None or kind not in (_DICTIONARY, _ROWS):
        return MessageContents(0, 0)
    batch = header.record(1) if kind == _DICTIONARY else header
    if batch is None:
        return MessageContents(0, 0)
    buffers = batch.structs(2, "<qq")
    packed = batch.record(3) is not None
    size = sum(_size(message.body, *buffer) if packed else buffer[1] for buffer in buffers)
    return MessageContents(batch.number(0, "<q") if kind == _ROWS else 0, size)


def _size(body: pa.Buffer, start: int, length: int) -> int:
    """Bytes of a packed buffer once it is unpacked."""
    if length < _PREFIX:
        return length
    size = _number("<q", body.slice(start, _PREFIX).to_pybytes(), 0)
    if size < _STORED:
        raise pa.ArrowInvalid(f"a buffer has the impossible size of {size} bytes")
    return length - _PREFIX if size == _STORED else size


def _number(kind: str, data: bytes, place: int) -> int:
    (number,) = struct.unpack_from(kind, data, place)
    return int(number)
