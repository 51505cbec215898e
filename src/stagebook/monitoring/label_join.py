"""The rows of a logged day with their labels."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from stagebook.monitoring import join_keys
from stagebook.monitoring.day_slices import DaySlices
from stagebook.monitoring.join_keys import Days
from stagebook.monitoring.label_bucket import NEVER, LabelBucket
from stagebook.monitoring.label_use import LabelUse
from stagebook.monitoring.label_values import Flags, Floats, Kind
from stagebook.monitoring.labelled_day import LabelledDay
from stagebook.monitoring.labelled_rows import (
    LABELLED,
    REJECTED,
    UNLABELLED,
    LabelledRows,
    ScoredRows,
    States,
)
from stagebook.monitoring.labels import Labels
from stagebook.serving.log import prediction_keys, reading
from stagebook.serving.log.reading import LoggedRows

SLICES = 20
"""Values of a column that have a slice of their own, unless somebody sets another number."""


@dataclass(frozen=True, slots=True)
class Judged:
    """What of the predictions is compared with labels.

    Attributes:
        kind: Whether a label is true or false, or a number.
        score: The column of the predictions to compare with it.
        by: Columns of features or keys by whose values rows are counted apart as well.
        most: Values of such a column with a slice of their own on a day; the most frequent ones.
    """

    kind: Kind
    score: str
    by: tuple[str, ...] = ()
    most: int = SLICES


@dataclass(frozen=True, slots=True)
class JoinedDay:
    """A day of the log with the labels of its predictions.

    Attributes:
        days: The counts of each package in each role.
        uses: The labels that were looked at, by day of the bucket.
        keyless: Rows whose key is not in the log, so that no label can be joined.
    """

    days: tuple[LabelledDay, ...]
    uses: Mapping[int, LabelUse]
    keyless: int


def join(log: Path, day: str, labels: Labels, judged: Judged) -> JoinedDay:
    """The rows of a day with their labels.

    Scores and labels of the day are in memory at once, about 20 bytes a row and 4 for each column
    of ``by``; the features are read in parts.

    Args:
        log: The folder of the log.
        day: Such as ``2026-11-29``, closed or not.
        labels: The labels.
        judged: What is compared with them.

    Raises:
        StagebookError: A file of the day cannot be read (``bad-request-log``).
    """
    joiner = Joiner(labels)
    tallies: defaultdict[tuple[str, str], _Tally] = defaultdict(lambda: _Tally(judged))
    for part in reading.read_day(log, day):
        if part.predictions is None:  # refused, or the model failed
            continue
        values, states = joiner.labels_of(part)
        rows = ScoredRows(scores_of(part.predictions, judged.score), values, states)
        for key, own in _by_package(part.facts):
            tallies[key].add(rows, part, own)
    counts = (tally.day(*key, day) for key, tally in sorted(tallies.items()))
    return JoinedDay(tuple(counts), joiner.uses, joiner.keyless)


def scores_of(predictions: pd.DataFrame, score: str) -> Floats:
    """Scores; NaN where there is no number."""
    if score not in predictions.columns:
        return np.full(len(predictions), np.nan)
    numbers = pd.to_numeric(predictions[score], errors="coerce")
    return np.asarray(numbers.to_numpy(dtype=np.float64, na_value=np.nan), np.float64)


def _by_package(facts: pd.DataFrame) -> Iterator[tuple[tuple[str, str], Flags]]:
    """The rows of each package in each role."""
    pairs = facts[["package", "role"]]
    for package, role in pairs.drop_duplicates().itertuples(index=False):
        own = (pairs["package"] == package) & (pairs["role"] == role)
        yield (package, role), own.to_numpy(dtype=np.bool_)


@dataclass(slots=True)
class Joiner:
    """Finds the labels of rows, and remembers which labels were used."""

    labels: Labels
    uses: dict[int, LabelUse] = field(default_factory=dict)
    keyless: int = 0

    def labels_of(self, part: LoggedRows) -> tuple[Floats, States]:
        """The label and the state of each row."""
        count = len(part.facts)
        values, states = np.full(count, np.nan), np.full(count, UNLABELLED, np.int8)
        keys, buckets, moments = self._keys(part)
        for day in np.unique(buckets[buckets != join_keys.NO_DAY]).tolist():
            bucket = self.labels.bucket(day)
            use = self.uses.setdefault(day, LabelUse.unused(bucket))
            own = np.flatnonzero(buckets == day)
            places = bucket.places(keys.take(pa.array(own)))
            rows, places = own[places >= 0], places[places >= 0]
            is_early = _is_early(bucket, places, moments[rows])
            use.add(places, places[is_early])
            is_rejected = is_early | ~bucket.is_usable[places]
            states[rows] = np.where(is_rejected, REJECTED, LABELLED)
            values[rows] = np.where(is_rejected, np.nan, bucket.values[places])
        return values, states

    def _keys(self, part: LoggedRows) -> tuple[pa.Array, Days, Days]:
        """What rows are joined by, the days of their buckets, and the time of each prediction."""
        options = self.labels.options
        if not options.key:
            requests = pa.array(part.facts["request"], pa.string())
            rows = pa.array(part.facts["row"], pa.int32())
            keys = prediction_keys.logged_ids(requests, rows.cast(pa.string()))
            return keys, join_keys.days_of_ids(keys), _nanoseconds(part.facts["time"])
        columns = [column_of(part, name) for name in options.joined_by]
        arrays = [None if column is None else _array(column) for column in columns]
        instants = None if arrays[-1] is None else join_keys.nanoseconds(arrays[-1])
        days = np.full(len(part.facts), join_keys.NO_DAY, np.int64)
        if instants is None or any(array is None for array in arrays):
            self.keyless += len(days)
            return pa.nulls(len(days), pa.string()), days, days
        keys = join_keys.entity_keys([array for array in arrays[:-1] if array], instants)
        is_valid = keys.is_valid()
        valid = np.asarray(is_valid.to_numpy(zero_copy_only=False), np.bool_)
        days[valid] = join_keys.days_of_instants(instants.filter(is_valid))
        moments = np.asarray(instants.fill_null(0).to_numpy(), np.int64)
        return keys, days, moments


def _is_early(bucket: LabelBucket, places: Days, moments: Days) -> Flags:
    """Which labels were known before the prediction, or before its instant."""
    known = bucket.known[places]
    is_early: Flags = (known != NEVER) & (known < moments)
    return is_early


def column_of(part: LoggedRows, name: str) -> pd.Series | None:
    """A column of the keys or else the features; None if the log has none."""
    for frame in (part.keys, part.features):
        if frame is not None and name in frame.columns:
            column = frame[name]
            return column if isinstance(column, pd.Series) else column.iloc[:, 0]
    return None


def _array(column: pd.Series) -> pa.Array:
    if isinstance(column.dtype, pd.DatetimeTZDtype):
        column = column.dt.tz_convert(None)  # pandas warns where Arrow would do it
    try:
        array: Any = pa.array(column, from_pandas=True)
    except (pa.ArrowInvalid, pa.ArrowTypeError):  # objects of several types
        array = pa.array(column.astype(str))
    return array.combine_chunks() if isinstance(array, pa.ChunkedArray) else array


def _nanoseconds(times: pd.Series) -> Days:
    return np.asarray(times.dt.tz_localize(None).to_numpy("datetime64[ns]")).astype(np.int64)


@dataclass(slots=True)
class _Tally:
    """The rows of one package in one role so far."""

    judged: Judged
    parts: list[ScoredRows] = field(default_factory=list)
    slices: DaySlices = field(default_factory=DaySlices)

    def add(self, rows: ScoredRows, part: LoggedRows, own: Flags) -> None:
        """Adds some rows of a part."""
        self.parts.append(rows.where(own))
        columns = {name: column_of(part, name) for name in self.judged.by}
        self.slices.add(columns, own)

    def day(self, package: str, role: str, day: str) -> LabelledDay:
        """The counts of all rows."""
        names = ("scores", "labels", "states")
        rows = ScoredRows(
            *(np.concatenate([getattr(part, name) for part in self.parts]) for name in names)
        )
        kind = self.judged.kind
        slices = self.slices.counts(rows, kind, self.judged.most)
        return LabelledDay(package, role, (day,), LabelledRows.of(rows, kind), slices)
