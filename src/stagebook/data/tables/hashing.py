"""Hashes of values by DuckDB, which are the same for a value in every table."""

import functools
from collections.abc import Sequence
from threading import Lock
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from stagebook.data.tables.array import Array

if TYPE_CHECKING:
    import duckdb

SETTINGS: dict[str, str | bool | int | float | list[str]] = {
    "threads": 1,  # callers use several threads instead
    "autoinstall_known_extensions": False,
    "autoload_known_extensions": False,
    "allow_community_extensions": False,
}

_OPENING = Lock()


class ColumnHashes:
    """The hashes of columns of rows in memory; each column is hashed once."""

    def __init__(self, rows: pa.Table) -> None:
        """Computes no hash yet."""
        self._rows = rows
        self._locks = {name: Lock() for name in rows.column_names}
        self._found: dict[str, Array] = {}

    def of(self, column: str) -> Array:
        """The hashes of a column in the rows' order; other threads wait for them."""
        with self._locks[column]:
            if column not in self._found:
                self._found[column] = hashes([self._rows[column]])
            return self._found[column]


def hasher() -> str:
    """The name and version of the hash function."""
    import duckdb

    return f"duckdb {duckdb.__version__}"


def hashes(columns: Sequence[pa.Array | pa.ChunkedArray]) -> Array:
    """A 64-bit hash of each row, in the rows' order, which DuckDB preserves by default.

    Equal rows have equal hashes, and nulls are equal. A few different rows may share a hash: of
    327,346 ids such as ``20130423-1515-EWR-UA1695`` eight pairs do.

    Args:
        columns: The columns, all of the same length.
    """
    names = [f"c{place}" for place in range(len(columns))]
    table = pa.table(list(columns), names)
    result = _run_query(table, f"select hash({', '.join(names)}) as h from source")
    return result["h"].astype(np.uint64, copy=False)  # type: ignore[no-any-return]


def as_text(array: pa.Array) -> pa.Array:
    """The values as DuckDB writes them."""
    query = "select cast(c0 as varchar) as t from source order by place"
    numbered = pa.table([array, pa.array(range(len(array)))], ["c0", "place"])
    return pa.array(_run_query(numbered, query)["t"].tolist(), pa.large_string())


def _run_query(table: pa.Table, query: str) -> Any:
    with _database().cursor() as cursor:
        cursor.register("source", table)
        return cursor.execute(query).fetchnumpy()


def _database() -> "duckdb.DuckDBPyConnection":
    """An empty database in memory; opening it takes longer than most queries."""
    with _OPENING:
        return _opened()


@functools.cache
def _opened() -> "duckdb.DuckDBPyConnection":
    import duckdb  # slow, so it is imported only for the first hash

    return duckdb.connect(":memory:", config=SETTINGS)
