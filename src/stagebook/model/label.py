"""The label of a test split and the score that is compared with it, and their months."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pyarrow.types as types

from stagebook.data.drift.day_profiles import UNDATED, Days
from stagebook.data.drift.spans import Span
from stagebook.data.profiles.moment import iso
from stagebook.data.profiles.scale import DAY
from stagebook.model.day_loss import binary_losses, regression_losses, scale_of
from stagebook.model.reference_performance import (
    THRESHOLD,
    BinaryMonth,
    Floats,
    Performance,
    RegressionMonth,
    usable,
)
from stagebook.project.errors import Problem, StagebookError, Where, did_you_mean

_SUM = 1e-6  # how far the sum of two probabilities may be from 1


@dataclass(frozen=True, slots=True)
class Label:
    """What came true in the rows of a test split.

    Attributes:
        name: Its column.
        values: Its values as numbers; NaN for missing ones.
        boolean: Whether the column has booleans.
        file: The test split, for errors.
    """

    name: str
    values: Floats
    boolean: bool
    file: str

    @classmethod
    def read(cls, test: Path, name: str) -> Self:
        """The label in a Parquet file.

        Raises:
            StagebookError: The column is missing (``no-label``), or has neither booleans nor
                numbers, or no value at all (``bad-label``).
        """
        file, columns = test.as_posix(), pq.read_schema(test).names
        if name not in columns:
            message = f"The test split has no column `{name}`, which should be the label."
            hint = did_you_mean(name, columns, f"Its columns are: {', '.join(columns)}")
            raise StagebookError(Problem("no-label", message, hint, Where(file)))
        column = pq.read_table(test, columns=[name]).column(0)
        if types.is_dictionary(column.type):
            column = column.cast(column.type.value_type)
        boolean = types.is_boolean(column.type)
        tests = (types.is_integer, types.is_floating, types.is_decimal)
        if not boolean and not any(test(column.type) for test in tests):
            raise _bad(name, f"is {column.type}, which is neither boolean nor a number", file)
        values = column.cast(pa.int8()) if boolean else column
        numbers = values.cast(pa.float64(), safe=False).to_numpy().astype(np.float64)
        if not usable(numbers).any():
            raise _bad(name, "has no value in the test split", file)
        return cls(name, np.where(usable(numbers), numbers, np.nan), boolean, file)

    @property
    def binary(self) -> bool:
        """Whether all its values are true or false, or 1 or 0."""
        return bool(np.isin(self.values[~np.isnan(self.values)], (0, 1)).all())

    def performance(self, predictions: pd.DataFrame, score: str | None, days: Days) -> Performance:
        """How good predictions are, by month.

        Args:
            predictions: The predictions for the rows.
            score: The column to compare with the label; None for a choice by Stagebook.
            days: The day of each row.

        Raises:
            StagebookError: There is no such score (``no-score``), or it is a probability and the
                label is neither true nor false (``bad-label``).
        """
        name = score_name(predictions, self.name, score)
        scores = _numbers(predictions, name)
        within = bool(((scores >= 0) & (scores <= 1) | np.isnan(scores)).all())
        if self.boolean and not within:
            problem = f"Output `{name}` has values outside 0 to 1, so it is not a probability."
            raise _no_score(problem, predictions)
        binary = self.binary and within
        if not binary and name in _probabilities(predictions):
            raise _bad(self.name, f"has other values than 0 and 1, but `{name}` is a probability")
        labelled = ~np.isnan(self.values)
        kind = BinaryMonth if binary else RegressionMonth
        scale = None if binary else scale_of(self.values, scores)
        losses = (
            binary_losses(days, self.values, scores)
            if binary
            else regression_losses(days, self.values, scores, scale)
        )
        months = tuple(
            kind.of(start, self.values[rows], scores[rows])
            for start, rows in _months(np.where(labelled, days, UNDATED))
        )
        return Performance(
            "binary" if binary else "regression",
            self.name,
            name,
            THRESHOLD if binary else None,
            int((~labelled).sum()),
            int((labelled & (days == UNDATED)).sum()),
            scale,
            months,
            tuple(losses),
        )


def score_name(predictions: pd.DataFrame, label: str, score: str | None) -> str:
    """The column of the predictions that is the score.

    Args:
        predictions: The predictions.
        label: The label's name.
        score: The name that a person gave; if None, the output with the label's name, or else the
            last of two probabilities, or else the only output.

    Raises:
        StagebookError: There is no such output, or no choice (``no-score``).
    """
    names = [str(name) for name in predictions.columns]
    if score is not None and score not in names:
        raise _no_score(f"The model has no output `{score}`.", predictions, score)
    candidates = (score, label if label in names else None, *_probabilities(predictions)[-1:])
    chosen = next((name for name in candidates if name), names[0] if len(names) == 1 else None)
    if chosen is None:
        problem = f"None of the {len(names)} outputs has the name of the label, `{label}`."
        raise _no_score(problem, predictions)
    return chosen


def _probabilities(predictions: pd.DataFrame) -> list[str]:
    """The names of two outputs whose sum is always 1; none for others."""
    names = [str(name) for name in predictions.columns]
    is_float = all(pd.api.types.is_float_dtype(dtype) for dtype in predictions.dtypes)
    if len(names) != 2 or not is_float:
        return []
    values = predictions.to_numpy(np.float64)
    sums = np.abs(values.sum(axis=1) - 1) <= _SUM
    return names if bool(sums.all() and (values >= 0).all()) else []


def _numbers(predictions: pd.DataFrame, name: str) -> Floats:
    """The scores as numbers; NaN for missing ones."""
    column = predictions.iloc[:, [str(item) for item in predictions.columns].index(name)]
    if not (pd.api.types.is_numeric_dtype(column) or pd.api.types.is_bool_dtype(column)):
        raise _no_score(f"Output `{name}` is {column.dtype}, which is not a number.", predictions)
    return column.to_numpy(np.float64, na_value=np.nan)


def _months(days: Days) -> Iterator[tuple[str, np.typing.NDArray[np.int64]]]:
    """The first day of each month, with the places of its rows; undated ones are in none."""
    numbers, inverse = np.unique(days, return_inverse=True)
    starts = [
        UNDATED if day == UNDATED else Span.MONTH.start(day * DAY) for day in numbers.tolist()
    ]
    of_rows = np.asarray(starts, dtype=np.int64)[inverse]
    for start in sorted(set(starts) - {UNDATED}):
        yield iso(start, "date32[day]"), np.flatnonzero(of_rows == start)


def _bad(name: str, words: str, file: str = "") -> StagebookError:
    hint = (
        "Name a column with booleans, 0 and 1, or numbers: "
        'stagebook.package(..., label="..."), or leave the label out.'
    )
    where = Where(file) if file else None
    return StagebookError(Problem("bad-label", f"The label `{name}` {words}.", hint, where))


def _no_score(message: str, predictions: pd.DataFrame, name: str = "") -> StagebookError:
    names = [str(item) for item in predictions.columns]
    choice = f'Name one of the outputs, {", ".join(names)}: stagebook.package(..., score="...").'
    return StagebookError(Problem("no-score", message, did_you_mean(name, names, choice)))
