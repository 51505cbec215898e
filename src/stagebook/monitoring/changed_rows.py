"""Rows whose value of a column has become more frequent than in the reference."""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from stagebook.data.profiles.profile import Profile
from stagebook.monitoring.column_bins import ColumnBins, Counts
from stagebook.monitoring.day_evidence import ROWS, predictions_of
from stagebook.monitoring.package_reference import PackageReference
from stagebook.monitoring.signal import SignalKind
from stagebook.serving.log import reading

ChangedRows = Mapping[tuple[str, str], tuple[str, ...]]
"""By side, as the kind of its signals, and column: ids of predictions, at most ``ROWS``."""


def of_day(log: Path, day: str, package: PackageReference) -> ChangedRows:
    """For each column, rows of the bin that has gained most since the reference.

    Args:
        log: The folder of the log.
        day: Such as ``2026-11-29``.
        package: The watched package.

    Raises:
        StagebookError: A file of the day cannot be read (``bad-request-log``).
    """
    sides = {
        SignalKind.INPUT_DRIFT.value: _tallies(package.inputs),
        SignalKind.PREDICTION_DRIFT.value: _tallies(package.predictions),
    }
    for part in reading.read_day(log, day, package=package.digest, role="champion"):
        prediction = predictions_of(part.facts)
        frames = (part.features, part.predictions)
        for tallies, frame in zip(sides.values(), frames, strict=True):
            if frame is not None:
                _add(tallies, frame, prediction)
    return {
        (side, name): rows
        for side, tallies in sides.items()
        for name, tally in tallies.items()
        if (rows := tally.rows())
    }


def _add(
    tallies: Mapping[str, "_Tally"], frame: pd.DataFrame, prediction: Callable[[int], str]
) -> None:
    for name, tally in tallies.items():
        if name in frame.columns and isinstance(frame[name], pd.Series):
            tally.add(frame[name], prediction)


def as_json(rows: ChangedRows) -> dict[str, Any]:
    """Plain values."""
    return {"rows": [[*key, list(names)] for key, names in sorted(rows.items())]}


def from_json(values: Mapping[str, Any]) -> ChangedRows:
    """The rows in plain values; a KeyError, TypeError or ValueError if they are not."""
    return {
        (str(side), str(column)): tuple(map(str, names)) for side, column, names in values["rows"]
    }


@dataclass(slots=True)
class _Tally:
    """The rows of one column so far."""

    bins: ColumnBins
    counts: Counts
    names: defaultdict[int, list[str]] = field(default_factory=lambda: defaultdict(list))

    def add(self, values: "pd.Series[Any]", prediction: Callable[[int], str]) -> None:
        """Counts rows, and remembers the first ones of each bin."""
        codes = self.bins.codes(values)
        self.counts += np.bincount(codes, minlength=self.bins.size)
        for code in np.unique(codes).tolist():
            missing = ROWS - len(self.names[code])
            if missing > 0:
                places = np.flatnonzero(codes == code)[:missing].tolist()
                self.names[code] += map(prediction, places)

    def rows(self) -> tuple[str, ...]:
        """Rows of the bin that adds most to the distance; none if no bin has gained."""
        rows, known = int(self.counts.sum()), int(self.bins.reference.sum())
        if not rows or not known:
            return ()
        place = most_gained(self.bins.reference / known, self.counts / rows)
        return () if place is None else tuple(self.names[place])


def _tallies(profile: Profile) -> dict[str, _Tally]:
    every = (ColumnBins.of(column) for column in profile.columns)
    return {
        bins.name: _Tally(bins, np.zeros(bins.size, np.int64)) for bins in every if bins is not None
    }


def most_gained(before: Sequence[float] | Any, now: Sequence[float] | Any) -> int | None:
    """The place of the share that has grown most, by its part of the Jensen-Shannon distance.

    Args:
        before: The share of each bin in the reference.
        now: The share of each bin now.
    """
    first, last = np.asarray(before, float), np.asarray(now, float)
    has_grown = last > first
    if not has_grown.any():
        return None
    with np.errstate(divide="ignore", invalid="ignore"):
        gains = last * np.log2(2 * last / (first + last))
    return int(np.argmax(np.where(has_grown, gains, -1.0)))
