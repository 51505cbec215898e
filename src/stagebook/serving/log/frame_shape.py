"""A frame as JSON: its values row by row, and its names and dtypes as its shape."""

import enum
import json
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Self

import numpy as np
import pandas as pd

from stagebook.project.masks import Masks

_CELLS = 4_000
"""Values that are converted without a break, so that another thread waits for about 2 ms."""

_CACHED = 1_000
"""Shapes that an encoder remembers."""


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
        missing: The value that stands for missing texts: ``none``, ``nan`` or ``na``.
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
        categories = tuple(json.loads(_dumps(values)))
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


@dataclass(frozen=True, slots=True)
class EncodedFrame:
    """A frame as JSON.

    Attributes:
        shape: The JSON of its shape.
        values: The JSON of its rows, each a list.
        rows: Number of rows.
    """

    shape: str
    values: str
    rows: int


@dataclass(frozen=True, slots=True)
class _Outline:
    """What is known of all frames with some names and dtypes.

    Attributes:
        positions: Positions of the columns that are stored; None for all.
        columns: Their shapes.
        objects: Positions, among them, of the columns of objects.
        shape: The JSON of the shapes, if there are no columns of objects.
    """

    positions: tuple[int, ...] | None
    columns: Shape
    objects: tuple[int, ...]
    shape: str


class FrameEncoder:
    """Encodes frames.

    Args:
        without: Names of columns that are left out.
        masks: The secrets to hide.
    """

    def __init__(self, without: Collection[str] = (), masks: Masks | None = None) -> None:
        self._without = frozenset(without)
        self._masks = masks or Masks()
        self._outlines: dict[Any, _Outline] = {}

    def encode(self, frame: pd.DataFrame) -> EncodedFrame:
        """A frame as JSON, without its index."""
        key = (tuple(frame.columns), tuple(frame.dtypes))
        outline = self._outlines.get(key)
        if outline is None:
            if len(self._outlines) >= _CACHED:
                self._outlines.clear()
            outline = self._outlines[key] = self._outline(*key)
        pieces: list[str] = []
        objects: list[list[Any]] = [[] for _ in outline.objects]
        for rows in _rows(frame, outline.positions):
            pieces.append(_dumps(rows)[1:-1])
            for position, column in zip(outline.objects, objects, strict=True):
                column.extend(row[position] for row in rows)
        values = self._masks.hide_document(f"[{','.join(pieces)}]", numbers=False)
        shape = outline.shape or _with_objects(outline, objects)
        return EncodedFrame(shape, values, len(frame))

    def _outline(self, names: tuple[Any, ...], dtypes: tuple[Any, ...]) -> _Outline:
        kept = tuple(place for place, name in enumerate(names) if name not in self._without)
        stored = [names[place] for place in kept]
        if all(type(name) is str for name in stored):
            stored = self._hidden(stored)
        stored = [name if type(name) in (str, int) else str(name) for name in stored]
        columns = tuple(
            self._without_secrets(ColumnShape.plain(name, dtypes[place]))
            for name, place in zip(stored, kept, strict=True)
        )
        objects = tuple(place for place, column in enumerate(columns) if column.kind is Kind.OTHER)
        positions = None if len(kept) == len(names) else kept
        return _Outline(positions, columns, objects, "" if objects else render(columns))

    def _without_secrets(self, column: ColumnShape) -> ColumnShape:
        """A column's shape without secrets in its categories, which stay different."""
        if all(type(category) is str for category in column.categories):
            return replace(column, categories=tuple(self._hidden(list(column.categories))))
        return column

    def _hidden(self, names: list[str]) -> list[str]:
        """Names without secrets; different names remain different."""
        if not self._masks.forms or len(set(names)) < len(names):
            return [self._masks.hide(name) for name in names]
        return list(self._masks.hide_all(dict.fromkeys(names)))


def _with_objects(outline: _Outline, objects: list[list[Any]]) -> str:
    columns = list(outline.columns)
    for place, values in zip(outline.objects, objects, strict=True):
        columns[place] = columns[place].holding(values)
    return render(tuple(columns))


def _rows(frame: pd.DataFrame, positions: tuple[int, ...] | None) -> Iterator[list[list[Any]]]:
    """The rows as Python values, in pieces."""
    step = max(1, _CELLS // max(1, frame.shape[1]))
    for start in range(0, len(frame), step):
        piece = frame if len(frame) <= step else frame.iloc[start : start + step]
        rows: list[list[Any]] = piece.to_numpy(dtype=object).tolist()
        yield rows if positions is None else [[row[place] for place in positions] for row in rows]


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


_dumps = partial(json.dumps, default=_plain, separators=(",", ":"))
