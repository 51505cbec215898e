"""Arrays of few values, with the dtypes that a table of Arrow would have in pandas."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Self

import numpy as np
import pandas as pd
import pyarrow as pa

from stagebook.data.tables.frame_blocks import block_constructor
from stagebook.features import columns, sqlite_values

COMPUTED = -1
"""The place of a column that is an on-demand feature."""

Make = Callable[[list[Any]], Any]
"""Makes an array of pandas of the values that SQLite keeps."""


class Source(NamedTuple):
    """Where a column is from.

    Attributes:
        view: The view; empty for a column of the request, and for an on-demand feature.
        place: Its place there.
    """

    view: str
    place: int


_FROM_BLOCKS = block_constructor()


@dataclass(frozen=True, slots=True)
class FrameBlocks:
    """How to make a frame: columns of numbers of one dtype share a block, which is much quicker.

    Attributes:
        columns: The names of the columns in order.
        numbers: For each dtype of numbers, the places of its columns and where they are from.
        others: The place of each other column, and where it is from.
        makers: How arrays of the others are made of stored values, by their source.
    """

    columns: pd.Index
    numbers: tuple[tuple[Any, Any, tuple[Source, ...]], ...]
    others: tuple[tuple[Any, str, Source], ...]
    makers: Mapping[Source, Make]

    @classmethod
    def of(
        cls,
        sources: Mapping[str, Source],
        dtypes: Sequence[Any],
        features: Mapping[str, pa.Schema],
    ) -> Self | None:
        """The blocks of a frame; None before pandas 3.

        Args:
            sources: Where each column is from, by its name in order.
            dtypes: The dtypes of the request's columns.
            features: Types of all stored features of each view, by its name.
        """
        if _FROM_BLOCKS is None:
            return None
        shared: dict[Any, list[tuple[int, Source]]] = {}
        others: list[tuple[Any, str, Source]] = []
        for place, (name, source) in enumerate(sources.items()):
            dtype = _number_type(source, dtypes, features)
            if dtype is None:
                others.append((np.array([place]), name, source))
            else:
                shared.setdefault(dtype, []).append((place, source))
        numbers = tuple(
            (dtype, np.array([place for place, _ in pairs]), tuple(source for _, source in pairs))
            for dtype, pairs in shared.items()
        )
        makers = {
            Source(view, place): _maker(field.type)
            for view, schema in features.items()
            for place, field in enumerate(schema)
        }
        return cls(pd.Index(list(sources)), numbers, tuple(others), makers)

    def array(self, source: Source, values: list[Any]) -> Any:
        """An array of stored values of a view."""
        return self.makers[source](values)

    def frame(
        self,
        arrays: Sequence[Any],
        stored: Mapping[str, Sequence[list[Any]]],
        computed: Mapping[str, pd.Series],
        index: pd.Index,
    ) -> pd.DataFrame:
        """The frame; it shares no memory with the request.

        Args:
            arrays: The columns of the request.
            stored: The stored values of each view by its name, column by column.
            computed: The on-demand features by name.
            index: The index of the request.
        """
        blocks = [
            (
                np.array(
                    [stored[view][place] if view else arrays[place] for view, place in sources],
                    dtype,
                ),
                places,
            )
            for dtype, places, sources in self.numbers
        ]
        for places, name, source in self.others:
            if source.view:
                array = self.array(source, stored[source.view][source.place])
            else:
                is_computed = source.place == COMPUTED
                array = _values(computed[name]) if is_computed else arrays[source.place]
                array = array.copy()
            blocks.append((_block(array), places))
        frame: pd.DataFrame = _FROM_BLOCKS(blocks, index=index, columns=self.columns)
        return frame


def _values(column: pd.Series) -> Any:
    """The array of a column: NumPy's, or one of pandas' own types."""
    return column.to_numpy() if isinstance(column.dtype, np.dtype) else column.array


def _block(array: Any) -> Any:
    """An array as a block has it: plain arrays of NumPy, also those of pandas, have two axes."""
    if isinstance(array.dtype, np.dtype):
        return np.asarray(array).reshape(1, -1)
    return array


def _number_type(source: Source, dtypes: Sequence[Any], features: Mapping[str, pa.Schema]) -> Any:
    """The dtype of a column of numbers of NumPy; None for another column."""
    if source.view:
        type_ = features[source.view].field(source.place).type
        return np.dtype(type_.to_pandas_dtype()) if pa.types.is_floating(type_) else None
    dtype = None if source.place == COMPUTED else dtypes[source.place]
    return dtype if isinstance(dtype, np.dtype) and dtype.kind in "biuf" else None


def _maker(type_: pa.DataType) -> Make:
    """How an array of a type is made; one of any other type is made by way of Arrow."""
    empty = columns.to_pandas(pa.table({"x": pa.chunked_array([], type_)}))
    dtype: Any = empty["x"].dtype
    if pa.types.is_floating(type_):
        return lambda values: np.array(values, dtype)
    if (pa.types.is_integer(type_) or pa.types.is_boolean(type_)) and dtype.name != "object":
        return _masked(dtype)
    if isinstance(dtype, pd.StringDtype):
        return lambda values: pd.array(values, dtype=dtype)

    def by_arrow(values: list[Any]) -> Any:
        table = pa.table({"x": sqlite_values.restored(values, type_)})
        return _values(columns.to_pandas(table)["x"])

    return by_arrow


def _masked(dtype: Any) -> Make:
    array_type = dtype.construct_array_type()
    numbers = np.dtype(dtype.type)

    def make(values: list[Any]) -> Any:
        missing = np.array([value is None for value in values], bool)
        whole = np.array([0 if value is None else int(value) for value in values], numbers)
        return array_type(whole, missing)

    return make
