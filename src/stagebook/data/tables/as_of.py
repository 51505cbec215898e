"""The point-in-time join: which row of a history was the last one known at an instant.

The rule: an event counts from its known time on. Of all events of a key that are known at an
instant, the one that happened last is the answer; of several that happened at the same time, the
one that became known last, and then the one in the later row.

Sorted by known time, only rows whose event time is not below that of any row before them can be
an answer. So these rows are picked first, and one ASOF join on known time finds the answer.
"""

import os
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from stagebook.data.tables.hashing import SETTINGS

if TYPE_CHECKING:
    import duckdb

Positions = npt.NDArray[np.int64]

NO_ROW = -1
"""The position for a missing row."""


def last_known(
    keys: Sequence[pa.ChunkedArray],
    event: pa.ChunkedArray,
    known: pa.ChunkedArray,
    asked_keys: Sequence[pa.ChunkedArray],
    instants: pa.ChunkedArray,
) -> Positions:
    """For each instant, the row of the last event that was known then.

    Args:
        keys: The key columns of the history. A row with a null in one is nobody's.
        event: When each row's event happened, int64 in any unit.
        known: When it became known, int64 in the same unit.
        asked_keys: The keys that are asked for, in the order of ``keys`` and of the same types.
        instants: The instant of each, int64 in the same unit. Null has no answer.

    Returns:
        A position in the history for each instant, ``NO_ROW`` if nothing was known.
    """
    codes, asked_codes = _as_codes(keys, asked_keys)
    with _database() as base:
        names = _pick(base, codes, event, known)
        asked = dict(zip(names, asked_codes, strict=True))
        numbers = pa.chunked_array([np.arange(len(instants))])
        base.register("asked", pa.table({**asked, "instant": instants, "place": numbers}))
        equal = " and ".join(f"a.{name} = k.{name}" for name in names)
        answer = base.execute(
            "select a.place, k.row from (select * from asked where instant is not null) a"
            f" asof join known k on {equal} and a.instant >= k.known"
        ).fetchnumpy()
    rows = np.full(len(instants), NO_ROW, np.int64)
    rows[answer["place"]] = answer["row"]
    return rows


def last_of_all(
    keys: Sequence[pa.ChunkedArray], event: pa.ChunkedArray, known: pa.ChunkedArray
) -> Positions:
    """The row of each key's last event, when all is known; in the order of the rows."""
    codes, _ = _as_codes(keys, ())
    with _database() as base:
        names = _pick(base, codes, event, known)
        query = f"select arg_max(row, known) as row from known group by {', '.join(names)}"
        answer = base.execute(query).fetchnumpy()
    return np.sort(np.asarray(answer["row"], np.int64))


def _as_codes(
    keys: Sequence[pa.ChunkedArray], asked: Sequence[pa.ChunkedArray]
) -> tuple[list[pa.ChunkedArray], list[pa.ChunkedArray]]:
    """The keys as small numbers, which DuckDB joins several times faster than texts.

    A key that is asked for and that the history lacks becomes null.
    """
    lists = [pc.unique(key).drop_null() for key in keys]
    codes = [pc.index_in(key, value_set=values) for key, values in zip(keys, lists, strict=True)]
    pairs = zip(asked, lists, strict=bool(asked))
    return codes, [pc.index_in(column, value_set=values) for column, values in pairs]


def _pick(
    base: "duckdb.DuckDBPyConnection",
    codes: Sequence[pa.ChunkedArray],
    event: pa.ChunkedArray,
    known: pa.ChunkedArray,
) -> list[str]:
    """Makes the table ``known`` of the rows that can be an answer; returns its key columns."""
    names = [f"k{place}" for place in range(len(codes))]
    numbers = pa.chunked_array([np.arange(len(event))])
    columns = dict(zip(names, codes, strict=True))
    base.register("history", pa.table({**columns, "event": event, "known": known, "row": numbers}))
    order = f"partition by {', '.join(names)} order by known, event, row"
    base.execute(
        f"create temp table known as select {', '.join(names)}, known, row from history"
        f" where {' and '.join(f'{name} is not null' for name in names)}"
        f" qualify event >= max(event) over ({order} rows unbounded preceding)"
        f" and known is distinct from lead(known) over ({order})"
    )
    base.unregister("history")
    return names


@contextmanager
def _database() -> Iterator["duckdb.DuckDBPyConnection"]:
    """An empty database in memory, which moves to a temporary folder what memory does not hold."""
    import duckdb

    threads = {"threads": os.cpu_count() or 1, "preserve_insertion_order": False}
    with (
        tempfile.TemporaryDirectory() as spill,
        duckdb.connect(config=SETTINGS | threads | {"temp_directory": spill}) as base,
    ):
        yield base
