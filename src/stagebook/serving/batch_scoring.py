"""The rows of a batch: checked one by one as a server would, and predicted together."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Self

import numpy as np
import numpy.typing as npt
import pandas as pd

from stagebook.project.errors import Problem, StagebookError, Where
from stagebook.serving import ids
from stagebook.serving.batch_rows import BatchRows
from stagebook.serving.ids import Times
from stagebook.serving.input.rows import Rows
from stagebook.serving.refusal import Refusal, RowWarning
from stagebook.serving.served_model import ServedModel

_CHUNK = 1_000
"""Rows that are checked together; if one of them is refused, each is checked alone."""


@dataclass(frozen=True, slots=True, eq=False)
class ScoredRows:
    """Rows, each of which is a request of its own.

    Attributes:
        package: The package's digest.
        requests: The id of each row's request, ascending.
        times: The time of each row in nanoseconds since 1970.
        accepted: The places of rows that keep the contract, ascending.
        features: Their features as the model got them.
        predictions: What it predicted for them.
        keys: Their keys; None for none.
        warnings: Remarks on a row by its place; each is about row 0 of its request.
        refused: By place, why a row was refused.
    """

    package: str
    requests: Sequence[str]
    times: Times
    accepted: npt.NDArray[np.intp]
    features: pd.DataFrame
    predictions: pd.DataFrame
    keys: pd.DataFrame | None
    warnings: Mapping[int, tuple[RowWarning, ...]]
    refused: Mapping[int, Refusal]

    @property
    def prediction_ids(self) -> list[str | None]:
        """The id of each row's prediction; None for a row without one."""
        return [
            None if place in self.refused else ids.prediction_id(request, 0)
            for place, request in enumerate(self.requests)
        ]

    @property
    def predictions_by_row(self) -> pd.DataFrame:
        """The predictions, with missing values for refused rows."""
        if not self.refused:
            return self.predictions
        return self.predictions.set_axis(self.accepted).reindex(range(len(self.requests)))

    def part(self, first: int, end: int) -> Self:
        """Rows that follow each other.

        Args:
            first: The place of the first one.
            end: The place behind the last one.
        """
        own = slice(*np.searchsorted(self.accepted, [first, end]))
        places = range(first, end)
        return type(self)(
            self.package,
            self.requests[first:end],
            self.times[first:end],
            self.accepted[own] - first,
            self.features[own],
            self.predictions[own],
            None if self.keys is None else self.keys[own],
            {place - first: self.warnings[place] for place in places if place in self.warnings},
            {place - first: self.refused[place] for place in places if place in self.refused},
        )


def score(served: ServedModel, rows: BatchRows, requests: Sequence[str]) -> ScoredRows:
    """Checks and predicts rows.

    Args:
        served: The package.
        rows: The rows.
        requests: The ids of their requests.

    Raises:
        StagebookError: The model failed on rows that keep the contract (``model-failed``).
    """
    frames: list[pd.DataFrame] = []
    refused: dict[int, Refusal] = {}
    for start in range(0, len(requests), _CHUNK):
        frames += _checked(served, rows.features.iloc[start : start + _CHUNK], start, refused)
    is_accepted = np.ones(len(requests), np.bool_)
    is_accepted[list(refused)] = False
    accepted = np.flatnonzero(is_accepted)
    features = pd.concat(frames, ignore_index=True) if frames else rows.features.iloc[:0]
    return ScoredRows(
        served.digest,
        requests,
        rows.times,
        accepted,
        features,
        _predicted(served, features),
        None if rows.keys is None else rows.keys.take(accepted).reset_index(drop=True),
        _warnings(served, features, accepted),
        refused,
    )


def _checked(
    served: ServedModel, part: pd.DataFrame, start: int, refused: dict[int, Refusal]
) -> Iterator[pd.DataFrame]:
    """The rows of a part that keep the contract; adds the others to those that are refused."""
    check = served.validator.check
    try:
        yield check(Rows.of_frame(part))
        return
    except Refusal:
        kept = [place for place in range(len(part)) if _keeps(served, part, place, start, refused)]
    if kept:
        yield check(Rows.of_frame(part.iloc[kept]))


def _keeps(
    served: ServedModel, part: pd.DataFrame, place: int, start: int, refused: dict[int, Refusal]
) -> bool:
    try:
        served.validator.check(Rows.of_frame(part.iloc[[place]]))
    except Refusal as refusal:
        refused[start + place] = refusal
        return False
    return True


def _predicted(served: ServedModel, features: pd.DataFrame) -> pd.DataFrame:
    if features.empty:
        return pd.DataFrame(columns=list(served.model.manifest.model.outputs), dtype=np.float64)
    try:
        return served.predict(features).reset_index(drop=True)
    except Exception as error:
        message = f"The model failed on rows that keep the contract: {error!r}"
        hint = "Predict these rows with stagebook.load(...).predict(rows) to see where it fails."
        where = Where(served.name)
        raise StagebookError(Problem("model-failed", message, hint, where)) from error


def _warnings(
    served: ServedModel, features: pd.DataFrame, accepted: npt.NDArray[np.intp]
) -> dict[int, tuple[RowWarning, ...]]:
    by_row: dict[int, tuple[RowWarning, ...]] = {}
    for item in served.ranges.warnings(features, most=None):
        place = int(accepted[item.row])
        by_row[place] = (*by_row.get(place, ()), replace(item, row=0))
    return by_row
