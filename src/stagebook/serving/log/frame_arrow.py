"""Columns between JSON, Arrow and pandas, with equal values and dtypes."""

import json
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from stagebook.serving.log.frame_shape import ColumnShape, Kind, Shape

_MISSING = {"none": None, "nan": np.nan, "na": pd.NA}


def type_of(column: ColumnShape) -> pa.DataType:
    """The type of Arrow that stores a column without a loss."""
    match column.kind:
        case Kind.NUMBER | Kind.NULLABLE:
            name = column.dtype.lower()
            if name in ("bool", "boolean"):
                return pa.bool_()
            return pa.float32() if name == "float16" else pa.type_for_alias(name)
        case Kind.TIME:
            return pa.timestamp(column.dtype, tz="UTC" if column.zone else None)
        case Kind.SPAN:
            return pa.duration(column.dtype)
        case Kind.CATEGORY if column.of is not None:
            return type_of(column.of)
    return pa.string()


def to_arrow(column: ColumnShape, values: Sequence[Any]) -> pa.Array:
    """A column of Arrow.

    Args:
        column: Its shape.
        values: Its values, as JSON stores them; None is null.
    """
    type_ = type_of(column)
    match column.kind:
        case Kind.CATEGORY if column.of is not None:
            of = column.of
            return to_arrow(of, [None if _is_missing(value) else value for value in values])
        case Kind.TIME:
            instants = np.array(
                ["NaT" if value is None else value for value in values],
                dtype=f"datetime64[{column.dtype}]",
            )
            return pa.array(instants, type_)
        case Kind.SPAN:
            numbers = pa.array(values, pa.int64())
            return numbers.cast(type_)
        case Kind.STRING | Kind.TEXT:
            return pa.array(map(_text, values), type_)
        case Kind.OTHER:
            return pa.array([None if value is None else json.dumps(value) for value in values])
    return pa.array(values, type_, from_pandas=False)


def _text(value: Any) -> str | None:
    return value.encode("utf-8", "replace").decode() if isinstance(value, str) else None


def _is_missing(value: Any) -> bool:
    return isinstance(value, float) and value != value


def to_pandas(column: ColumnShape, values: pa.Array) -> Any:
    """A column of pandas with the dtype of its shape.

    Args:
        column: Its shape.
        values: A column of the type that ``type_of`` returns, or of one that Parquet turns it into.
    """
    match column.kind:
        case Kind.NUMBER:
            return values.to_numpy(zero_copy_only=False).astype(column.dtype)
        case Kind.NULLABLE:
            return _nullable(column, values)
        case Kind.STRING:
            storage: Any = column.dtype
            missing: Any = _MISSING[column.missing]
            dtype = pd.StringDtype(storage, na_value=missing)
            return pd.array(values.to_pylist(), dtype=dtype)
        case Kind.TIME | Kind.SPAN:
            return _times(column, values)
        case Kind.CATEGORY if column.of is not None:
            return _categorical(column, column.of, values)
    objects = np.empty(len(values), dtype=object)
    missing = _MISSING.get(column.missing)
    load = json.loads if column.kind is Kind.OTHER else str
    objects[:] = [missing if value is None else load(value) for value in values.to_pylist()]
    return pd.Series(
        objects, dtype=object
    )  # pandas would turn an array of texts into another dtype


def _categorical(column: ColumnShape, of: ColumnShape, values: pa.Array) -> pd.Categorical:
    categories = pd.Index(to_pandas(of, to_arrow(of, column.categories)))
    dtype = pd.CategoricalDtype(categories, column.ordered)
    codes = np.full(len(values), -1, dtype=np.int64)
    present = values.is_valid().to_numpy(zero_copy_only=False)
    codes[present] = pd.Categorical(to_pandas(of, values.drop_null()), dtype=dtype).codes
    return pd.Categorical.from_codes(codes, dtype=dtype)


def _nullable(column: ColumnShape, values: pa.Array) -> Any:
    dtype: Any = pd.api.types.pandas_dtype(column.dtype)
    mask = values.is_null().to_numpy(zero_copy_only=False)
    filled = values.fill_null(False if pa.types.is_boolean(values.type) else 0)
    numbers = filled.to_numpy(zero_copy_only=False).astype(dtype.numpy_dtype)
    return dtype.construct_array_type()(numbers, mask)


def _times(column: ColumnShape, values: pa.Array) -> Any:
    kind = "M" if column.kind is Kind.TIME else "m"
    plain = pa.timestamp if kind == "M" else pa.duration
    numbers = values.cast(plain(column.dtype)).to_numpy(zero_copy_only=False)
    times = pd.Series(numbers.astype(f"{kind}8[{column.dtype}]"))
    if column.zone:
        times = times.dt.tz_localize("UTC").dt.tz_convert(column.zone)
    return times.array


def frame_of(shape: Shape, columns: Sequence[pa.Array], rows: int) -> pd.DataFrame:
    """A frame with the names and dtypes of its shape.

    Args:
        shape: Its shape.
        columns: Its columns in Arrow.
        rows: Number of rows, for a frame without columns.
    """
    pairs = zip(shape, columns, strict=True)
    series = {place: to_pandas(column, values) for place, (column, values) in enumerate(pairs)}
    frame = pd.DataFrame(series, index=pd.RangeIndex(rows))
    names = [column.name for column in shape]
    return frame.set_axis(pd.Index(names) if names else pd.Index([], dtype="str"), axis=1)


def decode(shape: Shape, values: str) -> pd.DataFrame:
    """The frame of an encoded one."""
    rows = json.loads(values)
    columns = list(zip(*rows, strict=True)) if rows else [()] * len(shape)
    arrays = [to_arrow(column, part) for column, part in zip(shape, columns, strict=True)]
    return frame_of(shape, arrays, len(rows))
