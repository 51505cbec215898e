"""The spine: the rows that features are looked up for, with their keys and instants."""

from typing import Any

import pandas as pd
import pyarrow as pa

from stagebook.features import checks, columns
from stagebook.features.checks import invalid
from stagebook.features.definitions import FeatureView
from stagebook.features.resolution import Resolution

_OWNER = "the rows to join"


def require_columns(resolution: Resolution, rows: Any) -> None:
    """Raises a StagebookError if a spine lacks a column, or has one that a feature would take."""
    if not isinstance(rows, pd.DataFrame):
        message = (
            f"The spine of `{resolution.service}` is a {type(rows).__name__}, not a DataFrame."
        )
        raise invalid("no-spine", message, "", resolution.where)
    names = [name for name in rows.columns if isinstance(name, str)]
    owner = f"The spine of `{resolution.service}`"
    checks.require_columns(owner, resolution.request, names, resolution.where)
    checks.require_single(owner, names, names, resolution.where)
    looked_up = {name for view in resolution.views for name in view.features}
    computed = {feature.name for feature in resolution.on_demand}
    if taken := [
        name for name in names if name in (looked_up | computed) - set(resolution.request)
    ]:
        message = f"{owner} has a column with the name of the feature `{taken[0]}`."
        hint = "Remove the column: the feature service adds it."
        raise invalid("feature-in-spine", message, hint, resolution.where)


def instants(resolution: Resolution, rows: pd.DataFrame) -> pa.ChunkedArray:
    """The instants of a spine, nanoseconds since 1970 in UTC; null where one is missing."""
    name, where = resolution.instant, resolution.where
    column = columns.from_pandas(rows[name], name, _OWNER, where)
    return columns.nanoseconds(column, name, _OWNER, where)


def keys(view: FeatureView, rows: pd.DataFrame) -> list[pa.ChunkedArray]:
    """The key columns of a view in a spine."""
    return [columns.from_pandas(rows[name], name, _OWNER, view.where) for name in view.entity.keys]
