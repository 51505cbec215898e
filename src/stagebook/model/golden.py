"""A few rows with the model's predictions, by which any copy of it can be checked."""

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from stagebook.project.errors import Problem, Where

FILE = "golden.parquet"
ROWS = 128
_EXPECTED = "expected."
_TOLERANCE = b"stagebook.tolerance"
_SHOWN = 5


@dataclass(frozen=True, slots=True)
class Golden:
    """Rows and predictions.

    Attributes:
        inputs: n rows of the model's features.
        outputs: n rows of what it predicts.
        tolerance: How far a number may be off.
    """

    inputs: pd.DataFrame
    outputs: pd.DataFrame
    tolerance: float

    @classmethod
    def of(cls, inputs: pd.DataFrame, outputs: pd.DataFrame, tolerance: float) -> Self:
        """Rows at even distances from all over a table and its predictions."""
        rows = places(len(inputs))
        some = inputs.iloc[rows].reset_index(drop=True)
        return cls(some, outputs.iloc[rows].reset_index(drop=True), tolerance)

    @classmethod
    def read(cls, path: Path) -> Self:
        """The rows in a file that ``write`` wrote; OSError, ValueError or KeyError for another."""
        return cls.parse(path.read_bytes())

    @classmethod
    def parse(cls, data: bytes) -> Self:
        """The same of the file's bytes."""
        file = pq.ParquetFile(pa.BufferReader(data))
        require_small(file.metadata)
        table = file.read(use_threads=False)
        tolerance = float((table.schema.metadata or {})[_TOLERANCE])
        if not 0 <= tolerance < math.inf:
            raise ValueError(f"the tolerance {tolerance:g} is not a finite number of at least 0")
        frame = table.to_pandas()
        expected = [name for name in frame.columns if name.startswith(_EXPECTED)]
        outputs = frame[expected].rename(columns=lambda name: name.removeprefix(_EXPECTED))
        return cls(frame.drop(columns=expected), outputs, tolerance)

    def write(self, path: Path) -> None:
        """Writes the rows as Parquet: the same bytes for the same rows."""
        frame = pd.concat([self.inputs, self.outputs.add_prefix(_EXPECTED)], axis=1)
        table = pa.Table.from_pandas(frame, preserve_index=False)
        tolerance = {_TOLERANCE: repr(self.tolerance).encode()}
        table = table.replace_schema_metadata({**(table.schema.metadata or {}), **tolerance})
        pq.write_table(table, path, compression="zstd")

    def differences(self, predictions: pd.DataFrame) -> tuple[Problem, ...]:
        """Where predictions for the same rows are off by more than the tolerance.

        Args:
            predictions: n rows of predictions.
        """
        same_columns = list(predictions.columns) == list(self.outputs.columns)
        if not same_columns or len(predictions) != len(self.outputs):
            actual, expected = _shape(predictions), _shape(self.outputs)
            message = f"The model returned {actual}; expected {expected}."
            return (Problem("golden-differs", message, _HINT, Where(FILE)),)
        problems = (self._column(str(name), predictions[name]) for name in self.outputs)
        return tuple(problem for problem in problems if problem)

    def _column(self, name: str, predictions: pd.Series) -> Problem | None:
        off = distance(self.outputs[name], predictions)
        wrong = np.flatnonzero(~(off <= self.tolerance))
        if not len(wrong):
            return None
        expected = self.outputs[name]
        shown = ", ".join(
            f"row {place}: {predictions.iloc[place]!s} instead of {expected.iloc[place]!s}"
            for place in wrong[:_SHOWN]
        )
        message = (
            f"`{name}` differs by more than {self.tolerance:g} in {len(wrong)} of {len(off)} "
            f"golden rows. The largest difference is {np.max(off):.3g}. Examples: {shown}."
        )
        return Problem("golden-differs", message, _HINT, Where(FILE))


def places(rows: int) -> npt.NDArray[np.int64]:
    """The golden ones among so many rows: at even distances, from the first to the last."""
    return np.unique(np.linspace(0, rows - 1, min(ROWS, rows)).astype(int))


def require_small(metadata: pq.FileMetaData) -> None:
    """Raises a ValueError where a file of few bytes says that it holds many."""
    groups = [metadata.row_group(place) for place in range(min(metadata.num_row_groups, 2))]
    size = sum(group.total_byte_size for group in groups)
    if metadata.num_rows > ROWS or metadata.num_row_groups > 1 or size > _LARGEST:
        raise ValueError(f"{metadata.num_rows} golden rows with {size} bytes are too many")


_LARGEST = 64_000_000  # bytes, without compression
_HINT = "The model changed, or runs with other library versions: see environment.lock.json."


def distance(value: pd.Series, other: pd.Series) -> Any:
    """How far the values of two columns are apart: of numbers the difference, else 0 or infinity.

    Two missing values are not apart.
    """
    both_missing = (value.isna() & other.isna()).to_numpy()
    if pd.api.types.is_numeric_dtype(value) and pd.api.types.is_numeric_dtype(other):
        left, right = value.to_numpy(float), other.to_numpy(float)
        with np.errstate(invalid="ignore"):
            off = np.where(left == right, 0.0, np.abs(left - right))
        off = np.where(np.isnan(off), np.inf, off)
    else:
        off = np.where(value.astype(str).to_numpy() == other.astype(str).to_numpy(), 0.0, np.inf)
    return np.where(both_missing, 0.0, off)


def _shape(frame: pd.DataFrame) -> str:
    return f"{len(frame)} rows of {', '.join(map(str, frame.columns))}"
