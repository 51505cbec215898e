"""Hashes of values, by DuckDB, whose hash of a value is the same in every table."""

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
    "threads": 1,  # who wants two asks from two threads
    "autoinstall_known_extensions": False,
    "autoload_known_extensions": False,
    "allow_community_extensions": False,
}

_OPENING = Lock()


class ColumnHashes:
    """Hashes of columns of rows that are held, each made once, whoever asks first."""

    def __init__(self, rows: pa.Table) -> None:
        """Makes no hash yet."""
        self._rows = rows
        self._locks = {name: Lock() for name in rows.column_names}
        self._found: dict[str, Array] = {}

    def of(self, column: str) -> Array:
        """The hashes of a column in the rows' order; who asks meanwhile waits for them."""
        with self._locks[column]:
            if column not in self._found:
                self._found[column] = hashes([self._rows[column]])
            return self._found[column]


def hasher() -> str:
    """What hashes here."""
    import duckdb

    return f"duckdb {duckdb.__version__}"


def hashes(columns: Sequence[pa.Array | pa.ChunkedArray]) -> Array:
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


def _database() -> "duckdb.DuckDBPyConnection":
    """A database in memory without any table; to open one takes longer than most questions."""
    with _OPENING:
        return _opened()


@functools.cache
def _opened() -> "duckdb.DuckDBPyConnection":
    import duckdb  # only who asks waits for it: every table has the means to hash

    return duckdb.connect(":memory:", config=SETTINGS)
