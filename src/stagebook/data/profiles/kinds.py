"""The kind and the scale of a column."""

import pyarrow as pa
import pyarrow.types as types

from stagebook.data.profiles.column import ColumnKind
from stagebook.data.profiles.scale import Scale


def kind_of(type_: pa.DataType) -> ColumnKind:
    """How a column of an Arrow type is profiled."""
    if scale_of(type_) in (Scale.WHOLE, Scale.REAL):
        return ColumnKind.NUMBER
    if scale_of(type_) is not None:
        return ColumnKind.TIME
    if types.is_boolean(type_):
        return ColumnKind.BOOLEAN
    texts = (types.is_string, types.is_large_string, types.is_string_view, types.is_dictionary)
    return ColumnKind.TEXT if any(test(type_) for test in texts) else ColumnKind.OTHER


def scale_of(type_: pa.DataType) -> Scale | None:
    """The scale of an Arrow type; None if its values are neither numbers nor times."""
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
