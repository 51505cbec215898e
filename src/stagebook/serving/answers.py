"""Predictions as the JSON of MLflow's scoring protocol."""

import base64
import json
import math
from collections.abc import Mapping
from datetime import date, time
from typing import Any

import numpy as np
import pandas as pd

from stagebook.serving.input.rows import by_row

MEDIA_TYPE = "application/json"


def render(predictions: pd.DataFrame, further: Mapping[str, Any] | None = None) -> bytes:
    """The body of an answer: ``{"predictions": [{column: value}, ...]}``.

    Floats have the digits that give the same bits again. What JSON cannot hold is null: NaN,
    infinite numbers, missing values.

    Args:
        predictions: n rows of predictions.
        further: More keys of the answer, as JSON values.

    Example:
        >>> import pandas as pd
        >>> from stagebook.serving import answers
        >>> answers.render(pd.DataFrame({"minutes": [0.1, None]}))
        b'{"predictions": [{"minutes": 0.1}, {"minutes": null}]}'
    """
    document = {"predictions": records(predictions), **(further or {})}
    return json.dumps(document, allow_nan=False).encode()


def records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """The rows of a frame as JSON values: times in ISO 8601, bytes in Base64.

    Args:
        frame: n rows.
    """
    return by_row(frame, _json_values)


def _json_values(values: list[Any]) -> list[Any]:
    """The values of a column as JSON has them."""
    if all(type(value) is float and math.isfinite(value) for value in values):
        return values
    return [_plain(value) for value in values]


def _plain(value: Any) -> Any:
    """A value as JSON has it."""
    if isinstance(value, bool | int | str):
        return value
    if isinstance(value, float | np.longdouble):
        value = float(value)
        return value if math.isfinite(value) else None
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    if value is None or value is pd.NaT or value is pd.NA:
        return None
    if isinstance(value, date | time):
        return value.isoformat()
    if hasattr(value, "tolist"):  # of NumPy
        return _plain(value.tolist())
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, dict):
        return {str(name): _plain(item) for name, item in value.items()}
    return str(value)
