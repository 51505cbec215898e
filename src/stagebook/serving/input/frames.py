"""Checked values as the exact DataFrame that a model takes."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import pandas as pd

from stagebook.data.tables.frame_blocks import block_constructor
from stagebook.serving.input.column_types import ColumnType, Kind

_Values = Sequence[Any]


_FROM_BLOCKS = block_constructor()


@dataclass(frozen=True, slots=True)
class _Block:
    """Columns that share one array.

    Attributes:
        places: Their places in the frame.
        array: Makes the array: two-dimensional, or of pandas' own types for a single column.
    """

    places: np.ndarray[Any, np.dtype[np.intp]]
    array: Callable[[list[_Values]], Any]


@dataclass(frozen=True, slots=True)
class FramePlan:
    """How to make a frame of certain columns: one block for each dtype, as pandas keeps them.

    Attributes:
        columns: The columns' names in order.
        blocks: Which columns share an array.
    """

    columns: pd.Index
    blocks: tuple[_Block, ...]

    @classmethod
    def of(cls, types: Sequence[ColumnType], names: pd.Index) -> Self:
        """The plan for columns of some types.

        Args:
            types: The type of each column in order.
            names: The names as the golden rows have them.
        """
        groups: dict[Any, list[int]] = {}
        for place, column in enumerate(types):
            shared = column.dtype if isinstance(column.dtype, np.dtype) else place
            groups.setdefault((shared, column.kind), []).append(place)
        blocks = (_Block(np.array(places), _maker(types[places[0]])) for places in groups.values())
        return cls(names, tuple(blocks))

    def frame(self, values: Sequence[_Values], rows: int) -> pd.DataFrame:
        """The frame of some values.

        Args:
            values: The plain values of each column in order; None for a missing one.
            rows: How many values each column has.
        """
        index = pd.RangeIndex(rows)
        arrays = [
            (block.array([values[place] for place in block.places]), block.places)
            for block in self.blocks
        ]
        if _FROM_BLOCKS is not None:
            frame: pd.DataFrame = _FROM_BLOCKS(arrays, index=index, columns=self.columns)
            return frame
        columns = {
            place: array[number] if isinstance(array, np.ndarray) else array
            for array, places in arrays
            for number, place in enumerate(places)
        }
        frame = pd.DataFrame({place: columns[place] for place in sorted(columns)}, index=index)
        frame.columns = self.columns
        return frame


def _maker(column: ColumnType) -> Callable[[list[_Values]], Any]:
    """The function from values to the array of a block."""
    dtype = column.dtype
    if isinstance(dtype, pd.CategoricalDtype):
        return _categorical(column)
    if column.kind is Kind.TIME:
        return _times(column)
    if dtype == np.dtype(object):
        return _objects
    if isinstance(dtype, np.dtype):
        return lambda values: np.array(values, dtype)
    return _text(dtype) or (lambda values: _extension(list(values[0]), dtype))


def _extension(values: Any, dtype: Any) -> Any:
    """An array of one of pandas' own types."""
    return pd.array(values, dtype=dtype)


def _objects(values: list[_Values]) -> Any:
    array = np.empty((len(values), len(values[0])), object)
    for place, column in enumerate(values):
        array[place] = column
    return array


def _categorical(column: ColumnType) -> Callable[[list[_Values]], Any]:
    dtype, codes = column.dtype, {**(column.categories or {}), None: -1}
    return lambda values: pd.Categorical.from_codes(
        [codes[value] for value in values[0]], dtype=dtype, validate=False
    )


def _times(column: ColumnType) -> Callable[[list[_Values]], Any]:
    dtype, unit = column.dtype, column.unit
    missing = np.iinfo(np.int64).min

    def steps(values: _Values) -> list[int]:
        return [missing if value is None else value // unit for value in values]

    if isinstance(dtype, np.dtype):
        return lambda values: np.array([steps(column) for column in values], np.int64).view(dtype)
    if isinstance(dtype, pd.ArrowDtype):
        return lambda values: _extension(
            [None if value is None else value // unit for value in values[0]], dtype
        )
    return lambda values: _extension(np.array(steps(values[0]), np.int64), dtype)


def _text(dtype: Any) -> Callable[[list[_Values]], Any] | None:
    """The quick way to pandas' usual texts, which are pyarrow's; None if it is another dtype."""
    if not isinstance(dtype, pd.StringDtype) or dtype.storage != "pyarrow":
        return None
    import pyarrow as pa

    array_type: Any = dtype.construct_array_type()
    type_ = pa.large_string()
    try:
        array_type(pa.array([None], type_), dtype=dtype)
    except TypeError:  # before pandas 3
        return None
    return lambda values: array_type(pa.array(values[0], type_), dtype=dtype)
