"""Models in skops' format, made the same to the byte each time."""

import io
import json
import math
import struct
import zipfile
from collections.abc import Collection
from typing import Any

import numpy.lib.format as npy
import skops.io

from stagebook.model import json_text

_SCHEMA = "schema.json"
_NO_TIME = (1980, 1, 1, 0, 0, 0)  # the earliest that a zip file can say


def dump(model: Any) -> bytes:
    """A model's file.

    skops names the parts by where they lay in memory, and its zip file holds times; both are
    replaced, so that the same model gives the same bytes.
    """
    raw = zipfile.ZipFile(io.BytesIO(skops.io.dumps(model)))
    schema = json.loads(raw.read(_SCHEMA))
    numbers: dict[str, int] = {}
    ordered = _renumbered(schema, numbers)
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as file:
        names = {_renamed(name, numbers): name for name in raw.namelist() if name != _SCHEMA}
        for name in sorted(names):
            data = raw.read(names[name])
            _add(file, name, _stored(data) if name.endswith(_PACKED) else data)
        _add(file, _SCHEMA, json.dumps(ordered, indent=1).encode())
    return buffer.getvalue()


def _stored(data: bytes) -> bytes:
    """A zip file without compression: what is not compressed cannot grow on reading."""
    buffer = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(data)) as raw,
        zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as file,
    ):
        for name in sorted(raw.namelist()):
            _add(file, name, raw.read(name))
    return buffer.getvalue()


def _renumbered(value: Any, numbers: dict[str, int]) -> Any:
    """A schema in which objects are numbered in the order in which they come."""
    if isinstance(value, dict):
        # the number of a whole comes before those of its parts
        own = {key: _number(value[key], numbers) for key in ("__id__",) if key in value}
        return {
            key: own[key]
            if key in own
            else _renamed(item, numbers)
            if key == "file" and isinstance(item, str)
            else _renumbered(item, numbers)
            for key, item in value.items()
        }
    if isinstance(value, list):
        return [_renumbered(item, numbers) for item in value]
    return value


def _number(value: Any, numbers: dict[str, int]) -> int:
    return numbers.setdefault(str(value), len(numbers))


def _renamed(name: str, numbers: dict[str, int]) -> str:
    stem, dot, suffix = name.partition(".")
    return f"{_number(stem, numbers)}{dot}{suffix}"


def _add(file: zipfile.ZipFile, name: str, data: bytes) -> None:
    entry = zipfile.ZipInfo(name, _NO_TIME)
    entry.create_system, entry.external_attr = 3, 0o644 << 16
    file.writestr(entry, data)


def require_bounded(data: bytes) -> None:
    """Raises a ValueError where reading a file would take more memory than the file has bytes.

    ``dump`` compresses nothing, so nothing may be compressed, be there twice, or say of itself
    that it is larger than it is.
    """
    end = data[-_END.size :]
    if len(end) < _END.size or end[:4] != _END_MAGIC or _END.unpack(end)[4] >= _MOST_MEMBERS:
        raise ValueError("it is not a zip file that skops wrote")
    with zipfile.ZipFile(io.BytesIO(data)) as file:
        infos = file.infolist()
        stored = all(
            info.compress_type == zipfile.ZIP_STORED
            and info.compress_size == info.file_size
            and not info.flag_bits & _ENCRYPTED
            and not info.is_dir()
            for info in infos
        )
        once = len({info.filename for info in infos}) == len(infos)
        if not (stored and once) or sum(info.file_size for info in infos) > len(data):
            raise ValueError(
                "its files are not stored as skops stores them: each once and uncompressed"
            )
        for info in infos:
            _require_bounded_member(info.filename, file.read(info))


def _require_bounded_member(name: str, data: bytes) -> None:
    if name == _SCHEMA:
        json_text.load(data, _LARGEST_SCHEMA)
    elif name.endswith(_PACKED):
        require_bounded(data)
    elif name.endswith(".npy"):
        file = io.BytesIO(data)
        read = {(1, 0): npy.read_array_header_1_0, (2, 0): npy.read_array_header_2_0}
        shape, _, dtype = read[npy.read_magic(file)](file)
        if math.prod(shape) * dtype.itemsize != len(data) - file.tell():
            raise ValueError(f"{name} does not have the size that its header says")


_PACKED = ".npz"
_END, _END_MAGIC = struct.Struct("<4s4H2LH"), b"PK\5\6"  # of a zip file without a comment
_MOST_MEMBERS = 0xFFFF
_ENCRYPTED = 1
_LARGEST_SCHEMA = 32_000_000  # bytes


def types(data: bytes) -> tuple[str, ...]:
    """The types in a file that skops does not trust by itself; nothing is made.

    Raises:
        Exception: It is not a file of skops, or reading it would take more memory than its size.
    """
    require_bounded(data)
    return tuple(skops.io.get_untrusted_types(data=data))


def load(data: bytes, trusted: Collection[str]) -> Any:
    """The model in a file, made of the types that skops trusts and of these."""
    return skops.io.loads(data, trusted=sorted(trusted))
