"""Models in skops' format, made the same to the byte each time."""

import io
import json
import zipfile
from collections.abc import Collection
from typing import Any

import skops.io

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
            _add(file, name, raw.read(names[name]))
        _add(file, _SCHEMA, json.dumps(ordered, indent=1).encode())
    return buffer.getvalue()


def _renumbered(value: Any, numbers: dict[str, int]) -> Any:
    """A schema in which objects are numbered in the order in which they come."""
    if isinstance(value, dict):
        # the number of a whole comes before those of its parts
        own = {key: _number(value[key], numbers) for key in ("__id__",) if key in value}
        return {
            key: own[key]
            if key in own
            else _renamed(one, numbers)
            if key == "file" and isinstance(one, str)
            else _renumbered(one, numbers)
            for key, one in value.items()
        }
    if isinstance(value, list):
        return [_renumbered(one, numbers) for one in value]
    return value


def _number(one: Any, numbers: dict[str, int]) -> int:
    return numbers.setdefault(str(one), len(numbers))


def _renamed(name: str, numbers: dict[str, int]) -> str:
    stem, dot, suffix = name.partition(".")
    return f"{_number(stem, numbers)}{dot}{suffix}"


def _add(file: zipfile.ZipFile, name: str, data: bytes) -> None:
    entry = zipfile.ZipInfo(name, _NO_TIME)
    entry.create_system, entry.external_attr = 3, 0o644 << 16
    file.writestr(entry, data)


def types(data: bytes) -> tuple[str, ...]:
    """The types in a file that skops does not trust by itself; nothing is made.

    Raises:
        Exception: It is no file of skops.
    """
    return tuple(skops.io.get_untrusted_types(data=data))


def load(data: bytes, trusted: Collection[str]) -> Any:
    """The model in a file, made of the types that skops trusts and of these."""
    return skops.io.loads(data, trusted=sorted(trusted))
