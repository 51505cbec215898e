"""The first rows of a table, for its page, where the project allows it."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from stagebook.data.tables.table import Table
from stagebook.project.errors import StagebookError
from stagebook.project.masks import Masks
from stagebook.project.text import plain

MOST = 100
"""Rows that a page shows at most, whatever the settings say."""

_COLUMNS = 60
_LONGEST = 80


@dataclass(frozen=True, slots=True)
class TableSample:
    """Some rows as texts.

    Attributes:
        columns: Names of the columns, and whether each holds numbers.
        rows: The cells of each row; None for a missing value.
        more: Columns that there is no room for.
    """

    columns: tuple[tuple[str, bool], ...]
    rows: tuple[tuple[str | None, ...], ...]
    more: int = 0


def read(root: Path, path: str, rows: int) -> TableSample | None:
    """The first rows of a table; None if none are wanted, or if it cannot be read.

    Secrets of the environment are masked, as everywhere.

    Args:
        root: The project's root.
        path: The table, relative to the root.
        rows: How many rows.
    """
    if rows < 1:
        return None
    try:
        table = Table.open(root, path)
        names = table.columns.names[:_COLUMNS]
        records = _first(table, names, min(rows, MOST))
    except StagebookError:
        return None
    masks = Masks.of(os.environ)
    columns = tuple(
        (plain(name, _LONGEST), _is_number(table.columns.field(place).type))
        for place, name in enumerate(names)
    )
    cells = tuple(tuple(_shown(value, masks) for value in record) for record in records)
    return TableSample(columns, cells, len(table.columns.names) - len(names))


def _first(table: Table, names: list[str], rows: int) -> list[tuple[Any, ...]]:
    records: list[tuple[Any, ...]] = []
    for batch in table.batches(names):
        records += zip(
            *(column.to_pylist() for column in batch.slice(0, rows).columns), strict=True
        )
        if len(records) >= rows:
            break
    return records[:rows]


def _is_number(kind: Any) -> bool:
    import pyarrow as pa

    tests = (pa.types.is_integer, pa.types.is_floating, pa.types.is_decimal)
    return any(test(kind) for test in tests)


def _shown(value: Any, masks: Masks) -> str | None:
    """A cell as text: numbers with the digits that tell them apart to a reader."""
    if value is None:
        return None
    text = f"{value:.6g}" if isinstance(value, float) else str(value)
    return plain(masks.hide(text), _LONGEST)
