"""How a column is looked at."""

import pyarrow as pa
import pyarrow.types as types

from stagebook.contracts.profiles.column import Kind
from stagebook.contracts.profiles.scale import Scale


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
