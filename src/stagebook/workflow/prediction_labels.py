"""What came true, by the id of the prediction that it was predicted with."""

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from stagebook.data.tables.table import Table
from stagebook.project.errors import Problem, StagebookError, Where, did_you_mean
from stagebook.project.text import listed
from stagebook.serving.log import prediction_keys
from stagebook.serving.log.prediction_keys import Flags, Keys

PREDICTION = "prediction"
"""The column with the ids that ``/predict`` returned."""

_SHOWN = 8


@dataclass(frozen=True, slots=True, eq=False)
class PredictionLabels:
    """Labels, each prediction's once.

    Attributes:
        path: The table.
        keys: Shape (n,), the predictions, ascending.
        values: n rows: the label, and further columns that were asked for and are there.
        contradictory: Shape (n,), whether a prediction has two different labels.
        strangers: Rows with a label whose id is none.
    """

    path: Path
    keys: Keys
    values: pa.Table
    contradictory: Flags
    strangers: int

    def places(self, keys: Keys) -> npt.NDArray[np.intp]:
        """The place of each prediction's label; -1 for none."""
        if not len(self.keys):
            return np.full(len(keys), -1, np.intp)
        places = np.minimum(np.searchsorted(self.keys, keys), len(self.keys) - 1)
        return np.where(self.keys[places] == keys, places, -1)


def read(path: Path, label: str, further: Collection[str] = ()) -> PredictionLabels:
    """The labels in a table; a row without a label counts as absent.

    Args:
        path: Parquet, CSV, Feather, JSON Lines, or a folder of Parquet parts.
        label: The column with what came true.
        further: Columns that are read too, if the table has them.

    Raises:
        StagebookError: The table cannot be read, or lacks the label or the id
            (``no-comparison-column``).
    """
    table = Table.open(path.parent, path.name)
    _require_columns(path, table, label)
    others = [name for name in further if name in table.columns.names and name != label]
    names = list(dict.fromkeys([PREDICTION, label, *others]))
    keys, parts, strangers = [np.empty(0, "S20")], [], 0
    for batch in table.batches(names):
        known = batch.filter(pc.invert(pc.is_null(batch[label], nan_is_null=True)))
        own, is_id = prediction_keys.of_texts(known[PREDICTION])
        keys.append(own)
        parts.append(known.filter(pa.array(is_id)).select(names[1:]))
        strangers += int((~is_id).sum())
    schema = pa.schema([table.columns.field(name) for name in names[1:]])
    values = pa.Table.from_batches(parts, schema)
    return _once(path, np.concatenate(keys), values, label, strangers)


def _require_columns(path: Path, table: Table, label: str) -> None:
    there = table.columns.names
    problems = [
        Problem(
            "no-comparison-column",
            f"The labels have no column `{name}`, which is named as the {role}.",
            did_you_mean(name, there, f"Columns: {listed(there, _SHOWN)}"),
            Where(path.as_posix()),
        )
        for name, role in ((PREDICTION, "id of the prediction"), (label, "label"))
        if name not in there
    ]
    if problems:
        raise StagebookError(*problems)


def _once(path: Path, keys: Keys, values: pa.Table, label: str, strangers: int) -> PredictionLabels:
    """Labels of which no two are of one prediction."""
    if not len(keys):
        return PredictionLabels(path, keys, values, np.zeros(0, np.bool_), strangers)
    order = np.argsort(keys, kind="stable")
    ordered = keys[order]
    first = np.flatnonzero(np.r_[True, ordered[1:] != ordered[:-1]])
    codes = _codes(values[label])[order]
    is_wrong = np.minimum.reduceat(codes, first) != np.maximum.reduceat(codes, first)
    kept = values.take(pa.array(order[first]))
    return PredictionLabels(path, ordered[first], kept, is_wrong, strangers)


def _codes(column: pa.ChunkedArray) -> npt.NDArray[np.int64]:
    """Numbers that are equal for equal values."""
    if pa.types.is_nested(column.type):
        column = pa.chunked_array([pa.array(map(str, column.to_pylist()), pa.string())])
    elif pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    encoded = column.combine_chunks().dictionary_encode()
    codes: npt.NDArray[np.int64] = encoded.indices.to_numpy().astype(np.int64)
    return codes
