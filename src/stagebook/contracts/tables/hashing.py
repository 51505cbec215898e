"""Hashes of values, by DuckDB, whose hash of a value is the same in every table."""

import functools
from collections.abc import Sequence
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa

SETTINGS: dict[str, str | bool | int | float | list[str]] = {
    "threads": 1,  # who wants two asks from two threads
    "autoinstall_known_extensions": False,
    "autoload_known_extensions": False,
    "allow_community_extensions": False,
}


def hasher() -> str:
    """What hashes here."""
    return f"duckdb {duckdb.__version__}"


def hashes(columns: Sequence[pa.Array]) -> np.ndarray[Any, Any]:
    """A 64-bit hash of each row, in the rows' order, which DuckDB keeps unless told otherwise.

    Equal rows have equal hashes, and nulls are equal. Of rows that differ a few may have one hash:
    of 327,346 ids such as ``20130423-1515-EWR-UA1695`` eight pairs do.

    Args:
        columns: The columns, of one length.
    """
    names = [f"c{place}" for place in range(len(columns))]
    table = pa.table(list(columns), names)
    found = _asked(table, f"select hash({', '.join(names)}) as h from given")
    return found["h"].astype(np.uint64, copy=False)  # type: ignore[no-any-return]


def as_text(array: pa.Array) -> pa.Array:
    """The values as DuckDB writes them."""
    query = "select cast(c0 as varchar) as t from given order by place"
    numbered = pa.table([array, pa.array(range(len(array)))], ["c0", "place"])
    return pa.array(_asked(numbered, query)["t"].tolist(), pa.large_string())


def _asked(table: pa.Table, query: str) -> Any:
    with _database().cursor() as cursor:
        cursor.register("given", table)
        return cursor.execute(query).fetchnumpy()


@functools.cache
def _database() -> duckdb.DuckDBPyConnection:
    """A database in memory without any table; to open one takes longer than most questions."""
    return duckdb.connect(":memory:", config=SETTINGS)
