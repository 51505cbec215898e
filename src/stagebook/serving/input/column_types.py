"""The type of a model's column, and how a sent value becomes a plain value."""

import enum
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import pandas as pd

from stagebook.model.schema import Field
from stagebook.project.errors import Problem, StagebookError

NANOSECONDS = {"s": 1_000_000_000, "ms": 1_000_000, "us": 1_000, "ns": 1}
"""Nanoseconds of each unit of time."""


class Kind(enum.Enum):
    """What the values of a column are."""

    BOOLEAN = "boolean"
    INTEGER = "integer"
    FLOAT = "float"
    TEXT = "text"
    BINARY = "binary"
    TIME = "time"
    DATE = "date"


@dataclass(frozen=True, slots=True)
class ColumnType:
    """The type of one column, as the model takes it.

    Attributes:
        name: The column's name.
        kind: What its values are; those of its categories, if it has some.
        dtype: Its type in pandas.
        nullable: Whether values may be missing: the package allows it, and the dtype can hold it.
        holds_missing: Whether the dtype can hold missing values.
        low: The smallest whole number that the dtype holds, of an integer or a time in its unit.
        high: The largest.
        narrow: The type of its floats, if they are narrower than Python's.
        unit: Nanoseconds of the unit of its times.
        has_zone: Whether its times have a time zone.
        categories: The place of each category; None for a column without categories.
    """

    name: str
    kind: Kind
    dtype: Any
    nullable: bool
    holds_missing: bool
    low: int
    high: int
    narrow: Any
    unit: int
    has_zone: bool
    categories: Mapping[Any, int] | None

    @classmethod
    def of(cls, field: Field, column: pd.Series) -> Self:
        """The type of a column of golden rows.

        Args:
            field: What the package's schema says of it.
            column: Its golden rows.

        Raises:
            StagebookError: No request can carry such values, for example lists.
        """
        dtype = column.dtype
        categories = None
        inner = dtype
        if isinstance(dtype, pd.CategoricalDtype):
            inner = dtype.categories.dtype
            categories = {value: place for place, value in enumerate(dtype.categories.tolist())}
        kind = _kind(inner, field.type)
        if kind is None or (categories is not None and kind in (Kind.TIME, Kind.DATE)):
            message = f"The server cannot take the column `{field.name}` of the type {dtype}."
            hint = "Train the model with columns of numbers, texts, booleans or times."
            raise StagebookError(Problem("not-servable", message, hint))
        holds_missing = not (isinstance(dtype, np.dtype) and dtype.kind in "biu")
        low, high = _limits(inner, kind)
        unit, has_zone = _time(inner) if kind is Kind.TIME else (1, False)
        narrow = _numpy(inner).type if kind is Kind.FLOAT and _numpy(inner).itemsize < 8 else None
        nullable = field.nullable and holds_missing
        return cls(
            field.name,
            kind,
            dtype,
            nullable,
            holds_missing,
            low,
            high,
            narrow,
            unit,
            has_zone,
            categories,
        )


def _kind(dtype: Any, type_: str) -> Kind | None:
    """The kind of a dtype; of Python objects, by the type that MLflow's signature names."""
    if isinstance(dtype, pd.StringDtype):
        return Kind.TEXT
    if dtype == np.dtype(object):
        objects = {"string": Kind.TEXT, "boolean": Kind.BOOLEAN, "binary": Kind.BINARY}
        return {**objects, "datetime": Kind.DATE}.get(type_)
    if isinstance(dtype, pd.ArrowDtype) and dtype.kind == "M" and "timestamp" not in str(dtype):
        return None
    kinds = {"b": Kind.BOOLEAN, "i": Kind.INTEGER, "u": Kind.INTEGER, "f": Kind.FLOAT}
    return {**kinds, "M": Kind.TIME, "U": Kind.TEXT}.get(dtype.kind)


def _numpy(dtype: Any) -> np.dtype[Any]:
    """The dtype of the values without what pandas adds to it."""
    numpy_dtype: np.dtype[Any] = np.dtype(getattr(dtype, "numpy_dtype", dtype))
    return numpy_dtype


def _limits(dtype: Any, kind: Kind) -> tuple[int, int]:
    if kind is Kind.INTEGER:
        limits = np.iinfo(_numpy(dtype))
        return int(limits.min), int(limits.max)
    limits = np.iinfo(np.int64)
    return int(limits.min) + 1, int(limits.max)  # the smallest is used for a missing time


def _time(dtype: Any) -> tuple[int, bool]:
    if isinstance(dtype, pd.DatetimeTZDtype):
        return NANOSECONDS[dtype.unit], True
    if isinstance(dtype, pd.ArrowDtype):
        return NANOSECONDS[dtype.pyarrow_dtype.unit], dtype.pyarrow_dtype.tz is not None
    return NANOSECONDS[np.datetime_data(dtype)[0]], False
