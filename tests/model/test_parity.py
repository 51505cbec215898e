"""Two forms of a model, compared row by row."""

import math
import re

import numpy as np
import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from stagebook.model.parity import Parity

VALUES = st.floats(-1e6, 1e6) | st.just(math.nan)
COLUMNS = st.lists(st.lists(VALUES, min_size=2, max_size=2), min_size=1, max_size=9)
FAR = st.floats(1e-12, 1e6)


def frame(rows: list[list[float]]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["one", "two"], dtype=float)


@given(COLUMNS)
def test_what_is_equal_is_nowhere_apart(rows: list[list[float]]) -> None:
    parity = Parity.of(frame(rows), frame(rows), 0.0)
    assert (parity.holds, parity.off) == (True, 0)
    assert parity.largest is not None
    assert parity.largest.difference == 0


@given(COLUMNS, st.data())
def test_the_one_place_that_differs_is_named(rows: list[list[float]], data: st.DataObject) -> None:
    row, column = data.draw(st.integers(0, len(rows) - 1)), data.draw(st.integers(0, 1))
    by = data.draw(FAR)
    original, exported = frame(rows).fillna(0.0), frame(rows).fillna(0.0)
    exported.iat[row, column] = original.iat[row, column] + by
    apart = abs(exported.iat[row, column] - original.iat[row, column])
    tight = Parity.of(original, exported, math.nextafter(apart, 0)) if apart else None
    assert Parity.of(original, exported, apart).holds
    if tight and tight.largest:
        assert (tight.holds, tight.off) == (False, 1)
        assert (tight.largest.row, tight.largest.column) == (row + 1, ["one", "two"][column])
        assert tight.largest.exported == exported.iat[row, column]


@given(COLUMNS, FAR)
def test_the_tolerance_that_a_refusal_names_is_enough(rows: list[list[float]], by: float) -> None:
    original = frame(rows).fillna(0.0)
    refused = Parity.of(original, original + by, 0.0)
    if refused.off:  # else what was added is lost beside a large number
        named = float(refused.problem("onnx").hint.rpartition(" ")[2])
        assert Parity.of(original, original + by, named).holds


def test_what_is_missing_on_one_side_has_no_tolerance() -> None:
    original, exported = frame([[1.0, 2.0], [3.0, 4.0]]), frame([[1.0, 2.0], [3.0, math.nan]])
    parity = Parity.of(original, exported, 1e300)
    problem = parity.problem("pmml")
    assert (parity.holds, problem.code) == (False, "parity-off")
    assert "`two`" in problem.message
    assert re.findall(r"None|[\d.]*\d", problem.message)[-3:] == ["2", "None", "4.0"]
    assert "--tolerance" not in problem.hint


def test_labels_are_the_same_or_not() -> None:
    labels = pd.DataFrame({"label": ["a", "b", "b"]})
    assert Parity.of(labels, labels.copy(), 0.0).holds
    other = Parity.of(labels, pd.DataFrame({"label": ["a", "b", "a"]}), 9.0)
    assert (other.holds, other.off) == (False, 1)


def test_booleans_and_numbers_of_other_widths_are_compared_as_numbers() -> None:
    original = pd.DataFrame({"late": [True, False]})
    assert Parity.of(original, pd.DataFrame({"late": np.array([1, 0], "int32")}), 0.0).holds
    assert not Parity.of(original, pd.DataFrame({"late": np.array([1, 1], "int32")}), 0.5).holds


def test_without_rows_nothing_holds() -> None:
    parity = Parity.of(frame([]), frame([]), 1.0)
    assert (parity.holds, parity.problem("pmml").code) == (False, "parity-off")
