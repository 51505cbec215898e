"""Features as they were known: rows joined point in time with the tables of feature views."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from stagebook.data.tables.as_of import NO_ROW, Positions, last_known
from stagebook.features import assembly, columns, request_check, spine
from stagebook.features.checks import invalid
from stagebook.features.definitions import FeatureView
from stagebook.features.resolution import Resolution
from stagebook.features.view_table import ViewTable
from stagebook.project.errors import did_you_mean


def historical(
    resolution: Resolution, rows: pd.DataFrame, tables: Mapping[str, Any]
) -> pd.DataFrame:
    """The rows of a spine with the features of a service; see ``FeatureService.historical``."""
    require_views(resolution, tables)
    request_check.require(resolution, rows)

    def find(view: FeatureView, rows: pd.DataFrame, instants: pa.ChunkedArray) -> pa.Table:
        table = ViewTable.read(view, tables.get(view.name, view.table))
        pa.default_memory_pool().release_unused()  # what reading took
        return _look_up(table, spine.keys(view, rows), instants)

    return assembly.assemble(resolution, rows, find)


def require_views(resolution: Resolution, tables: Any) -> None:
    """Raises a StagebookError unless each table is given for a view that the service has."""
    views = [view.name for view in resolution.views]
    if not isinstance(tables, Mapping):
        message = (
            f"The tables of `{resolution.service}` must be a dict, not a {type(tables).__name__}."
        )
        hint = f'Use the names of the feature views as keys: {{"{(views or ["view"])[0]}": ...}}'
        raise invalid("no-feature-view", message, hint, resolution.where)
    for name in tables:
        if name not in views:
            known = f"The feature views are: {', '.join(views) or 'none'}."
            hint = did_you_mean(name, views, known)
            message = f"The feature service `{resolution.service}` has no feature view `{name}`."
            raise invalid("no-feature-view", message, hint, resolution.where)


def _look_up(table: ViewTable, keys: list[pa.ChunkedArray], instants: pa.ChunkedArray) -> pa.Table:
    """The features of a view for each key and instant; null where none was known, or expired."""
    view = table.view
    rows, _ = rows_known(table, keys, instants)
    if view.ttl is not None and len(table.event):
        happened = table.event.to_numpy()[np.maximum(rows, 0)]
        now = instants.fill_null(0).to_numpy()  # of rows with an answer, both exist
        age = (now - happened).view(np.uint64)  # up to 584 years: too many for a signed number
        is_old = (now > happened) & (age > columns.nanoseconds_of(view.ttl))
        rows = np.where(is_old, NO_ROW, rows)
    return columns.taken(table.features, rows)


def rows_known(
    table: ViewTable, keys: list[pa.ChunkedArray], instants: pa.ChunkedArray
) -> tuple[Positions, list[pa.ChunkedArray]]:
    """For each key and instant, the row of a view that counts then, whether or not it expired.

    Args:
        table: The view's rows.
        keys: The key columns of the spine.
        instants: The instants of the spine, nanoseconds since 1970.

    Returns:
        A position in the table for each instant, ``NO_ROW`` if nothing was known; and the keys of
        the spine in the types of the table's.
    """
    view = table.view
    pairs = [
        columns.alike(own, requested, name, view)
        for name, own, requested in zip(view.entity.keys, table.keys, keys, strict=True)
    ]
    own_keys, requested_keys = [own for own, _ in pairs], [requested for _, requested in pairs]
    return last_known(own_keys, table.event, table.known, requested_keys, instants), requested_keys
