"""Rows with their features, looked up and computed the same way offline and online."""

from collections.abc import Callable

import numpy as np
import pandas as pd
import pyarrow as pa

from stagebook.features import columns, spine
from stagebook.features.checks import invalid
from stagebook.features.definitions import FeatureView, OnDemandFeature
from stagebook.features.resolution import Resolution

Find = Callable[[FeatureView, pd.DataFrame, pa.ChunkedArray], pa.Table]
"""Finds the features of a view for some rows, whose instants are nanoseconds since 1970."""


def assemble(resolution: Resolution, rows: pd.DataFrame, find: Find) -> pd.DataFrame:
    """The rows, under their index, with the features that they do not have already.

    Args:
        resolution: The service.
        rows: The spine, or the rows of a request.
        find: Where the features of each view come from.

    Raises:
        StagebookError: The rows lack a column, or an on-demand feature fails.
    """
    spine.require_columns(resolution, rows)
    instants = spine.instants(resolution, rows)
    values = {name: rows[name] for name in rows.columns}
    for view in resolution.views:
        answer = columns.to_pandas(find(view, rows, instants))
        values |= {name: answer[name].set_axis(rows.index) for name in view.features}
    _compute(resolution.on_demand, values, rows.index)
    added = [name for name in resolution.features if name not in rows.columns]
    return pd.DataFrame({name: values[name] for name in (*rows.columns, *added)}, index=rows.index)


def _compute(
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
