"""Repeated keys of a table that is too large for memory, counted by DuckDB."""

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import duckdb
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from stagebook.data.contracts.verdict import SAMPLE
from stagebook.data.tables.pieces import Pieces, to_frame

_MEMORY = "400MB"
_SHARE = 1_000_000  # keys that are grouped at a time; DuckDB cannot spill all of a grouping

_BY_KEEP: dict[str | bool, tuple[str, str]] = {
    False: ("min(row)", "true"),
    "first": ("min(row, 2)[2]", "k.row <> r.first_row"),
    "last": ("min(row)", "k.row <> r.last_row"),
}
"""By the value of ``keep``: the first row of a key that counts, and the condition for counting."""


@dataclass(frozen=True, slots=True)
class Repeats:
    """Rows whose key occurs in another row.

    Attributes:
        failed: Number of such rows.
        first: The keys of the first such rows; the index is their numbers, counted from 0.
    """

    failed: int
    first: pd.DataFrame

    @classmethod
    def count(cls, pieces: Pieces, names: list[str], keep: str | bool) -> "Repeats":
        """The repeated keys of these columns; missing values count as equal, as in pandas.

        Args:
            pieces: The table.
            names: The columns of the key.
            keep: ``"first"`` or ``"last"`` to leave out that row of each key, or False.
        """
        keys = [f"k{position}" for position in range(len(names))]
        source = pa.RecordBatchReader.from_batches(
            _schema(pieces, names, keys), _numbered(pieces, names, keys)
        )
        with tempfile.TemporaryDirectory() as spill, duckdb.connect() as base:
            base.execute(f"set memory_limit='{_MEMORY}'; set temp_directory='{spill}'")
            base.execute("set preserve_insertion_order=false; set threads=2")
            base.register("source", source)
            try:
                base.execute("create temp table keyed as select * from source")
            except duckdb.Error:
                for _ in pieces.batches(names):  # raises the table's own error
                    pass
                raise
            failed, repeated_rows = _repeated(base, keys, keep)
        repeated_rows = repeated_rows.cast(_schema(pieces, names, keys)).rename_columns(
            ["row", *names]
        )
        rows = repeated_rows.column("row").to_pylist()
        first = pieces.typed(to_frame(repeated_rows.drop_columns(["row"])))
        return cls(failed, first.set_axis(rows))


def _repeated(base: Any, keys: list[str], keep: str | bool) -> tuple[int, pa.Table]:
    """How many rows of the table `keyed` repeat, and the first of them."""
    first, condition = _BY_KEEP[keep]
    _group(base, ", ".join(keys), first)
    left_out = 0 if keep is False else 1
    failed = base.execute(f"select coalesce(sum(n - {left_out}), 0) from repeated").fetchall()
    same = " and ".join(f"k.{key} is not distinct from r.{key}" for key in keys)
    repeated_rows = base.sql(
        f"select k.row, {', '.join(f'k.{key}' for key in keys)} from keyed k join"
        f" (select * from repeated order by wanted limit {SAMPLE}) r on {same}"
        f" where {condition} order by k.row limit {SAMPLE}"
    )
    return int(failed[0][0]), repeated_rows.to_arrow_table()


def _group(base: Any, keys: str, first: str) -> None:
    """Creates the table `repeated`: each key that occurs more than once, and how often."""
    columns = (
        f"{keys}, count(*) as n, min(row) as first_row, max(row) as last_row, {first} as wanted"
    )
    base.execute(
        f"create temp table repeated as select {columns} from keyed group by {keys} limit 0"
    )
    ((rows,),) = base.execute("select count(*) from keyed").fetchall()
    shares = rows // _SHARE + 1
    for share in range(shares):
        base.execute(
            f"insert into repeated select {columns} from keyed"
            f" where hash({keys}) % {shares} = {share} group by {keys} having count(*) > 1"
        )


def _schema(pieces: Pieces, names: list[str], keys: list[str]) -> pa.Schema:
    types = [comparable(field.type) for field in pieces.schema(names)]
    return pa.schema([("row", pa.int64()), *zip(keys, types, strict=True)])


def _numbered(pieces: Pieces, names: list[str], keys: list[str]) -> Iterator[pa.RecordBatch]:
    start = 0
    for batch, refused in pieces.batches(names):
        rows = pa.array(range(start, start + batch.num_rows), pa.int64())
        arrays = [rows, *(plain(batch.column(name)) for name in names)]
        numbered = pa.RecordBatch.from_arrays(arrays, names=["row", *keys])
        if refused:
            wrong = {int(row) for values in refused.values() for row in values.index}
            sound = [row not in wrong for row in range(batch.num_rows)]
            numbered = numbered.filter(pa.array(sound))
        yield numbered
        start += batch.num_rows


def comparable(type_: pa.DataType) -> pa.DataType:
    """The type of values that DuckDB compares as pandas does: categories are their values."""
    return type_.value_type if pa.types.is_dictionary(type_) else type_


def plain(array: pa.Array) -> pa.Array:
    """Values that are equal exactly if pandas' values are: NaN is missing, categories are text."""
    if pa.types.is_dictionary(array.type):
        return array.dictionary_decode()
    if pa.types.is_floating(array.type):
        return pc.if_else(pc.is_nan(array), pa.scalar(None, array.type), array)
    return array
