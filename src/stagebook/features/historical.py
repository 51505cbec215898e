"""Features as they were known: a spine, joined point in time with the tables of feature views."""

from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from stagebook.data.contracts.contract import Contract
from stagebook.data.tables.as_of import NO_ROW, Positions, last_known
from stagebook.data.tables.table import Table
from stagebook.features import columns, spine
from stagebook.features.checks import invalid
from stagebook.features.definitions import FeatureView, OnDemandFeature
from stagebook.features.resolution import Resolution
from stagebook.project.errors import Where, did_you_mean


def historical(
    resolution: Resolution, rows: pd.DataFrame, tables: Mapping[str, Any]
) -> pd.DataFrame:
    """The rows of a spine with the features of a service; see ``FeatureService.historical``."""
    views = {view.name: view for view in resolution.views}
    for name in tables:
        if name not in views:
            hint = did_you_mean(name, views, f"It has: {', '.join(views) or 'none'}.")
            message = f"The feature service `{resolution.service}` has no feature view `{name}`."
            raise invalid("no-feature-view", message, hint, resolution.where)
    spine.require_columns(resolution, rows)
    instants = spine.instants(resolution, rows)
    values = {name: rows[name] for name in rows.columns}
    for view in views.values():
        table = read(view, tables.get(view.name, view.table))
        answer = look_up(view, table, spine.keys(view, rows), instants)
        values |= {name: answer[name].set_axis(rows.index) for name in view.features}
    compute(resolution.on_demand, values, rows.index)
    added = [name for name in resolution.features if name not in rows.columns]
    return pd.DataFrame({name: values[name] for name in (*rows.columns, *added)}, index=rows.index)


def read(view: FeatureView, source: Any) -> pa.Table:
    """The columns of a view in its table.

    Args:
        view: The view.
        source: The table's path, or a DataFrame in its place.

    Raises:
        StagebookError: There is no such table, or it lacks a column.
    """
    names = list(dict.fromkeys(_columns(view)))
    if isinstance(source, pd.DataFrame):
        have, where = list(source.columns), view.where
    else:
        root, path = _placed(Path(source))
        opened = Table.open(root, path, Contract(view.name, view.pandera).types(names))
        have, where = opened.columns.names, Where(path)
    for name in names:
        if name not in have:
            hint = did_you_mean(name, map(str, have), f"It has: {', '.join(map(str, have))}.")
            message = f"The table of the feature view `{view.name}` has no column `{name}`."
            raise invalid("no-column", message, hint, where)
    if isinstance(source, pd.DataFrame):
        return pa.table({name: columns.from_pandas(source[name]) for name in names})
    return pa.Table.from_batches(opened.batches(names), _selected(opened.columns, names))


def look_up(
    view: FeatureView, table: pa.Table, keys: list[pa.ChunkedArray], instants: pa.ChunkedArray
) -> pd.DataFrame:
    """The features of a view for each key and instant.

    Args:
        view: The view.
        table: Its columns.
        keys: The keys that are asked for.
        instants: The instant of each, nanoseconds since 1970 in UTC.

    Raises:
        StagebookError: A key or a time is of another type than is needed.
    """
    event, known = (
        columns.nanoseconds(table[name], name, f"the table of `{view.name}`", view.where)
        for name in (view.event_time, view.known_time)
    )
    for name, times in ((view.event_time, event), (view.known_time, known)):
        if times.null_count:
            message = f"`{name}` is missing in {times.null_count:,} rows of `{view.name}`."
            hint = "Leave these rows out: nobody can say when they were known."
            raise invalid("no-time", message, hint, view.where)
    pairs = [
        columns.alike(table[name], key, name, view)
        for name, key in zip(view.entity.keys, keys, strict=True)
    ]
    rows = last_known(
        [own for own, _ in pairs], event, known, [asked for _, asked in pairs], instants
    )
    rows = expired(view.ttl, rows, event, instants)
    return columns.to_pandas(columns.taken(table.select(list(view.features)), rows))


def expired(
    ttl: timedelta | None, rows: Positions, event: pa.ChunkedArray, instants: pa.ChunkedArray
) -> Positions:
    """The rows, without those whose event is older than the ttl at the instant."""
    if ttl is None or not len(event):
        return rows
    happened = event.to_numpy()[np.maximum(rows, 0)]
    instant = instants.fill_null(0).to_numpy()
    age = instant - happened  # of a row that is found, both are there
    return np.where((rows != NO_ROW) & (age > _nanoseconds(ttl)), NO_ROW, rows)


def compute(
    features: tuple[OnDemandFeature, ...], known: dict[str, pd.Series], index: pd.Index
) -> None:
    """Adds the on-demand features to the columns that are known already.

    Raises:
        StagebookError: A function fails, or returns something else than a value for each row.
    """
    for feature in features:
        title = f"The on-demand feature `{feature.name}`"
        try:
            values = feature.function(**{name: known[name] for name in feature.inputs})
            column = pd.Series(values, index=index if np.isscalar(values) else None)
            column = column.astype(feature.dtype)  # type: ignore[call-overload]
        except Exception as error:
            message = f"{title} fails: {type(error).__name__}: {error}"
            raise invalid("on-demand-feature-failed", message, "", feature.where) from error
        if len(column) != len(index):
            message = f"{title} returns {len(column):,} values for {len(index):,} rows."
            raise invalid("on-demand-feature-failed", message, "", feature.where)
        known[feature.name] = column.set_axis(index)


def _nanoseconds(ttl: timedelta) -> int:
    return (ttl // timedelta(microseconds=1)) * 1000


def _columns(view: FeatureView) -> tuple[str, ...]:
    return (*view.entity.keys, view.event_time, view.known_time, *view.features)


def _selected(schema: pa.Schema, names: list[str]) -> pa.Schema:
    return pa.schema([schema.field(name) for name in names], schema.metadata)


def _placed(path: Path) -> tuple[Path, str]:
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
