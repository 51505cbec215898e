"""Texts and categories, counted; of many different values an estimate."""

import duckdb

from stagebook.contracts.profiles.column import MOST_CHARACTERS, MOST_VALUES, Texts
from stagebook.contracts.profiles.parquet_rows import Rows, Source
from stagebook.contracts.profiles.sketch import SIZE, SPACE, Sketch

GROUPED = 4 * MOST_VALUES
"""Up to so many different values, as DuckDB estimates, they are grouped."""


def texts(rows: Rows, source: Source) -> tuple[int, Texts]:
    """What there is to say of a column of texts, and how many of them are not null."""
    column = f"cast({source.column} as varchar)"
    ((about,),) = rows.ask(f"select approx_count_distinct({column}) from {rows.scan}")
    if about <= GROUPED:
        return _grouped(rows, column) or _sketched(rows, column, about)
    present, found = _sketched(rows, column, about)
    if (found.distinct or 0) <= 2 * MOST_VALUES:
        return _grouped(rows, column) or (present, found)
    return present, found


def hasher() -> str:
    """What hashes texts here."""
    return f"duckdb {duckdb.__version__}"


def _grouped(rows: Rows, column: str) -> tuple[int, Texts] | None:
    rows.ask(
        f"create or replace temp table grouped as select {column} as value, count(*) as n "
        f"from {rows.scan} where value is not null group by value"
    )
    ((distinct, characters),) = rows.ask("select count(*), sum(length(value)) from grouped")
    if distinct > MOST_VALUES or (characters or 0) > MOST_CHARACTERS:
        return None
    found = rows.ask("select value, n, hash(value) from grouped")
    counts = {value: n for value, n, _ in sorted(found)}
    values = sum(counts.values())
    return values, Texts(
        counts=counts,
        sketch=Sketch.of((hashed for *_, hashed in found), hasher()),
        values=values,
        shortest=min(map(len, counts), default=None),
        longest=max(map(len, counts), default=None),
        characters=sum(len(value) * n for value, n in counts.items()),
    )


def _sketched(rows: Rows, column: str, about: int) -> tuple[int, Texts]:
    ((values, shortest, longest, characters),) = rows.ask(
        f"select count(value), min(length(value)), max(length(value)), sum(length(value)) "
        f"from (select {column} as value from {rows.scan})"
    )
    sketch = Sketch.of(_smallest_hashes(rows, column, about), hasher())
    return values, Texts(None, sketch, values, shortest, longest, characters or 0)


def _smallest_hashes(rows: Rows, column: str, about: int) -> list[int]:
    """At least the ``SIZE`` smallest hashes, if there are so many, and few more."""
    share = min(1.0, 4 * SIZE / max(1, about))
    while True:
        threshold = min(SPACE - 1, int(share * SPACE))
        found = rows.ask(
            f"select distinct hash(value) as h from (select {column} as value from {rows.scan}) "
            f"where value is not null and h <= {threshold}::ubigint"
        )
        if len(found) >= SIZE or threshold == SPACE - 1:
            return [one for (one,) in found]
        share *= 8
