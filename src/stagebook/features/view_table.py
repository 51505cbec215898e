"""The table of a feature view: its keys, times and features, checked."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import pandas as pd
import pyarrow as pa

from stagebook.data.contracts.contract import Contract
from stagebook.data.tables.table import Table
from stagebook.features import checks, columns, schema_types
from stagebook.features.checks import invalid
from stagebook.features.definitions import FeatureView
from stagebook.project.errors import Where


@dataclass(frozen=True, slots=True)
class ViewTable:
    """The rows of a feature view.

    Attributes:
        view: The view.
        keys: Its key columns.
        event: When each row's event happened, nanoseconds since 1970 in UTC.
        known: When it became known, nanoseconds since 1970 in UTC.
        features: Its features.
    """

    view: FeatureView
    keys: list[pa.ChunkedArray]
    event: pa.ChunkedArray
    known: pa.ChunkedArray
    features: pa.Table

    @classmethod
    def read(cls, view: FeatureView, source: Any) -> Self:
        """The rows of a view in a table.

        Args:
            view: The view.
            source: The table's path, or a DataFrame in its place.

        Raises:
            StagebookError: The table does not exist, lacks a column, has one of another type than
                the schema, or has a row without a time.
        """
        table = _columns(view, source)
        owner = f"the table of `{view.name}`"
        times = {
            name: columns.nanoseconds(table[name], name, owner, view.where)
            for name in (view.event_time, view.known_time)
        }
        for name, column in times.items():
            if column.null_count:
                message = f"`{name}` is missing in {column.null_count:,} rows of `{view.name}`."
                hint = "Remove these rows, or fill in the missing times."
                raise invalid("no-time", message, hint, view.where)
        return cls(
            view,
            [schema_types.as_in_schema(table[name], name, view) for name in view.entity.keys],
            times[view.event_time],
            times[view.known_time],
            pa.table({name: _feature(table[name], name, view) for name in view.features}),
        )


def _feature(column: pa.ChunkedArray, name: str, view: FeatureView) -> pa.ChunkedArray:
    return columns.typed(schema_types.as_in_schema(column, name, view), name, view)


def _columns(view: FeatureView, source: Any) -> pa.Table:
    times = (view.event_time, view.known_time)
    names = list(dict.fromkeys((*view.entity.keys, *times, *view.features)))
    title = f"The table of the feature view `{view.name}`"
    if isinstance(source, pd.DataFrame):
        own = [name for name in source.columns if isinstance(name, str)]
        checks.require_columns(title, names, own, view.where)
        checks.require_single(title, names, own, view.where)
        owner = f"the table of `{view.name}`"
        return pa.table(
            {name: columns.from_pandas(source[name], name, owner, view.where) for name in names}
        )
    if not isinstance(source, str | os.PathLike):
        kind = type(source).__name__
        raise invalid(
            "no-table",
            f"{title} must be a path or a DataFrame, not a {kind}.",
            "Use the path of the table, or a pandas DataFrame.",
            view.where,
        )
    root, path = _located(Path(source))
    table = Table.open(root, path, Contract(view.name, view.pandera).types(names))
    checks.require_columns(title, names, table.columns.names, Where(path))
    schema = pa.schema([table.columns.field(name) for name in names], table.columns.metadata)
    return pa.Table.from_batches(table.batches(names), schema)


def _located(path: Path) -> tuple[Path, str]:
    """The folder that a table's path is relative to, and the path in it."""
    if path.is_absolute():
        return path.parent, path.name
    here = Path.cwd()
    for folder in (here, *here.parents):
        if (folder / path).exists():
            return folder, path.as_posix()
        if (folder / "pyproject.toml").exists():
            break
    return here, path.as_posix()
