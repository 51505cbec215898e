"""Two tables or JSON files side by side: which values differ, and how far."""

import json
import math
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stagebook.data import value_differences
from stagebook.data.value_differences import ValueDifferences

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-9, 9)
    | st.floats(allow_nan=False)
    | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=8,
)


def compared(
    folder: Path, before: dict[str, Any], now: dict[str, Any], tolerance: float = 0.0
) -> ValueDifferences:
    pd.DataFrame(before).to_parquet(folder / "before.parquet")
    pd.DataFrame(now).to_parquet(folder / "now.parquet")
    return value_differences.of_tables(folder, "before.parquet", "now.parquet", tolerance)


def test_a_changed_cell_is_found_by_column_row_and_distance(tmp_path: Path) -> None:
    before = {"a": [1, 2, 3], "b": ["x", "y", None], "c": [1.0, math.nan, 3.0]}
    now = {"a": [1, 2, 3], "b": ["x", "z", None], "c": [1.0, math.nan, 3.5]}
    found = compared(tmp_path, before, now)
    values = {field.name: (field.count, field.largest) for field in found.fields}
    assert values == {"b": (1, None), "c": (1, 0.5)}
    (example,) = found.fields[0].examples
    assert (example.place, example.before, example.now) == ("row 2", "y", "z")
    assert not found.within


def test_equal_values_have_no_difference_and_missing_ones_are_one(tmp_path: Path) -> None:
    same = {"a": [1.0, math.nan], "b": [None, "x"], "c": [[1], [2, 3]]}
    assert compared(tmp_path, same, same).none
    found = compared(tmp_path, {"b": [None, "x"]}, {"b": ["", "x"]})
    assert [field.count for field in found.fields] == [1]
    found = compared(tmp_path, {"c": [[1], [2, 3]]}, {"c": [[1], [2, 4]]})
    assert [field.examples[0].place for field in found.fields] == ["row 2"]


@pytest.mark.parametrize(
    ("before", "now", "tolerance", "within"),
    [
        (1.0, 1.0 + 1e-9, 1e-6, True),
        (1e9, 1e9 + 1, 1e-6, True),
        (0.0, 1e-7, 1e-6, True),
        (0.0, 1e-5, 1e-6, False),
        (1.0, 1.1, 0.0, False),
        (1.0, math.inf, 1e9, False),
    ],
)
def test_a_tolerance_is_absolute_or_relative_to_the_larger_number(
    tmp_path: Path, before: float, now: float, tolerance: float, within: bool
) -> None:
    assert compared(tmp_path, {"a": [before]}, {"a": [now]}, tolerance).within is within


def test_rows_columns_and_types_are_never_within_a_tolerance(tmp_path: Path) -> None:
    for now in ({"a": [1, 2, 3]}, {"a": [1, 2], "b": [0, 0]}, {"b": [1, 2]}, {"a": ["1", "2"]}):
        assert not compared(tmp_path, {"a": [1, 2]}, now, 9.0).within


def test_the_same_rows_in_another_order_are_recognised(tmp_path: Path) -> None:
    found = compared(
        tmp_path, {"a": [1, 2, 2], "b": ["x", "y", "z"]}, {"a": [2, 1, 2], "b": ["z", "x", "y"]}
    )
    assert found.reordered
    assert not compared(tmp_path, {"a": [1, 2]}, {"a": [2, 2]}).reordered


@given(JSON, JSON)
def test_json_texts_differ_where_their_values_do(before: Any, now: Any) -> None:
    found = value_differences.of_json(json.dumps(before), json.dumps(now), 0.0)
    assert found is not None
    assert found.none is (json.dumps(before, sort_keys=True) == json.dumps(now, sort_keys=True))


def test_a_json_value_is_named_by_its_path() -> None:
    before, now = {"test": {"auc": 0.5, "curve": [1, 2]}}, {"test": {"auc": 0.7, "curve": [1, 3]}}
    found = value_differences.of_json(json.dumps(before), json.dumps(now), 0.0)
    assert found is not None
    (field,) = found.fields
    assert [item.place for item in field.examples] == ["test.auc", "test.curve[1]"]
    assert field.largest == 1.0
    assert value_differences.of_json("{", "{}", 0.0) is None
