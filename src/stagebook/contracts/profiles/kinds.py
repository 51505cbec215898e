"""How a column is looked at, and how DuckDB is asked for its values."""

import pyarrow as pa
import pyarrow.types as types

from stagebook.contracts.profiles.column import Kind
from stagebook.contracts.profiles.scale import Scale

PER_SECOND = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}


def kind_of(type_: pa.DataType) -> Kind:
    """How a column of an Arrow type is looked at."""
    if scale_of(type_) in (Scale.WHOLE, Scale.REAL):
        return Kind.NUMBER
    if scale_of(type_) is not None:
        return Kind.TIME
    if types.is_boolean(type_):
        return Kind.BOOLEAN
    texts = (types.is_string, types.is_large_string, types.is_string_view, types.is_dictionary)
    return Kind.TEXT if any(test(type_) for test in texts) else Kind.OTHER


def scale_of(type_: pa.DataType) -> Scale | None:
    """What the values of an Arrow type are; None if they are neither numbers nor times."""
    tests = (
        (types.is_integer, Scale.WHOLE),
        (types.is_floating, Scale.REAL),
        (types.is_decimal, Scale.REAL),
        (types.is_timestamp, Scale.INSTANT),
        (types.is_date, Scale.DATE),
        (types.is_duration, Scale.SPAN),
        (types.is_time, Scale.SPAN),
    )
    return next((scale for test, scale in tests if test(type_)), None)


def expression(type_: pa.DataType, column: str, stored: str) -> str:
    """SQL for a column's values: double, or bigint for whole numbers and microseconds.

    It is null for nulls, and for what has no place on the line: NaN, infinity, and times that
    64 bits of microseconds cannot hold.

    Args:
        type_: The column's type in Arrow.
        column: The column, quoted.
        stored: Its type in DuckDB.
    """
    if types.is_duration(type_):  # Parquet has none; DuckDB finds whole numbers
        unit = PER_SECOND[type_.unit]
        many, few = max(10**6 // unit, 1), max(unit // 10**6, 1)
        return f"try_cast(cast({column} as hugeint) * {many} // {few} as bigint)"
    if types.is_date(type_):
        inside = "between date '290000-01-01 (BC)' and date '290000-01-01'"
        return f"case when {column} {inside} then epoch_us({column}) end"
    if stored == "TIMESTAMPTZ_NS":  # DuckDB 2.0 has no epoch_us for it
        return f"epoch_us(cast({column} as timestamptz))"
    return _plain(type_, column)


def _plain(type_: pa.DataType, column: str) -> str:
    if types.is_uint64(type_):
        return f"cast({column} as hugeint)"
    if types.is_integer(type_):
        return f"cast({column} as bigint)"
    if types.is_floating(type_):
        return f"case when isfinite({column}) then cast({column} as double) end"
    if types.is_decimal(type_):
        return f"cast({column} as double)"
    return f"epoch_us({column})"
