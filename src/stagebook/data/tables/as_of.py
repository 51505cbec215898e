"""The point-in-time join: which row of a history was the last one known at an instant.

The rule: an event counts from its known time on. Of all events of a key that are known at an
instant, the one that happened last is the answer; of several that happened at the same time, the
one that became known last, and then the one in the later row.

Sorted by known time, only rows whose event time is not below that of any row before them can be
an answer. So these rows are picked first, and one binary search by key and known time finds the
answer. Key and time are one number there: the key's code, then the time's rank.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

Positions = npt.NDArray[np.int64]

NO_ROW = -1
"""The position for a missing row."""

_NO_KEY = -1
"""The code of a key that is null, or that the history lacks."""

_LARGEST = 2**62
"""Codes and ranks together stay below this."""


def last_known(
    keys: Sequence[pa.ChunkedArray],
    event: pa.ChunkedArray,
    known: pa.ChunkedArray,
    requested_keys: Sequence[pa.ChunkedArray],
    instants: pa.ChunkedArray,
) -> Positions:
    """For each instant, the row of the last event that was known then.

    Args:
        keys: The key columns of the history. A row with a null in one is nobody's.
        event: When each row's event happened, int64 in any unit.
        known: When it became known, int64 in the same unit.
        requested_keys: The keys that are requested, in the order of ``keys`` and of the same types.
        instants: The instant of each, int64 in the same unit. Null has no answer.

    Returns:
        A position in the history for each instant, ``NO_ROW`` if nothing was known.
    """
    codes, requested_codes = _as_codes(keys, requested_keys)
    rows = _candidates(codes, event, known)
    own_codes, own_times = codes[rows], _numbers(known)[rows]
    if not len(rows):
        return np.full(len(instants), NO_ROW, np.int64)
    times = np.unique(own_times)
    own = _ordered(own_codes, np.searchsorted(times, own_times), len(times))
    requested = _ordered(
        requested_codes, np.searchsorted(times, _numbers(instants), "right") - 1, len(times)
    )
    places = np.searchsorted(own, requested, "right") - 1
    has_answer = (places >= 0) & (own_codes[places] == requested_codes)
    if instants.null_count:
        has_answer &= instants.is_valid().to_numpy()
    return np.where(has_answer, rows[places], NO_ROW)


def last_of_all(
    keys: Sequence[pa.ChunkedArray], event: pa.ChunkedArray, known: pa.ChunkedArray
) -> Positions:
    """The row of each key's last event, when all is known; in the order of the rows."""
    codes, _ = _as_codes(keys, ())
    rows = _candidates(codes, event, known)
    own_codes = codes[rows]
    is_last = np.append(own_codes[1:] != own_codes[:-1], True)[: len(rows)]
    return np.sort(rows[is_last])


def _candidates(codes: Positions, event: pa.ChunkedArray, known: pa.ChunkedArray) -> Positions:
    """The rows that can be an answer, sorted by the code of their key and by known time."""
    happened = _numbers(event)
    rows = np.lexsort((happened, _numbers(known), codes))
    rows = rows[np.searchsorted(codes[rows], 0) :]  # _NO_KEY is sorted first
    happened = happened[rows]
    times = np.unique(happened)
    order = _ordered(codes[rows], np.searchsorted(times, happened), len(times))
    candidates: Positions = rows[order == np.maximum.accumulate(order)]
    return candidates


def _ordered(codes: Positions, ranks: Positions, count: int) -> Positions:
    """One number for a code and a rank, in the order of both; a rank is -1 to ``count`` - 1."""
    return codes * (count + 1) + ranks


def _numbers(column: pa.ChunkedArray) -> Positions:
    """A column of int64 in NumPy; null is 0."""
    numbers: Positions = (column.fill_null(0) if column.null_count else column).to_numpy()
    return numbers


def _as_codes(
    keys: Sequence[pa.ChunkedArray], requested: Sequence[pa.ChunkedArray]
) -> tuple[Positions, Positions]:
    """The keys of each row as one number, and those that are requested."""
    codes, requested_codes = _column_codes(keys[0], requested[:1])
    count = int(codes.max(initial=0)) + 1
    for place, key in enumerate(keys[1:], 1):
        further, requested_further = _column_codes(key, requested[place : place + 1])
        further_count = int(further.max(initial=0)) + 1
        codes = _both(codes, further, further_count)
        requested_codes = _both(requested_codes, requested_further, further_count)
        count *= further_count
        if count * (len(codes) + 1) > _LARGEST:
            codes, requested_codes, count = _renumbered(codes, requested_codes)
    return codes, requested_codes


def _column_codes(
    key: pa.ChunkedArray, requested: Sequence[pa.ChunkedArray]
) -> tuple[Positions, Positions]:
    values = pc.unique(key).drop_null()
    codes, *further = (
        pc.index_in(column, value_set=values).fill_null(_NO_KEY).to_numpy().astype(np.int64)
        for column in (key, *requested)
    )
    return codes, further[0] if further else np.empty(0, np.int64)


def _both(codes: Positions, further: Positions, count: int) -> Positions:
    has_both = (codes != _NO_KEY) & (further != _NO_KEY)
    return np.where(has_both, codes * count + further, _NO_KEY)


def _renumbered(codes: Positions, requested: Positions) -> tuple[Positions, Positions, int]:
    """The codes as small numbers again."""
    values = np.unique(codes[codes != _NO_KEY])
    if not len(values):
        return codes, np.full_like(requested, _NO_KEY), 1
    places = np.minimum(np.searchsorted(values, requested), len(values) - 1)
    requested = np.where(values[places] == requested, places, _NO_KEY)
    own = np.where(codes == _NO_KEY, _NO_KEY, np.searchsorted(values, codes))
    return own, requested, len(values)
