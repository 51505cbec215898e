"""Answers mean what MLflow's scoring server writes."""

import io
import json
import math
import warnings
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from served_columns import sample

from stagebook.serving import answers


def mlflow_json(frame: pd.DataFrame) -> Any:
    with warnings.catch_warnings():  # of MLflow's own types
        warnings.simplefilter("ignore")
        from mlflow.pyfunc.scoring_server import predictions_to_json

    text = io.StringIO()
    predictions_to_json(frame, text)
    return json.loads(text.getvalue())


FRAMES = {
    "floats": pd.DataFrame({"probability_0": [0.1, 1e-300], "probability_1": [-0.0, 2.0]}),
    "narrow": pd.DataFrame({"p": np.array([0.1, 3.4e38], np.float32)}),
    "whole": pd.DataFrame({"p": [2**53 + 1, -1], "q": np.array([1, 2], np.int8)}),
    "text": pd.DataFrame({"p": ["é", 'a"b']}),
    "boolean": pd.DataFrame({"p": [True, False]}),
    "category": pd.DataFrame({"p": pd.Categorical(["a", "b"])}),
    "time": pd.DataFrame({"p": pd.to_datetime(["2013-01-31T05:00", "2014-01-01T00:00"])}),
    "empty": pd.DataFrame({"p": pd.Series([], dtype=float)}),
}


@pytest.mark.parametrize("frame", FRAMES.values(), ids=FRAMES)
def test_predictions_are_those_of_mlflow(frame: pd.DataFrame) -> None:
    if frame.dtypes.iloc[0].kind != "M":
        assert json.loads(answers.render(frame)) == mlflow_json(frame)
    else:
        expected = [{"p": "2013-01-31T05:00:00"}, {"p": "2014-01-01T00:00:00"}]
        assert json.loads(answers.render(frame)) == {"predictions": expected}


@given(st.lists(st.floats(width=64), max_size=20))
def test_a_finite_float_keeps_its_bits_and_others_are_null(values: list[float]) -> None:
    frame = pd.DataFrame({"p": pd.Series(values, dtype=float)})
    received = [row["p"] for row in json.loads(answers.render(frame))["predictions"]]
    for sent, value in zip(values, received, strict=True):
        assert value is None if not math.isfinite(sent) else value.hex() == sent.hex()


def test_missing_values_of_every_type_are_null() -> None:
    last = answers.records(sample())[1]
    assert {name for name, value in last.items() if value is not None} == {
        "tiny",
        "whole",
        "huge",
        "flag",
    }


def test_floats_of_every_width_are_numbers_or_null() -> None:
    values = [1.5, math.nan]
    for dtype in (np.float16, np.float32, np.float64, np.longdouble, "Float32", "Float64"):
        frame = pd.DataFrame({"p": pd.array(values, dtype=dtype)})
        assert answers.records(frame) == [{"p": 1.5}, {"p": None}]


def test_further_keys_are_written_beside_the_predictions() -> None:
    document = json.loads(answers.render(pd.DataFrame({"p": [1.5]}), {"ids": ["x-0"]}))
    assert document == {"predictions": [{"p": 1.5}], "ids": ["x-0"]}


def test_lists_and_numbers_of_numpy_in_a_cell_are_written() -> None:
    cells = [np.array([1.0, np.nan]), {"a": np.int64(1)}]
    frame = pd.DataFrame({"p": pd.Series(cells, dtype=object)})
    assert answers.records(frame) == [{"p": [1.0, None]}, {"p": {"a": 1}}]
