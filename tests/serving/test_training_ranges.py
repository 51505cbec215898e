"""Warnings of accepted rows that are unlike the training rows."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import served_columns
from served_columns import TYPES

from stagebook.data.profiles import profile as profiles
from stagebook.data.profiles.profiling import profile
from stagebook.data.tables.table import Table
from stagebook.project.errors import StagebookError
from stagebook.serving.input.ranges import MOST, TrainingRanges
from stagebook.serving.input.rows import Rows


def training() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "height": [1.0, 2.5, None],
            "count": [0, 3, 5],
            "masked": pd.array([1, 2, None], "Int64"),
            "lane": ["a", "b", "b"],
            "type": pd.Categorical(["u", "v", "u"], categories=["u", "v", "w"]),
            "late": [True, True, True],
            "at": pd.to_datetime(["2013-01-01", "2013-06-01", "2013-12-31"]),
            "zoned": pd.to_datetime(["2013-01-01", "2013-06-01", "2013-12-31"], utc=True),
            "empty": pd.Series([np.nan] * 3),
        }
    )


@pytest.fixture
def ranges(tmp_path: Path) -> TrainingRanges:
    training().to_parquet(tmp_path / "train.parquet", index=False)
    return TrainingRanges.of(profiles.render(profile(Table.open(tmp_path, "train.parquet"))))


def unusual() -> pd.DataFrame:
    rows = training().iloc[[0, 1]].reset_index(drop=True)
    rows.loc[1, "height"] = 2.5000001
    rows.loc[0, "count"] = -1
    rows.loc[1, "masked"] = 3
    rows.loc[1, "lane"] = "c"
    rows.loc[0, "type"] = "w"
    rows.loc[1, "late"] = False
    rows.loc[1, "at"] = pd.Timestamp("2012-12-31T23:59:59.999999")
    rows.loc[0, "zoned"] = pd.Timestamp("2014-01-01", tz="UTC")
    return rows


UNLIKE = {"wide": 0.3, "single": 0.2, "whole": 3.0, "masked": 5, "text": "x", "arrow": 9}
"""Values that no row of ``served_columns.sample`` has."""

EXPECTED = [
    ("outside-training-range", 0, "count"),
    ("category-not-in-training", 0, "type"),
    ("outside-training-range", 0, "zoned"),
    ("outside-training-range", 1, "height"),
    ("outside-training-range", 1, "masked"),
    ("category-not-in-training", 1, "lane"),
    ("category-not-in-training", 1, "late"),
    ("outside-training-range", 1, "at"),
]


def test_values_that_the_training_rows_do_not_have_are_named(ranges: TrainingRanges) -> None:
    named = [(item.code, item.row, item.column) for item in ranges.warnings(unusual())]
    assert named == EXPECTED


def test_many_rows_have_the_same_warnings_as_few(ranges: TrainingRanges) -> None:
    usual = pd.concat([training()] * 20, ignore_index=True)
    many = pd.concat([unusual(), usual]).astype(dict(training().dtypes)).reset_index(drop=True)
    assert ranges.warnings(many) == ranges.warnings(unusual().astype(dict(training().dtypes)))


def test_the_values_of_a_request_have_the_warnings_of_its_frame(tmp_path: Path) -> None:
    names = [name for name, (type_, _) in TYPES.items() if type_ not in ("datetime", "binary")]
    table = served_columns.sample()[names]
    table.drop(columns="half").to_parquet(tmp_path / "train.parquet", index=False)
    ranges = TrainingRanges.of(profiles.render(profile(Table.open(tmp_path, "train.parquet"))))
    sent = [record | UNLIKE for record in Rows.of_frame(table).records]
    checked = served_columns.validator(table).checked(Rows(tuple(names), sent))
    assert checked.values is not None
    warnings = ranges.of_checked(checked)
    assert warnings == ranges.warnings(checked.frame)
    assert {item.column for item in warnings} >= UNLIKE.keys()


def test_training_rows_and_missing_values_have_no_warnings(ranges: TrainingRanges) -> None:
    assert ranges.warnings(training()) == ()
    assert ranges.warnings(pd.concat([training()] * 20, ignore_index=True)) == ()


def test_a_column_that_the_profile_does_not_have_is_left_out(ranges: TrainingRanges) -> None:
    assert ranges.warnings(pd.DataFrame({"other": [1e9], "empty": [1.0]})) == ()


def test_the_warnings_of_a_request_are_bounded(ranges: TrainingRanges) -> None:
    rows = pd.DataFrame({"height": np.full(5_000, 9.0)})
    assert len(ranges.warnings(rows)) == MOST


def test_a_text_that_is_no_profile_is_refused() -> None:
    with pytest.raises(StagebookError):
        TrainingRanges.of("{}")
