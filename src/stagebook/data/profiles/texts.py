"""Counts of texts and categories, or an estimate if there are many different values."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.types as types

from stagebook.data.profiles.column import MOST_VALUES, Texts, small
from stagebook.data.profiles.sketch import SIZE, SPACE, Sketch
from stagebook.data.tables.array import Array
from stagebook.data.tables.arrow import to_arrow, to_numpy
from stagebook.data.tables.cells import is_text
from stagebook.data.tables.hashing import as_text, hasher, hashes

FIRST_LOOK = 2 * MOST_VALUES
"""The first values of a block, which usually show whether there are too many different ones."""

BLOCK = 500_000
"""Values at a time."""

SPARE = 8
"""How many times ``SIZE`` hashes are considered first."""


@dataclass(slots=True)
class TextTally:
    """The counts of a column of texts so far.

    Once there are too many different values, all are only hashed, and the smallest hashes are
    kept.

    Attributes:
        row_hashes: Returns the hashes of all rows, if another part also computes them.
        present: How many values are not null.
    """

    row_hashes: Callable[[], Array] | None = None
    present: int = 0
    _counts: dict[str, int] | None = field(default_factory=dict)
    _smallest: Array = field(default_factory=lambda: np.array([], dtype=np.uint64))
    _lengths: list[int] = field(default_factory=list)
    _characters: int = 0

    def add(self, column: pa.ChunkedArray, start: int) -> None:
        """Counts more rows."""
        for chunk in column.chunks:
            if not (types.is_dictionary(chunk.type) and self._add_listed(chunk)):
                for first in range(0, len(chunk), BLOCK):
                    self._add(_plain(chunk.slice(first, BLOCK)), start + first)
            start += len(chunk)

    def _add_listed(self, places: pa.DictionaryArray) -> bool:
        """Counts places in a list of values; returns False if the values are too many."""
        counts = self._counts
        if counts is None or places.dictionary.null_count or len(places.dictionary) > MOST_VALUES:
            return False
        times = np.bincount(to_numpy(places.indices.drop_null()), minlength=len(places.dictionary))
        used = np.flatnonzero(times)
        values = _sound(_values(places).take(to_arrow(used)))
        if not self._count(values, times[used], counts):
            return False
        self.present += len(places) - places.null_count
        return True

    def _add(self, texts: pa.Array, start: int) -> None:
        self.present += len(texts)
        if not len(texts):
            return
        if self._counts is not None:
            some = texts.slice(0, FIRST_LOOK)
            if len(some.unique()) <= MOST_VALUES:
                values, times = texts.value_counts().flatten()
                if self._count(values, to_numpy(times), self._counts):
                    return
            self._take_over(self._counts)
        self._measure(texts)
        self._keep(
            self.row_hashes()[start : start + len(texts)] if self.row_hashes else hashes([texts])
        )

    def _count(self, values: pa.Array, times: Array, counts: dict[str, int]) -> bool:
        """Adds how often values occur; returns whether they are still few enough."""
        if len(values) > MOST_VALUES:
            return False
        union = dict(counts)
        for value, n in zip(values.to_pylist(), times.tolist(), strict=True):
            union[value] = union.get(value, 0) + n
        if small(union):
            self._counts = union
        return small(union)

    def _take_over(self, counts: dict[str, int]) -> None:
        """Measures and hashes the values that were only counted until now."""
        self._counts = None
        if counts:
            counted = Texts.counted(counts)
            self._lengths = [len(value) for value in counts]
            self._characters = counted.characters
            self._keep(_hashed(counts))

    def _measure(self, texts: pa.Array) -> None:
        # the length of ASCII in characters is its length in bytes, which Arrow knows
        lengths = pc.binary_length(texts) if _is_ascii(texts) else pc.utf8_length(texts)
        ends = pc.min_max(lengths).as_py()
        self._lengths = [min([*self._lengths, ends["min"]]), max([*self._lengths, ends["max"]])]
        self._characters += pc.sum(lengths).as_py()

    def _keep(self, hashed: Array) -> None:
        if len(self._smallest) == SIZE:
            hashed = hashed[hashed < self._smallest[-1]]
        self._smallest = _smallest(np.concatenate([self._smallest, hashed]))

    def detail(self) -> Texts:
        """The counts, or a sketch if there were too many values."""
        if self._counts is not None:
            return Texts.counted(self._counts)
        return Texts(
            counts=None,
            sketch=Sketch(tuple(self._smallest.tolist()), hasher()),
            values=self.present,
            shortest=min(self._lengths),
            longest=max(self._lengths),
            characters=self._characters,
        )


def sketch_of(counts: Mapping[str, int]) -> Sketch:
    """The sketch of counted values, for a merge with values that were not counted.

    Args:
        counts: How often each occurs.
    """
    return Sketch.of(_hashed(counts).tolist(), hasher())


def _hashed(counts: Mapping[str, int]) -> Array:
    return hashes([pa.array(list(counts), pa.large_string())])


def _smallest(hashed: Array) -> Array:
    """The smallest different hashes, ascending; if there are many, only these are sorted."""
    if len(hashed) > SPARE * SIZE:
        smallest = np.unique(hashed[hashed < SPACE // len(hashed) * SPARE * SIZE])
        if len(smallest) >= SIZE:
            return smallest[:SIZE]
    return np.unique(hashed)[:SIZE]


def _plain(array: pa.Array) -> pa.Array:
    """The values as texts, without nulls.

    Raises:
        pa.ArrowInvalid: A value is not valid UTF-8.
    """
    if types.is_dictionary(array.type):
        array = _values(array).take(array.indices)
    return _sound(array)


def _values(array: pa.DictionaryArray) -> pa.Array:
    return array.dictionary if is_text(array.dictionary.type) else as_text(array.dictionary)


def _sound(array: pa.Array) -> pa.Array:
    texts = array.cast(pa.large_string())
    if not _is_ascii(texts):
        texts.validate(full=True)
    return texts.drop_null() if texts.null_count else texts


def _is_ascii(texts: pa.LargeStringArray) -> bool:
    """Whether all are ASCII, and so valid UTF-8; much faster than a check of UTF-8."""
    _, places, stored = texts.buffers()
    if not len(texts) or stored is None:
        return False
    ends = np.frombuffer(places, np.int64)[texts.offset : texts.offset + len(texts) + 1]
    used = np.frombuffer(stored, np.uint8)[ends[0] : ends[-1]]
    return bool(np.all(ends[1:] >= ends[:-1]) and used.max(initial=0) < 128)
