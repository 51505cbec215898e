"""Checks of a few values that decide for all, since most tables satisfy most rules."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from stagebook.data.contracts.rules import built_in_name
from stagebook.data.tables.array import Array
from stagebook.data.tables.hashing import hashes

_INTERVALS = frozenset(
    {"greater_than", "greater_than_or_equal_to", "less_than", "less_than_or_equal_to", "in_range"}
)
_TEXTS = frozenset(
    {"isin", "notin", "str_matches", "str_contains", "str_startswith", "str_endswith", "str_length"}
)
FEW = 1000


def surely_holds(
    check: Any, series: "pd.Series[Any]", texts: "pd.Series[Any] | None" = None
) -> bool:
    """Whether a check holds for all values; False if that cannot be decided quickly.

    An interval that contains the smallest and the largest value contains all. A check of single
    texts holds if it holds for each different text.

    Args:
        check: The check.
        series: The column.
        texts: All texts that occur in it, if known.
    """
    name = built_in_name(check)
    if not name or check.element_wise or check.groupby or not check.ignore_na:
        return False
    representatives = _representatives(name, series, texts)
    if representatives is None:
        return False
    try:
        return bool(check(representatives).check_passed)
    except Exception:  # the check of the whole column reports the error
        return False


def _representatives(
    name: str, series: "pd.Series[Any]", texts: "pd.Series[Any] | None"
) -> "pd.Series[Any] | None":
    """Values that represent all; None if finding them takes as long as checking all."""
    if name in _INTERVALS and pd.api.types.is_numeric_dtype(series.dtype):
        return _extremes(series)
    if name in _TEXTS and isinstance(series.dtype, pd.StringDtype):
        if texts is not None:
            return texts
        return pd.Series(series.unique()) if series.iloc[:FEW].nunique() < FEW / 10 else None
    return None


def _extremes(series: "pd.Series[Any]") -> "pd.Series[Any] | None":
    if isinstance(series.dtype, np.dtype) and series.dtype.kind == "f" and len(series):
        values = series.to_numpy()  # in one pass; pandas would copy the values without NaN
        extremes = [np.fmin.reduce(values), np.fmax.reduce(values)]
    elif series.dtype.kind in "iuf":
        extremes = [series.min(), series.max()]
    else:
        return None
    return None if pd.isna(extremes).any() else pd.Series(extremes, dtype=series.dtype)


def suspects(
    frame: pd.DataFrame, names: list[str], known_hashes: Callable[[], Array] | None = None
) -> pd.DataFrame:
    """The rows that may have the same values in these columns as another row, in order.

    Equal rows have equal hashes; few other rows do.

    Args:
        frame: The rows.
        names: The columns; only these are returned.
        known_hashes: Returns hashes of the rows, if another part also computes them.
    """
    frame = frame[names]
    if len(frame) < FEW or not all(_is_hashed_alike(frame[name].dtype) for name in names):
        return frame
    row_hashes = known_hashes() if known_hashes else hashes([_arrow(frame[name]) for name in names])
    return frame.take(_with_shared_hash(row_hashes))


def _with_shared_hash(row_hashes: Array) -> Array:
    """Numbers of the rows whose hash occurs in another row, ascending.

    Most hashes differ from all others in their upper bits; only the rest are compared.
    """
    bits = len(row_hashes).bit_length() + 1
    places = (row_hashes >> np.uint64(64 - bits)).view(np.int64)
    shared = np.bincount(places, minlength=2**bits) > 1
    shared_rows = np.flatnonzero(shared[places])
    return shared_rows[pd.Series(row_hashes[shared_rows]).duplicated(keep=False).to_numpy()]


def _is_hashed_alike(dtype: Any) -> bool:
    """Whether equal values have equal hashes; floats may not, because of 0.0 and -0.0."""
    plain = isinstance(dtype, pd.StringDtype | pd.DatetimeTZDtype)
    return plain or (isinstance(dtype, np.dtype) and dtype.kind in "iuM")


def _arrow(series: "pd.Series[Any]") -> Any:
    # pyarrow's conversion of times with a zone warns in pandas 3.1
    zoned = isinstance(series.dtype, pd.DatetimeTZDtype)
    return pa.array(series.dt.tz_convert(None) if zoned else series)
