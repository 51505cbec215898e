"""Rows with their features, looked up and computed the same way offline and online."""

from collections.abc import Callable
from typing import Any

import pandas as pd
import pyarrow as pa

from stagebook.features import columns, spine
from stagebook.features.checks import invalid
from stagebook.features.definitions import FeatureView, OnDemandFeature
from stagebook.features.resolution import Resolution
from stagebook.project.errors import StagebookError

Find = Callable[[FeatureView, pd.DataFrame, pa.ChunkedArray], pa.Table]
"""Finds the features of a view for some rows, whose instants are nanoseconds since 1970."""

_FEW = 1_000
"""Rows for which all views become one frame, which is quicker; for many, one view at a time takes
less memory."""

_RETURN = "Return a Series with one value for each row and with the index of the inputs."


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
    for views in (
        [resolution.views] if len(rows) <= _FEW else [(view,) for view in resolution.views]
    ):
        tables = [find(view, rows, instants) for view in views]
        names = [name for table in tables for name in table.column_names]
        merged = pa.table([column for table in tables for column in table.columns], names)
        answer = columns.to_pandas(merged).set_axis(rows.index)
        values |= {name: answer[name] for name in names}
    compute(resolution.on_demand, values, rows.index)
    added = [name for name in resolution.features if name not in rows.columns]
    whole = {name: values[name] for name in (*rows.columns, *added)}
    return pd.DataFrame(whole, index=rows.index, copy=False)  # pandas copies what is changed later


def compute(
    features: tuple[OnDemandFeature, ...], known: dict[str, pd.Series], index: pd.Index
) -> None:
    """Adds the on-demand features to the columns that are known already.

    Args:
        features: The features, each after those that it needs.
        known: The columns by name; the features are added to them.
        index: The index of the columns.

    Each function gets copies, numbered from 0: it can change no column, and does not see by
    which index the rows are called.

    Raises:
        StagebookError: A function fails, or returns something else than a value for each row.
    """
    numbered = pd.RangeIndex(len(index))
    for feature in features:
        inputs = {name: known[name].set_axis(numbered).copy() for name in feature.inputs}
        try:
            values = feature.function(**inputs)
        except Exception as error:
            raise _failed(feature, f"fails: {type(error).__name__}: {error}") from error
        known[feature.name] = _column(feature, values, numbered).set_axis(index)


def _column(feature: OnDemandFeature, values: Any, numbered: pd.RangeIndex) -> pd.Series:
    """The values of an on-demand feature as a column of its dtype."""
    if pd.api.types.is_scalar(values) and feature.inputs:
        raise _failed(feature, "returns one value for all rows.", _RETURN)
    try:
        is_single = pd.api.types.is_scalar(values)
        column = pd.Series(values, index=numbered if is_single else None)
    except Exception as error:
        raise _failed(feature, f"does not return a column: {error}", _RETURN) from error
    if len(column) != len(numbered):
        counts = f"{len(column):,} values for {len(numbered):,} rows"
        raise _failed(feature, f"returns {counts}.", _RETURN)
    if not column.index.equals(numbered):
        what = "returns the rows in another order, or with another index."
        raise _failed(feature, what, _RETURN)
    if feature.dtype == "bool" and column.hasnans:
        hint = 'Use the dtype "boolean", which allows missing values.'
        raise _failed(feature, "has a missing value, which would become True.", hint)
    try:
        return column.astype(feature.dtype)  # type: ignore[call-overload,no-any-return]
    except Exception as error:
        raise _failed(feature, f"fails: {type(error).__name__}: {error}") from error


def _failed(feature: OnDemandFeature, what: str, hint: str = "") -> StagebookError:
    message = f"The on-demand feature `{feature.name}` {what}"
    return invalid("on-demand-feature-failed", message, hint, feature.where)
