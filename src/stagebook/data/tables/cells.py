"""Cells as text and as typed values."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

LADDER = (pa.int64(), pa.float64(), pa.bool_(), pa.date32(), pa.timestamp("us"), pa.string())
"""The types that are tried for text, in this order."""


@dataclass(frozen=True, slots=True)
class CastArray:
    """An array that was cast to a type.

    Attributes:
        array: The values; null in place of a value that does not fit.
        refused: Positions of values that do not fit, ascending.
    """

    array: pa.Array
    refused: tuple[int, ...] = ()


def fit(array: pa.Array, type_: pa.DataType) -> CastArray:
    """An array as values of a type, with the positions of values that do not fit.

    Args:
        array: Text, or values of any type.
        type_: The type to cast them to.
    """
    if pa.types.is_dictionary(type_):
        inner = fit(array, type_.value_type)
        return CastArray(inner.array.dictionary_encode().cast(type_), inner.refused)
    try:
        return CastArray(_cast(array, type_))
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        return _one_by_one(array, type_)


def narrowest(text: pa.Array, start: int = 0) -> int:
    """Position on the ladder of the first type, from `start` on, that all of the texts fit."""
    values = text.drop_null()
    for position in range(start, len(LADDER) - 1):
        try:
            _cast(values, LADDER[position])
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
            continue
        return position
    return len(LADDER) - 1


def _cast(array: pa.Array, type_: pa.DataType) -> pa.Array:
    if not is_text(array.type):
        if _is_number(array.type) != _is_number(type_) and not is_text(type_):
            raise pa.ArrowInvalid(f"{array.type} is not of the type {type_}")
        return array.cast(type_)
    if pa.types.is_integer(type_) or pa.types.is_floating(type_) or pa.types.is_decimal(type_):
        array = pc.utf8_trim_whitespace(array)
    if pa.types.is_integer(type_):
        return pc.replace_substring_regex(array, r"^([+-]?[0-9]+)\.0*$", r"\1").cast(type_)
    if pa.types.is_timestamp(type_) and type_.tz is None:
        return array.cast(type_)
    if pa.types.is_timestamp(type_):
        return _zoned(array, type_)
    return array.cast(type_)


def _zoned(array: pa.Array, type_: pa.DataType) -> pa.Array:
    """Times with an offset as written; times without one are local to the type's zone."""
    try:
        return array.cast(type_)
    except pa.ArrowInvalid:
        return pc.assume_timezone(array.cast(pa.timestamp(type_.unit)), type_.tz)


def _one_by_one(array: pa.Array, type_: pa.DataType) -> CastArray:
    """Casts each distinct value separately."""
    encoded = array.dictionary_encode()
    distinct = encoded.dictionary
    values, wrong = [], set()
    for position in range(len(distinct)):
        try:
            values.append(_cast(distinct.slice(position, 1), type_))
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
            values.append(pa.nulls(1, type_))
            wrong.add(position)
    indices = encoded.indices
    converted = pa.concat_arrays(values) if values else pa.nulls(0, type_)
    refused = pc.is_in(indices, pa.array(sorted(wrong), indices.type))
    return CastArray(converted.take(indices), tuple(_positions(refused.to_pylist())))


def _positions(flags: Iterable[bool | None]) -> Iterator[int]:
    return (position for position, flag in enumerate(flags) if flag)


def _is_number(type_: pa.DataType) -> bool:
    kinds = (pa.types.is_integer, pa.types.is_floating, pa.types.is_decimal)
    return any(kind(type_) for kind in kinds)


def is_text(type_: pa.DataType) -> bool:
    """Whether a type is text."""
    return bool(pa.types.is_string(type_) or pa.types.is_large_string(type_))


def is_kind(stored: pa.DataType, requested: pa.DataType) -> bool:
    """Whether values of a type can be read as another type of the same kind, such as integers."""
    kinds = (pa.types.is_integer, pa.types.is_floating, pa.types.is_boolean, is_text)
    alike = any(kind(stored) and kind(requested) for kind in kinds)
    return alike or stored == requested or bool(pa.types.is_null(stored))
