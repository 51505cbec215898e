"""The names and dtypes of a frame, as JSON."""

import enum
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np
import pandas as pd


class Kind(enum.StrEnum):
    """How the values of a column are stored."""

    NUMBER = "number"
    """Numbers or booleans of NumPy."""
    NULLABLE = "nullable"
    """Numbers or booleans with pandas' nullable dtypes."""
    STRING = "string"
    """Texts with pandas' string dtypes."""
    TEXT = "text"
    """Texts in a column of Python objects."""
    TIME = "time"
    SPAN = "span"
    CATEGORY = "category"
    OTHER = "other"
    """Other Python objects, whose values are JSON."""


@dataclass(frozen=True, slots=True)
class ColumnShape:
    """Name and dtype of one column.

    Attributes:
        name: Its name.
        kind: How its values are stored.
        dtype: The dtype's name; of times the unit, of strings the storage.
        missing: The value of missing texts: ``none``, ``nan`` or ``na``.
        zone: The time zone, if it has one.
        categories: The categories, as JSON stores them.
        of: The shape of the categories.
        ordered: Whether the categories have an order.
    """

    name: str | int
    kind: Kind
    dtype: str = "object"
    missing: str = ""
    zone: str = ""
    categories: tuple[Any, ...] = ()
    of: "ColumnShape | None" = None
    ordered: bool = False

    @classmethod
    def plain(cls, name: str | int, dtype: Any) -> Self:
        """The shape of a column with a dtype; a column of objects is of kind OTHER."""
        if isinstance(dtype, pd.CategoricalDtype):
            return cls._categorical(name, dtype)
        if isinstance(dtype, pd.StringDtype):
            missing = "na" if dtype.na_value is pd.NA else "nan"
            return cls(name, Kind.STRING, dtype.storage, missing)
        if isinstance(dtype, pd.DatetimeTZDtype):
            return cls(name, Kind.TIME, dtype.unit, zone=str(dtype.tz))
        if isinstance(dtype, np.dtype):
            if dtype.kind in "mM":
                kind = Kind.TIME if dtype.kind == "M" else Kind.SPAN
                return cls(name, kind, np.datetime_data(dtype)[0])
            if dtype.kind in "iufb" and dtype.itemsize <= 8:
                return cls(name, Kind.NUMBER, dtype.name)
        elif dtype.name in _NULLABLE:
            return cls(name, Kind.NULLABLE, dtype.name)
        return cls(name, Kind.OTHER)

    @classmethod
    def _categorical(cls, name: str | int, dtype: pd.CategoricalDtype) -> Self:
        values = dtype.categories.to_numpy(dtype=object).tolist()
        of = cls.plain("", dtype.categories.dtype).holding(values)
        categories = tuple(json.loads(ENCODER.encode(values)))
        return cls(name, Kind.CATEGORY, categories=categories, of=of, ordered=bool(dtype.ordered))

    def holding(self, values: Sequence[Any]) -> Self:
        """This shape; a column of objects that are all texts or missing is of kind TEXT."""
        if self.kind is not Kind.OTHER:
            return self
        missing = {_missing(value) for value in values if type(value) is not str}
        if len(missing) > 1 or "" in missing or not _is_unicode(values):
            return self
        return replace(self, kind=Kind.TEXT, missing=missing.pop() if missing else "none")

    def as_json(self) -> dict[str, Any]:
        """This shape as plain values; what has its default is left out."""
        plain: dict[str, Any] = {"name": self.name, "kind": str(self.kind), "dtype": self.dtype}
        plain |= {
            name: value for name in ("missing", "zone", "ordered") if (value := getattr(self, name))
        }
        if self.of is not None:
            plain |= {"categories": list(self.categories), "of": self.of.as_json()}
        return plain

    @classmethod
    def from_json(cls, plain: dict[str, Any]) -> Self:
        """The shape from the values of ``as_json``."""
        of = cls.from_json(plain["of"]) if "of" in plain else None
        categories = tuple(plain.get("categories", ()))
        return cls(**{**plain, "kind": Kind(plain["kind"]), "of": of, "categories": categories})


Shape = tuple[ColumnShape, ...]

_NULLABLE = frozenset(
    ["boolean", "Float32", "Float64"]
    + [f"{sign}Int{bits}" for sign in ("", "U") for bits in (8, 16, 32, 64)]
)


def render(shape: Shape) -> str:
    """A shape as JSON, which identifies it."""
    return json.dumps([column.as_json() for column in shape])


def parse(text: str) -> Shape:
    """The shape in the JSON of ``render``."""
    return tuple(map(ColumnShape.from_json, json.loads(text)))


def _missing(value: Any) -> str:
    """The name of a missing value; empty if a value is not missing, or missing in another way."""
    if value is None:
        return "none"
    if value is pd.NA:
        return "na"
    return "nan" if isinstance(value, float) and value != value else ""


def _is_unicode(values: Sequence[Any]) -> bool:
    """Whether texts have no surrogates, which no file of texts can store."""
    try:
        "".join(value for value in values if type(value) is str).encode()
    except UnicodeEncodeError:
        return False
    return True


def _plain(value: Any) -> Any:
    """A value that JSON does not have, as a value that it has."""
    if value is pd.NA or value is pd.NaT:
        return None
    if isinstance(value, pd.Timestamp):
        return str(value.asm8)
    if isinstance(value, pd.Timedelta):
        return int(value.asm8.astype(np.int64))
    if isinstance(value, np.generic):
        return value.item() if isinstance(value.item(), str | int | float) else str(value)
    return value.tolist() if isinstance(value, np.ndarray) else str(value)


ENCODER = json.JSONEncoder(default=_plain, separators=(",", ":"))
"""Encodes values of rows; NaN is ``NaN``."""
