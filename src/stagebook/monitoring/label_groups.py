"""Labels of one prediction become one label, or a contradiction."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from stagebook.monitoring.join_keys import Days
from stagebook.monitoring.label_bucket import NEVER, Times
from stagebook.monitoring.label_values import Flags, Floats

_LATEST = np.iinfo(np.int64).max


@dataclass(frozen=True, slots=True, eq=False)
class LabelGroups:
    """The labels of a table, each prediction's once, by day and key.

    Attributes:
        days: The day of each prediction, ascending.
        keys: What it is joined by, ascending on each day.
        values: Its label; NaN where labels contradict each other.
        known: When that was known first; ``NEVER`` where it is not said.
        rows: How many rows of the table have a label for it.
        equal: How many of these have the label that counts; 0 for a contradiction.
    """

    days: Days
    keys: pa.Array
    values: Floats
    known: Times
    rows: npt.NDArray[np.int64]
    equal: npt.NDArray[np.int64]

    @classmethod
    def of(cls, days: Days, keys: pa.Array, values: Floats, known: Times) -> "LabelGroups":
        """The groups of rows with a label.

        If a prediction has several labels, those with the latest time count; if these differ, they
        contradict each other. Without times, all have the same.

        Args:
            days: The day of each row's prediction.
            keys: What the prediction is joined by.
            values: The labels.
            known: When each was known; ``NEVER`` where that is not said.
        """
        table = pa.table({"day": days, "key": keys})
        order = pc.sort_indices(table, [("day", "ascending"), ("key", "ascending")])
        places = order.to_numpy()
        return cls._of_sorted(days[places], keys.take(order), values[places], known[places])

    @classmethod
    def _of_sorted(cls, days: Days, keys: pa.Array, values: Floats, known: Times) -> "LabelGroups":
        starts = np.flatnonzero(_begins(keys))
        if not len(starts):
            return cls(days, keys, values, known, known, known)
        sizes = np.diff(np.append(starts, len(days)))
        value = _chosen(starts, sizes, values, known)
        agrees = values == np.repeat(value, sizes)  # never, where the value is NaN
        said = np.where(agrees & (known != NEVER), known, _LATEST)
        first = np.minimum.reduceat(said, starts)
        return cls(
            days[starts],
            keys.take(pa.array(starts)),
            value,
            np.where(first == _LATEST, NEVER, first),
            sizes,
            np.add.reduceat(agrees.astype(np.int64), starts),
        )


def _begins(keys: pa.Array) -> Flags:
    """Which keys differ from the one before."""
    differs = pc.not_equal(keys.slice(1), keys.slice(0, max(len(keys) - 1, 0)))
    first = [True] if len(keys) else []
    return np.concatenate((first, differs.to_numpy(zero_copy_only=False))).astype(np.bool_)


def _chosen(starts: Days, sizes: Days, values: Floats, known: Times) -> Floats:
    """The latest label of each group; NaN where several latest ones differ."""
    latest = np.maximum.reduceat(known, starts)
    counts = known == np.repeat(latest, sizes)
    lowest = np.minimum.reduceat(np.where(counts, values, np.inf), starts)
    highest = np.maximum.reduceat(np.where(counts, values, -np.inf), starts)
    return np.where(lowest == highest, lowest, np.nan)
