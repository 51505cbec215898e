"""A model's predictions for some rows, as a frame whose columns have names."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from stagebook.project.errors import Problem, StagebookError
from stagebook.project.text import counted


def predict(model: Any, method: str, rows: pd.DataFrame, names: Sequence[str] = ()) -> pd.DataFrame:
    """Predictions for some rows.

    Args:
        model: The model.
        method: Its method, such as ``predict`` or ``predict_proba``.
        rows: n rows of features.
        names: Names of the columns that come out; if none, of the model's own classes or frame.

    Returns:
        n rows.

    Raises:
        StagebookError: It has no such method, or does not give one row for each row.
    """
    call = getattr(model, method, None)
    if not callable(call):
        hint = 'Name the method that predicts: stagebook.package(..., method="predict").'
        message = f"The model, a {type(model).__name__}, has no method `{method}`."
        raise StagebookError(Problem("no-method", message, hint))
    predictions = call(rows)
    is_named = not isinstance(predictions, pd.DataFrame)
    frame: pd.DataFrame = (
        _frame(np.asarray(predictions), model, method, names)
        if is_named
        else predictions.reset_index(drop=True)
    )
    if len(frame) != len(rows) or (names and len(names) != frame.shape[1]):
        columns = f" and {counted(len(names), 'column')}: {', '.join(names)}" if names else ""
        expected = f"{counted(len(rows), 'row')}{columns}"
        actual = f"{counted(len(frame), 'row')} and {counted(frame.shape[1], 'column')}"
        message = f"`{method}` returned {actual}; expected {expected}."
        hint = "A model must return one row for each row of input."
        raise StagebookError(Problem("bad-prediction", message, hint))
    return frame if is_named or not names else frame.set_axis(list(names), axis=1)


def _frame(values: Any, model: Any, method: str, names: Sequence[str]) -> pd.DataFrame:
    """An array as a frame, which has the names if they are as many as its columns."""
    if values.ndim == 1:
        return pd.DataFrame({names[0] if len(names) == 1 else "prediction": values})
    if len(names) == values.shape[1]:
        return pd.DataFrame(values, columns=list(names))
    classes = getattr(model, "classes_", ()) if method == "predict_proba" else ()
    if len(classes) == values.shape[1]:
        return pd.DataFrame(values, columns=[f"probability_{name}" for name in classes])
    return pd.DataFrame(values, columns=[f"prediction_{place}" for place in range(values.shape[1])])


def type_of(model: Any) -> str:
    """The dotted name of a model's class."""
    return f"{type(model).__module__}.{type(model).__qualname__}"
