"""The labels of one day of predictions, each once."""

import hashlib
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from stagebook.monitoring.label_values import Flags, Floats

NEVER = np.iinfo(np.int64).min
"""The time of a label without one."""

Times = npt.NDArray[np.int64]


def _bytes_of(texts: pa.Array) -> tuple[bytes, ...]:
    """The lengths of texts, none of them null, and their bytes."""
    if not len(texts):
        return ()
    _, offsets, data = texts.buffers()
    ends = np.frombuffer(offsets, np.int32)[texts.offset : texts.offset + len(texts) + 1]
    return np.diff(ends).tobytes(), data[int(ends[0]) : int(ends[-1])].to_pybytes()


@dataclass(frozen=True, eq=False)
class LabelBucket:
    """The labels of the predictions of one day.

    Attributes:
        keys: What they are joined by, ascending and each once.
        values: The labels; NaN where they contradict each other.
        known: When each was known, nanoseconds since 1970; ``NEVER`` where that is not said.
    """

    keys: pa.Array
    values: Floats
    known: Times

    @classmethod
    def empty(cls) -> "LabelBucket":
        """No labels."""
        return cls(pa.array([], pa.string()), np.zeros(0), np.zeros(0, np.int64))

    @property
    def is_usable(self) -> Flags:
        """Which labels do not contradict each other."""
        return ~np.isnan(self.values)

    @cached_property
    def digest(self) -> str:
        """What changes with the labels, and not with their order in the table."""
        digest = hashlib.sha256()
        for part in _bytes_of(self.keys):
            digest.update(part)
        digest.update(self.values.tobytes())
        digest.update(self.known.tobytes())
        return digest.hexdigest()

    def places(self, keys: pa.Array) -> npt.NDArray[np.int64]:
        """The place of the label of each key; -1 if it has none."""
        if not len(self.keys):
            return np.full(len(keys), -1, np.int64)
        places = pc.index_in(keys, self.keys, skip_nulls=True)
        filled = pc.fill_null(places, -1).to_numpy(zero_copy_only=False)
        return np.asarray(filled, np.int64)
