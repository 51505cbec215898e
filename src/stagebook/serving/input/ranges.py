"""Warnings that a value is unlike all that the model was trained with."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import pandas as pd

from stagebook.data.profiles import profile
from stagebook.data.profiles.column import Booleans, Column, Numbers, Texts
from stagebook.serving import column_values
from stagebook.serving.input.timestamps import Timestamp
from stagebook.serving.input.validation import CheckedRows
from stagebook.serving.refusal import RowWarning, shown

MOST = 1_000
"""Warnings of one request; further ones are left out."""
_FEW = 32  # rows that are looked at one by one, which is quicker than column by column


@dataclass(frozen=True, slots=True)
class _Range:
    """The numbers or times of a column in training."""

    column: Column
    low: float
    high: float

    def has(self, value: Any) -> bool:
        number = _number(value)
        return number is None or self.low <= number <= self.high

    def warning(self, value: Any, row: int) -> RowWarning:
        name, shown_low = self.column.name, self.column.shown(self.low)
        limits = f"{shown_low} to {self.column.shown(self.high)}"
        message = f"`{name}` is {_shown(value)}; the training data has {limits}."
        return RowWarning("outside-training-range", message, row, name)

    def candidates(self, values: pd.Series) -> np.ndarray[Any, Any]:
        """The places of values that may be outside."""
        if values.dtype.kind not in "iuf" or not isinstance(values.dtype, np.dtype):
            return np.arange(len(values))
        numbers = values.to_numpy()
        return np.flatnonzero((numbers < self.low) | (numbers > self.high))


@dataclass(frozen=True, slots=True)
class _Values:
    """The texts, categories or booleans of a column in training."""

    column: Column
    values: frozenset[Any]

    def has(self, value: Any) -> bool:
        return _is_missing(value) or value in self.values

    def warning(self, value: Any, row: int) -> RowWarning:
        message = f"`{self.column.name}` is {_shown(value)}, which the training data never has."
        return RowWarning("category-not-in-training", message, row, self.column.name)

    def candidates(self, values: pd.Series) -> np.ndarray[Any, Any]:
        """The places of values that may be new."""
        return np.flatnonzero(~values.isin(self.values).to_numpy(bool))


@dataclass(frozen=True, slots=True)
class TrainingRanges:
    """What the training rows had in each column.

    Attributes:
        columns: By name, for the columns of which the profile says enough.
    """

    columns: Mapping[str, _Range | _Values]

    @classmethod
    def of(cls, profile_text: str) -> Self:
        """The ranges in a package's ``profile.input.json``.

        Raises:
            StagebookError: The text is not a profile.
        """
        limits_of = (
            (column.name, _limits(column)) for column in profile.parse(profile_text).columns
        )
        return cls({name: limits for name, limits in limits_of if limits is not None})

    def warnings(self, frame: pd.DataFrame, most: int | None = MOST) -> tuple[RowWarning, ...]:
        """The warnings for the rows of a frame, by row and column.

        Args:
            frame: n rows as the model gets them.
            most: How many of them at most; None for all.
        """
        names = list(frame.columns)
        if len(frame) <= _FEW:
            return self._of_few(names, column_values.lists(frame))
        collected = [warning for name in names for warning in self._of_column(frame, name, most)]
        order = {name: place for place, name in enumerate(names)}
        collected.sort(key=lambda warning: (warning.row, order[warning.column]))
        return tuple(collected[:most])

    def of_checked(self, checked: CheckedRows) -> tuple[RowWarning, ...]:
        """The warnings for the rows of a request.

        The plain values of few rows are read in a third of the time that their frame takes.
        """
        if checked.values is None or len(checked.frame) > _FEW:
            return self.warnings(checked.frame)
        return self._of_few(checked.names, checked.values)

    def _of_few(
        self, names: Sequence[str], values: Sequence[Sequence[Any]]
    ) -> tuple[RowWarning, ...]:
        columns = enumerate(zip(names, values, strict=True))
        outside = [
            (row, place, limits, value)
            for place, (name, column) in columns
            if (limits := self.columns.get(name)) is not None
            for row, value in enumerate(column)
            if not limits.has(value)
        ]
        outside.sort(key=lambda item: item[:2])
        return tuple(limits.warning(value, row) for row, _, limits, value in outside)

    def _of_column(self, frame: pd.DataFrame, name: str, most: int | None) -> list[RowWarning]:
        limits = self.columns.get(name)
        if limits is None:
            return []
        values = frame[name]
        places = limits.candidates(values)
        some = zip(places.tolist(), values.iloc[places].tolist(), strict=True)
        outside = [(row, value) for row, value in some if not limits.has(value)]
        return [limits.warning(value, row) for row, value in outside[:most]]


def _limits(column: Column) -> _Range | _Values | None:
    """What a column's profile says; None if it does not list all values."""
    match column.detail:
        case Numbers(minimum=low, maximum=high) if low is not None and high is not None:
            return _Range(column, low, high)
        case Texts(counts=counts) if counts:
            return _Values(column, frozenset(counts))
        case Booleans(true=true, false=false) if true or false:
            seen = {value for value, count in ((True, true), (False, false)) if count}
            return _Values(column, frozenset(seen))
    return None


def _number(value: Any) -> float | None:
    """A value as profiles count it: times in microseconds since 1970; None if it is missing."""
    if isinstance(value, int | float):
        return None if value != value else value
    if _is_missing(value):
        return None
    if hasattr(value, "year"):
        return Timestamp.of(value).nanoseconds // 1000
    number = value.item() if hasattr(value, "item") else float(value)
    return None if math.isnan(number) else number


def _is_missing(value: Any) -> bool:
    return value is None or value is pd.NaT or value is pd.NA or value != value


def _shown(value: Any) -> str:
    return shown(str(value) if hasattr(value, "year") else getattr(value, "item", lambda: value)())
