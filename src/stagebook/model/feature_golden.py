"""Golden rows of features: requests, the rows of the views that they need, and what they give."""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Self

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from stagebook.model.golden import require_small

if TYPE_CHECKING:
    from stagebook.features.history_sample import HistorySample

_PLACE, _GROUP = "place", "group"
_REQUEST, _EXPECTED, _VIEW = "request.", "expected.", "view."


@dataclass(frozen=True, slots=True)
class FeatureGolden:
    """Requests with the features that the model was trained with.

    Attributes:
        sample: n requests, their places in ``golden.parquet``, and the rows of the views.
        expected: n rows of features, in order, with the dtypes of the offline join.
    """

    sample: "HistorySample"
    expected: pd.DataFrame

    def write(self, path: Path) -> None:
        """Writes the rows as Parquet: the same bytes for the same rows."""
        sample = self.sample
        frame = pd.concat(
            [sample.requests.add_prefix(_REQUEST), self.expected.add_prefix(_EXPECTED)], axis=1
        )
        with warnings.catch_warnings():  # pyarrow 25 reads times with a zone as pandas 4 will not
            warnings.simplefilter("ignore", DeprecationWarning)
            table = pa.Table.from_pandas(frame, preserve_index=False)
        table = table.append_column(_PLACE, pa.array(sample.places, pa.int64()))
        table = table.append_column(_GROUP, pa.array(sample.groups, pa.int64()))
        for view, rows in sample.views.items():
            for name in rows.column_names:
                table = table.append_column(f"{_VIEW}{view}.{name}", rows[name])
        pq.write_table(table, path, compression="zstd")

    @classmethod
    def parse(cls, data: bytes) -> Self:
        """The rows in a file that ``write`` wrote; ValueError or KeyError for another."""
        from stagebook.features.history_sample import HistorySample

        file = pq.ParquetFile(pa.BufferReader(data))
        require_small(file.metadata)
        table = file.read(use_threads=False)
        places, groups = (tuple(table[name].to_pylist()) for name in (_PLACE, _GROUP))
        views: dict[str, dict[str, pa.ChunkedArray]] = {}
        for name in table.column_names:
            if name.startswith(_VIEW):  # the name of a view is an identifier
                view, _, column = name.removeprefix(_VIEW).partition(".")
                views.setdefault(view, {})[column] = table[name]
        sample = HistorySample(
            places,
            groups,
            _frame(table, _REQUEST),
            {view: pa.table(columns) for view, columns in views.items()},
        )
        return cls(sample, _frame(table, _EXPECTED))


def _frame(table: pa.Table, prefix: str) -> pd.DataFrame:
    names = [name for name in table.column_names if name.startswith(prefix)]
    frame: pd.DataFrame = table.select(names).to_pandas()
    return frame.rename(columns=lambda name: name.removeprefix(prefix))


def as_given(features: pd.DataFrame, inputs: pd.DataFrame) -> pd.DataFrame:
    """Features with the dtypes of the rows that the model was given.

    Raises:
        TypeError, ValueError: A feature does not have a value of this dtype.
    """
    given = {name: features[name].astype(inputs[name].dtype) for name in inputs.columns}
    return pd.DataFrame(given, index=features.index)


def differing(column: pd.Series, other: pd.Series) -> Sequence[int]:
    """The rows in which two columns of one dtype are not equal to the bit."""
    missing, other_missing = column.isna().to_numpy(), other.isna().to_numpy()
    both = ~missing & ~other_missing
    unequal = missing != other_missing
    left, right = column[both], other[both]
    if pd.api.types.is_float_dtype(column.dtype):
        size = np.dtype(str(column.dtype).lower()).itemsize
        bits = (np.asarray(side, f"f{size}").view(f"u{size}") for side in (left, right))
        unequal[both] = np.not_equal(*bits)
    else:
        equal = [
            value == other_value for value, other_value in zip(left.array, right.array, strict=True)
        ]
        unequal[both] = ~np.array(equal, dtype=bool)
    places: list[int] = np.flatnonzero(unequal).tolist()
    return places
