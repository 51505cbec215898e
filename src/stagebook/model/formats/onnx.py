"""Models in ONNX: converted by skl2onnx, scored by onnxruntime."""

import warnings
from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd

from stagebook.model.formats.conversion import (
    ConversionRequest,
    ConvertedModel,
    ConvertedPredictions,
    not_convertible,
    require_method,
    versions,
)
from stagebook.project.extras import ONNX

_METHODS = {"predict": 0, "predict_proba": 1}
"""Which of the results a method's is: a classifier's first is its label."""


def convert(request: ConversionRequest) -> ConvertedModel:
    """A model as an ONNX file: one input for each feature, of shape (rows, 1).

    Numbers go in as float64 where onnxruntime can have them so, else as float32.

    Raises:
        StagebookError: The extra is not installed, or the model cannot be converted.
    """
    ONNX.require()
    require_method("ONNX", _METHODS, request)
    model = _with_columns(request)
    reasons = []
    for wide in (True, False):
        try:
            data = _converted(model, request, is_wide=wide)
            _session(data)
        except Exception as error:  # each of its operators raises what it likes
            reasons.append(_reason(error))
        else:
            return ConvertedModel(data, versions("skl2onnx", "onnx", "scikit-learn"))
    raise not_convertible("skl2onnx", reasons[0], request.model)


def _with_columns(request: ConversionRequest) -> Any:
    """A model that takes columns by name: what takes a matrix gets a step before it.

    Without it, skl2onnx refuses a lone estimator, and has scalers compute in float32.
    """
    from sklearn.compose import ColumnTransformer
    from sklearn.pipeline import Pipeline

    first = request.model.steps[0][1] if isinstance(request.model, Pipeline) else request.model
    if isinstance(first, ColumnTransformer) or not hasattr(request.model, "get_params"):
        return request.model
    columns = ColumnTransformer([("all", "passthrough", list(request.served.features))])
    return Pipeline([("columns", columns.fit(request.rows)), ("model", request.model)])


def _converted(model: Any, request: ConversionRequest, *, is_wide: bool) -> bytes:
    from skl2onnx import convert_sklearn
    from skl2onnx.common.data_types import DoubleTensorType, FloatTensorType, StringTensorType

    number = DoubleTensorType if is_wide else FloatTensorType
    inputs = [
        (str(name), (number if _is_number(request.rows[name]) else StringTensorType)([None, 1]))
        for name in request.rows
    ]
    options = {id(model): {"zipmap": False}} if hasattr(model, "predict_proba") else None
    with warnings.catch_warnings(action="ignore"):
        # by itself it would give a name by chance
        converted = convert_sklearn(model, name=request.name, initial_types=inputs, options=options)
    return bytes(converted.SerializeToString())


def _is_number(column: pd.Series) -> bool:
    if pd.api.types.is_numeric_dtype(column):
        return True
    if pd.api.types.is_string_dtype(column) or isinstance(column.dtype, pd.CategoricalDtype):
        return False
    raise TypeError(f"`{column.name}` has the type {column.dtype}, which ONNX does not support")


def _reason(error: Exception) -> str:
    """What an error says; of one about a node, without the node's numbers, but with the cause."""
    text = str(error) or type(error).__name__
    reason, separator, _ = text.partition(" and attributes=")
    cause = f": {error.__cause__}".splitlines()[0] if separator and error.__cause__ else ""
    return reason + cause if separator else text


def score(data: bytes, request: ConversionRequest) -> ConvertedPredictions:
    """What an ONNX file says of some rows.

    Raises:
        StagebookError: It cannot take the rows, or gives something else than the model.
    """
    session = _session(data)
    try:
        results = session.run(None, dict(_fed(session, request.rows)))
    except Exception as error:  # onnxruntime's errors have no common class
        raise not_convertible("onnxruntime", str(error), request.model) from error
    values = np.asarray(results[min(_METHODS[request.served.method], len(results) - 1)])
    values = values.reshape(len(request.rows), -1)
    if values.shape[1] != len(request.served.outputs):
        expected = ", ".join(request.served.outputs)
        reason = f"the file returned {values.shape[1]} columns; expected {expected}"
        raise not_convertible("onnxruntime", reason, request.model)
    outputs = pd.DataFrame(values, columns=list(request.served.outputs))
    return ConvertedPredictions(outputs, versions("onnxruntime"))


def _session(data: bytes) -> Any:
    import onnxruntime

    return onnxruntime.InferenceSession(data, providers=["CPUExecutionProvider"])


def _fed(session: Any, rows: pd.DataFrame) -> Iterator[tuple[str, Any]]:
    """Each input with its rows. ONNX has no missing text: it is handed over as an empty one."""
    kinds = {"tensor(double)": np.float64, "tensor(float)": np.float32}
    for input_ in session.get_inputs():
        column = rows[input_.name]
        if input_.type in kinds:
            values = column.to_numpy(dtype=kinds[input_.type], na_value=np.nan)
        else:
            values = column.astype(object).where(column.notna(), "").astype(str).to_numpy(object)
        yield input_.name, values.reshape(-1, 1)
