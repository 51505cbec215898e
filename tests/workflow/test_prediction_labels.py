"""Labels by prediction: each once, contradictory ones known as such."""

from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from stagebook.project.errors import StagebookError
from stagebook.serving import ids
from stagebook.serving.log import prediction_keys
from stagebook.workflow import prediction_labels

NAMES = [ids.prediction_id(ids.new_id(), row) for row in range(4)]


def places(labels: prediction_labels.PredictionLabels) -> list[int]:
    keys, _ = prediction_keys.of_texts(pa.array(NAMES))
    places: list[int] = labels.places(keys).tolist()
    return places


@pytest.mark.parametrize("suffix", ["parquet", "csv", "feather"])
def test_equal_labels_count_once_and_different_ones_contradict(tmp_path: Path, suffix: str) -> None:
    rows = [(0, True), (1, False), (0, True), (2, True), (2, False)]
    frame = pd.DataFrame({"prediction": [NAMES[row] for row, _ in rows]})
    frame["late"] = [late for _, late in rows]
    path = tmp_path / f"labels.{suffix}"
    if suffix == "csv":
        frame.to_csv(path, index=False)
    else:
        getattr(frame, f"to_{suffix}")(path)
    labels = prediction_labels.read(path, "late")
    assert places(labels) == [0, 1, 2, -1]
    assert labels.contradictory.tolist() == [False, False, True]
    assert labels.values["late"].to_pylist()[:2] == [True, False]


def test_a_row_without_a_label_is_as_none_and_one_without_an_id_is_counted(tmp_path: Path) -> None:
    frame = pd.DataFrame({"prediction": [NAMES[0], NAMES[1], NAMES[1], "?", None, "?"]})
    frame["late"] = [np.nan, np.nan, 1.0, 0.0, 1.0, None]
    frame.to_parquet(tmp_path / "labels.parquet")
    labels = prediction_labels.read(tmp_path / "labels.parquet", "late")
    assert places(labels) == [-1, 0, -1, -1]
    assert (labels.contradictory.tolist(), labels.strangers) == ([False], 2)


def test_further_columns_are_read_if_they_are_there(tmp_path: Path) -> None:
    frame = pd.DataFrame({"prediction": NAMES, "late": 1, "day": list("abca")})
    frame["late"] = frame["late"].astype(str).astype("category")
    frame.to_parquet(tmp_path / "labels.parquet")
    labels = prediction_labels.read(tmp_path / "labels.parquet", "late", ["day", "town"])
    assert labels.values.column_names == ["late", "day"]
    assert labels.values["day"].to_pylist() == list("abca")


def test_columns_that_are_absent_are_named_at_once(tmp_path: Path) -> None:
    pd.DataFrame({"predicton": NAMES}).to_parquet(tmp_path / "labels.parquet")
    with pytest.raises(StagebookError) as error:
        prediction_labels.read(tmp_path / "labels.parquet", "late")
    assert [problem.code for problem in error.value.problems] == ["no-comparison-column"] * 2


def test_a_table_without_rows_has_no_labels(tmp_path: Path) -> None:
    schema = pa.schema({"prediction": pa.string(), "late": pa.bool_()})
    schema.empty_table().to_pandas().to_parquet(tmp_path / "labels.parquet", schema=schema)
    labels = prediction_labels.read(tmp_path / "labels.parquet", "late")
    assert places(labels) == [-1] * 4
