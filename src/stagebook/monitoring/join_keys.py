"""What labels and logged predictions are joined by: texts that are equal for what belongs together.

Each belongs to a *bucket*: the day (UTC) in a prediction's id, or of the instant beside a key.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from stagebook.serving.log import prediction_keys

Days = npt.NDArray[np.int64]
"""Days since 1970-01-01."""

NO_DAY = np.iinfo(np.int64).min
"""The day of a row without a key."""

NANOSECONDS = 86_400 * 10**9

_EXACT = 2.0**53
_LATEST = np.iinfo(np.int64).max
_UNITS = {"s": 10**9, "ms": 10**6, "us": 10**3, "ns": 1}


def day_name(day: int) -> str:
    """A day as ISO 8601 has it."""
    return str(np.datetime64(int(day), "D"))


def prediction_ids(values: pa.Array) -> pa.Array:
    """The ids of predictions as the log has them; null where a value is none.

    Args:
        values: Texts, with or without the dashes of a UUID.
    """
    return prediction_keys.plain_ids(_as_text(values))


def days_of_ids(keys: pa.Array) -> Days:
    """The day in each id of a prediction, none of them null."""
    if not len(keys):
        return np.zeros(0, np.int64)
    # a copy, because the buffer of a slice begins before it
    digits = pa.array(pc.utf8_slice_codeunits(keys, 0, 12).to_pylist(), pa.binary(12)).buffers()[1]
    codes = np.frombuffer(digits, np.uint8)[: 12 * len(keys)].reshape(-1, 12).astype(np.int64)
    values = np.where(codes >= ord("a"), codes - ord("a") + 10, codes - ord("0"))
    milliseconds = values @ (16 ** np.arange(11, -1, -1, dtype=np.int64))
    days: Days = milliseconds // 86_400_000
    return days


def entity_keys(columns: Sequence[pa.Array], instants: pa.Array) -> pa.Array:
    """The texts of entity keys with an instant; null where a part is missing.

    A part is preceded by its length, so that different keys have different texts. Whole numbers
    have one text in each numeric type.

    Args:
        columns: The columns of the key.
        instants: Nanoseconds since 1970, as ``nanoseconds`` gives them.
    """
    parts = []
    for column in (*columns, instants):
        text = _as_text(column)
        length = pc.utf8_length(text).cast(pa.string())
        parts.append(pc.binary_join_element_wise(length, text, ":"))
    return pc.binary_join_element_wise(*parts, "")


def days_of_instants(instants: pa.Array) -> Days:
    """The day of each instant, none of them null."""
    values: Days = np.asarray(instants.to_numpy(zero_copy_only=False), np.int64) // NANOSECONDS
    return values


def nanoseconds(values: pa.Array, *, at_end: bool = False) -> pa.Array | None:
    """Times as nanoseconds since 1970; None if these are no times.

    Args:
        values: Timestamps, in UTC if they have no zone; days; or texts of ISO 8601, of which others
            become null.
        at_end: Whether a day counts from its end, not from its beginning.
    """
    if pa.types.is_date(values.type):
        begin = _scaled(values.cast(pa.date32()).cast(pa.int32()).cast(pa.int64()), NANOSECONDS)
        return pc.add(begin, NANOSECONDS - 1) if at_end else begin
    if pa.types.is_timestamp(values.type):
        return _scaled(values.cast(pa.int64()), _UNITS[values.type.unit])
    if _is_text(values.type):
        return _parsed_times(values)
    return pa.nulls(len(values), pa.int64()) if pa.types.is_null(values.type) else None


def _is_text(type_: pa.DataType) -> bool:
    kinds = (pa.types.is_string, pa.types.is_large_string, pa.types.is_string_view)
    return any(is_kind(type_) for is_kind in kinds)


def _parsed_times(texts: pa.Array) -> pa.Array | None:
    """Times from texts, such as pandas writes them to CSV."""
    import pandas as pd

    own = pd.Series(texts.to_pylist(), dtype=object)
    times = pd.to_datetime(own, format="ISO8601", utc=True, errors="coerce").dt.tz_convert(None)
    return nanoseconds(pa.array(times, from_pandas=True))


def _scaled(values: pa.Array, factor: int) -> pa.Array:
    """Integers times a factor; a year such as 9999 counts as the last one with nanoseconds."""
    most = _LATEST // factor - 1
    low = pc.max_element_wise(values, -most, skip_nulls=False)
    return pc.multiply(pc.min_element_wise(low, most, skip_nulls=False), factor)


def readable(key: str) -> str:
    """The id, or the parts of an entity's key and its instant, for a person."""
    parts, rest = [], key
    while ":" in rest:
        length, _, rest = rest.partition(":")
        parts.append(rest[: int(length)])
        rest = rest[int(length) :]
    if not parts:
        return key
    instant = np.datetime64(int(parts[-1]), "ns").astype("datetime64[s]")
    return ", ".join([*parts[:-1], f"{instant}Z"])


def _as_text(values: pa.Array) -> pa.Array:
    """Values as texts, equal for equal values of different types."""
    type_ = values.type
    if pa.types.is_dictionary(type_):
        return _as_text(values.cast(type_.value_type))
    times = None if _is_text(type_) else nanoseconds(values)
    if times is not None:
        return times.cast(pa.string())
    if pa.types.is_floating(type_):
        values = pc.if_else(pc.is_finite(values), values, None).cast(pa.float64())
        whole = pc.and_(pc.equal(values, pc.floor(values)), pc.less(pc.abs(values), _EXACT))
        integers = pc.if_else(whole, values, None).cast(pa.int64()).cast(pa.string())
        return pc.coalesce(integers, values.cast(pa.string()))
    return values.cast(pa.string())
