"""A frame as JSON, row by row."""

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
import pandas as pd

from stagebook.project.masks import Masks
from stagebook.serving.log.frame_shape import ENCODER, ColumnShape, Kind, Shape, render

_CELLS = 4_000
"""Values that are converted without a break, so that another thread waits for about 2 ms."""

_NO_SPAN = np.iinfo(np.int64).min
_CACHED = 1_000
"""Shapes that an encoder remembers."""


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
        positions: Positions of the columns that are stored.
        columns: Their shapes.
        values: By column, what gives the values of an array as JSON stores them.
        objects: Positions, among them, of the columns of objects.
        shape: The JSON of the shapes, if there are no columns of objects.
    """

    positions: tuple[int, ...]
    columns: Shape
    values: tuple[Callable[[Any], list[Any]], ...]
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
        self._indexes: dict[int, tuple[pd.Index, tuple[Any, ...]]] = {}

    def encode(self, frame: pd.DataFrame) -> EncodedFrame:
        """A frame as JSON, without its index."""
        arrays = _arrays(frame)
        key = (self._names_of(frame.columns), tuple(array.dtype for array in arrays))
        outline = self._outlines.get(key)
        if outline is None:
            if len(self._outlines) >= _CACHED:
                self._outlines.clear()
            outline = self._outlines[key] = self._outline(*key)
        pieces: list[str] = []
        objects: list[list[Any]] = [[] for _ in outline.objects]
        for columns in _pieces(outline, arrays, len(frame)):
            pieces.append(ENCODER.encode(_rows(columns))[1:-1])
            for position, values in zip(outline.objects, objects, strict=True):
                values.extend(columns[position])
        if not outline.columns:
            pieces = ["[]"] * len(frame)
        text = self._masks.hide_document(f"[{','.join(pieces)}]", numbers=False)
        return EncodedFrame(outline.shape or _with_objects(outline, objects), text, len(frame))

    def _names_of(self, columns: pd.Index) -> tuple[Any, ...]:
        """The names in an index, which usually is the same object for each request."""
        known = self._indexes.get(id(columns))
        if known is None or known[0] is not columns:
            if len(self._indexes) >= _CACHED:
                self._indexes.clear()
            known = self._indexes[id(columns)] = (
                columns,
                tuple(columns.to_numpy(dtype=object).tolist()),
            )
        return known[1]

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
        values = tuple(_values_of(dtypes[place]) for place in kept)
        return _Outline(kept, columns, values, objects, "" if objects else render(columns))

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


def _arrays(frame: pd.DataFrame) -> list[Any]:
    """The arrays of a frame's columns.

    For a row of 20 columns, ``items`` takes ten times as long as pandas' own way.
    """
    own: Any = frame
    try:
        return list(own._iter_column_arrays())
    except AttributeError:
        columns = (column for _, column in frame.items())
    return [
        column.to_numpy() if isinstance(column.dtype, np.dtype) else column.array
        for column in columns
    ]


def _pieces(outline: _Outline, arrays: list[Any], rows: int) -> Iterator[list[list[Any]]]:
    """The stored columns as values of JSON, in pieces of some rows."""
    step = max(1, _CELLS // max(1, len(outline.positions)))
    kept = [arrays[place] for place in outline.positions]
    for start in range(0, rows, step):
        stop = start + step
        parts = kept if rows <= step else [array[start:stop] for array in kept]
        yield [values(part) for values, part in zip(outline.values, parts, strict=True)]


def _rows(columns: list[list[Any]]) -> list[tuple[Any, ...]]:
    return list(zip(*columns, strict=True))


def _values_of(dtype: Any) -> Callable[[Any], list[Any]]:
    """What gives the values of an array of a dtype as JSON stores them."""
    shape = ColumnShape.plain("", dtype)
    if shape.kind is Kind.TIME:
        return partial(_instants, dtype=f"datetime64[{shape.dtype}]")
    if shape.kind is Kind.SPAN:
        return partial(_spans, dtype=f"timedelta64[{shape.dtype}]")
    if shape.kind is Kind.CATEGORY:
        return partial(
            _chosen, categories=(*dtype.categories.to_numpy(dtype=object).tolist(), None)
        )
    if shape.kind is Kind.STRING and shape.dtype == "pyarrow":
        return _strings
    return _listed


def _listed(array: Any) -> list[Any]:
    values: list[Any] = array.tolist()
    return values


def _strings(array: Any) -> list[Any]:
    values: list[Any] = array.__arrow_array__().to_pylist()
    return values


def _chosen(array: Any, categories: tuple[Any, ...]) -> list[Any]:
    return [categories[code] for code in array.codes.tolist()]  # the code of missing is -1


def _instants(array: Any, dtype: str) -> list[Any]:
    instants: list[Any] = np.datetime_as_string(np.asarray(array, dtype=dtype)).tolist()
    return instants


def _spans(array: Any, dtype: str) -> list[Any]:
    numbers = np.asarray(array, dtype=dtype).astype(np.int64)
    return [None if span == _NO_SPAN else span for span in numbers.tolist()]
