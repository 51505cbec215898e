"""Columns of every type that a package can have, with rows and a schema."""

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from stagebook.model.schema import Field, Schema
from stagebook.serving.input.rows import Rows
from stagebook.serving.input.validation import Validator
from stagebook.serving.refusal import Refusal, RequestProblem

TYPES = {
    "wide": ("double", np.dtype("float64")),
    "single": ("float", np.dtype("float32")),
    "half": ("float", np.dtype("float16")),
    "tiny": ("integer", np.dtype("int8")),
    "whole": ("long", np.dtype("int64")),
    "huge": ("long", np.dtype("uint64")),
    "masked": ("long", pd.Int64Dtype()),
    "masked_float": ("double", pd.Float64Dtype()),
    "flag": ("boolean", np.dtype(bool)),
    "masked_flag": ("boolean", pd.BooleanDtype()),
    "object_flag": ("boolean", np.dtype(object)),
    "text": ("string", pd.StringDtype(na_value=np.nan)),
    "python_text": ("string", pd.StringDtype("python")),
    "category": ("string", pd.CategoricalDtype(["a", "b", ""])),
    "bytes": ("binary", np.dtype(object)),
    "day": ("datetime", np.dtype(object)),
    "seconds": ("datetime", np.dtype("M8[s]")),
    "clock": ("datetime", np.dtype("M8[us]")),
    "nano": ("datetime", np.dtype("M8[ns]")),
    "instant": ("datetime", pd.DatetimeTZDtype("us", "UTC")),
    "berlin": ("datetime", pd.DatetimeTZDtype("ns", "Europe/Berlin")),
    "arrow": ("long", pd.ArrowDtype(pa.int32())),
}
"""MLflow's type and pandas' dtype of each column."""
WHOLE = {"tiny", "whole", "huge", "flag"}
"""Columns whose dtype cannot hold missing values."""


def frame(values: Mapping[str, Sequence[Any]]) -> pd.DataFrame:
    """Rows with the dtypes of ``TYPES``."""
    return pd.DataFrame(
        {name: pd.Series(some, dtype=TYPES[name][1]) for name, some in values.items()}
    )


def sample() -> pd.DataFrame:
    """Two rows of all columns, the second with missing values."""
    first: dict[str, Any] = {
        "wide": 0.1,
        "single": np.float32(0.1),
        "half": np.float16(0.1),
        "tiny": -128,
        "whole": 2**53 + 1,
        "huge": 2**64 - 1,
        "masked": 2**53 + 1,
        "masked_float": -0.0,
        "flag": True,
        "masked_flag": False,
        "object_flag": True,
        "text": 'Ä, "b"\r\nc',
        "python_text": "é",
        "category": "b",
        "bytes": b"\x00\xff",
        "day": dt.date(2013, 1, 31),
        "seconds": pd.Timestamp("2013-01-31T05:00:01"),
        "clock": pd.Timestamp("1899-01-31T05:00:01.000001"),
        "nano": pd.Timestamp("2013-01-31T05:00:01.000000001"),
        "instant": pd.Timestamp("2013-01-31T05:00:01.5", tz="UTC"),
        "berlin": pd.Timestamp("2013-10-27T02:30", tz="UTC").tz_convert("Europe/Berlin"),
        "arrow": -7,
    }
    return frame({name: [value, value if name in WHOLE else None] for name, value in first.items()})


def fields(rows: pd.DataFrame, nullable: bool = True) -> tuple[Field, ...]:
    """The fields of some of the columns, without rules."""
    return tuple(
        Field(str(name), TYPES[str(name)][0], str(rows[name].dtype), nullable)
        for name in rows.columns
    )


def validator(rows: pd.DataFrame, *, nullable: bool = True) -> Validator:
    """The validator of some of the columns, without rules."""
    return Validator.of(Schema(None, fields(rows, nullable)), rows, 10_000)


def number_validator() -> Validator:
    """The validator of the columns `height` and `hour`."""
    schema = Schema(
        None,
        (
            Field("height", "double", "float64", True),
            Field(
                "hour",
                "long",
                "int64",
                False,
                ("between 0 and 23",),
                ({"check": "in_range", "min_value": 0, "max_value": 23},),
            ),
        ),
    )
    return Validator.of(schema, pd.DataFrame({"height": [1.5], "hour": [1]}), 10_000)


def rows_of(*records: dict[str, Any], is_text: bool = False) -> Rows:
    """Some rows as a body gives them."""
    names = dict.fromkeys(name for record in records for name in record)
    return Rows(tuple(names), list(records), is_text)


def problems(call: Any, *arguments: Any) -> tuple[RequestProblem, ...]:
    """The problems of a call that is refused."""
    return refusal(call, *arguments).problems


def refusal(call: Any, *arguments: Any) -> Refusal:
    """The refusal of a call."""
    try:
        call(*arguments)
    except Refusal as refused:
        return refused
    raise AssertionError("not refused")


def places(call: Any, *arguments: Any) -> list[tuple[str, int | None, str | None]]:
    """Code, row and column of each problem."""
    return [(item.code, item.row, item.column) for item in problems(call, *arguments)]
