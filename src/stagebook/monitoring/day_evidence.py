"""Which rows of a day the loss comes from: by column and bin, and the worst of them."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Self

import numpy as np
import numpy.typing as npt
import pandas as pd

from stagebook.monitoring.column_bins import ColumnBins
from stagebook.monitoring.label_values import Flags, Floats
from stagebook.serving import ids

ROWS = 5
"""Rows that a person is shown."""

QUANTUM = 2.0**-30
"""A loss is counted in whole parts of this, so that sums do not depend on the order of rows."""

Quanta = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class BinLosses:
    """The rows of each bin of a column, and the sum of their losses in quanta."""

    rows: Quanta
    losses: Quanta

    @classmethod
    def none(cls, size: int) -> Self:
        """No rows in a number of bins."""
        return cls(np.zeros(size, np.int64), np.zeros(size, np.int64))

    def __add__(self, other: "BinLosses") -> "BinLosses":
        return BinLosses(self.rows + other.rows, self.losses + other.losses)


@dataclass(frozen=True, slots=True)
class BadRow:
    """A row with a large loss.

    Attributes:
        loss: From 0 to 1.
        prediction: The id of its prediction.
    """

    loss: float
    prediction: str


@dataclass(frozen=True, slots=True)
class DayEvidence:
    """Some rows with a loss.

    Attributes:
        columns: By column, its rows and losses by bin.
        worst: The rows with the largest losses, at most ``ROWS``.
    """

    columns: Mapping[str, BinLosses] = field(default_factory=dict)
    worst: tuple[BadRow, ...] = ()

    def with_rows(
        self,
        bins: Iterable[ColumnBins],
        frames: Sequence[pd.DataFrame],
        losses: Floats,
        prediction: Callable[[int], str],
        own: Flags,
    ) -> "DayEvidence":
        """These rows, and more of them.

        Args:
            bins: The columns.
            frames: Where columns are looked for.
            losses: The loss of each row, from 0 to 1.
            prediction: Gives the id of a row's prediction, by the row's place.
            own: Which rows count.
        """
        quanta = np.rint(losses[own] / QUANTUM)
        columns = dict(self.columns)
        for column in bins:
            values = _column(column.name, frames)
            codes = np.zeros(len(quanta), np.int64) if values is None else column.codes(values[own])
            added = BinLosses(
                np.bincount(codes, minlength=column.size),
                np.bincount(codes, quanta, column.size).astype(np.int64),
            )
            columns[column.name] = columns.get(column.name, BinLosses.none(column.size)) + added
        places = np.flatnonzero(own)
        chosen = places[np.argsort(-losses[own], kind="stable")[:ROWS]]
        rows = [BadRow(float(losses[place]), prediction(place)) for place in chosen.tolist()]
        return DayEvidence(columns, worst([*self.worst, *rows]))

    def as_json(self) -> dict[str, Any]:
        """Plain values."""
        return {
            "columns": {
                name: [bins.rows.tolist(), bins.losses.tolist()]
                for name, bins in self.columns.items()
            },
            "worst": [[row.loss, row.prediction] for row in self.worst],
        }

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Self:
        """The evidence in plain values; a KeyError, TypeError or ValueError if they are not."""
        columns = {}
        for name, (rows, losses) in values["columns"].items():
            columns[name] = BinLosses(np.array(rows, np.int64), np.array(losses, np.int64))
            if columns[name].rows.ndim != 1 or len(rows) != len(losses):
                raise ValueError("the bins of a column do not fit")
        rows = tuple(BadRow(float(loss), str(name)) for loss, name in values["worst"])
        return cls(columns, rows)


def predictions_of(facts: pd.DataFrame) -> Callable[[int], str]:
    """What gives the id of a logged row's prediction, by the row's place; few are asked for."""
    requests, rows = facts["request"], facts["row"]
    return lambda place: ids.prediction_id(requests.iloc[place], rows.iloc[place])


def _column(name: str, frames: Iterable[pd.DataFrame]) -> "pd.Series[Any] | None":
    for frame in frames:
        if name in frame.columns:
            values = frame[name]
            return values if isinstance(values, pd.Series) else values.iloc[:, 0]
    return None


def worst(rows: Iterable[BadRow]) -> tuple[BadRow, ...]:
    """The rows with the largest losses, at most ``ROWS``."""
    return tuple(sorted(rows, key=lambda row: (-row.loss, row.prediction))[:ROWS])
