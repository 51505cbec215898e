"""The golden rows of a package, sent in each format, come back equal; its contract is enforced."""

import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pandera.pandas as pa
import pytest
from pandera.typing import Series
from served_columns import places, rows_of
from sklearn.compose import make_column_transformer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder

from stagebook.model import schema as schemas
from stagebook.model.golden import FILE as GOLDEN
from stagebook.model.golden import Golden
from stagebook.model.package import package
from stagebook.serving import answers, openapi
from stagebook.serving.input.body import CSV, JSON, PARQUET, parse
from stagebook.serving.input.ranges import TrainingRanges
from stagebook.serving.input.validation import Validator


class Features(pa.DataFrameModel):
    hour: Series[np.int64] = pa.Field(ge=0, le=23)
    wind: Series[float] = pa.Field(ge=0, lt=200, nullable=True)
    carrier: Series[str] = pa.Field(isin=["AA", "DL", "UA"])

    @pa.check("hour", name="even_hour")
    def even(cls, values: Series[np.int64]) -> Any:
        return values % 1 == 0


FEATURES = ["hour", "wind", "carrier"]


def table(first: int, rows: int) -> pd.DataFrame:
    random = np.random.default_rng(first)
    hour = random.integers(0, 20, rows)
    return pd.DataFrame(
        {
            "id": np.arange(first, first + rows),
            "at": pd.Timestamp("2013-01-01") + pd.to_timedelta(np.arange(first, first + rows), "h"),
            "hour": hour,
            "wind": random.exponential(10, rows),
            "carrier": random.choice(["AA", "DL"], rows),
            "late": hour + random.normal(size=rows) > 10,
        }
    )


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("late")
    files = {"train": place / "train.parquet", "test": place / "test.parquet"}
    table(0, 300).to_parquet(files["train"], index=False)
    table(300, 200).to_parquet(files["test"], index=False)
    learn = table(0, 300)
    columns = make_column_transformer(
        (OneHotEncoder(handle_unknown="ignore"), ["carrier"]), remainder="passthrough"
    )
    model = make_pipeline(columns, LogisticRegression(max_iter=1000))
    model.fit(learn[FEATURES], learn["late"])
    package(
        model,
        place / "model",
        splits=files,
        key="id",
        time="at",
        features=FEATURES,
        scores={"auc": 0.8, "auc_low": 0.75, "auc_high": 0.85},
        baseline={"auc": 0.5},
        method="predict_proba",
        contract=Features,
        purpose="Says which flights are late.",
    )
    return place / "model"


@pytest.fixture(scope="module")
def golden(folder: Path) -> pd.DataFrame:
    return Golden.read(folder / GOLDEN).inputs


@pytest.fixture(scope="module")
def schema(folder: Path) -> schemas.Schema:
    return schemas.parse((folder / schemas.INPUT).read_text())


@pytest.fixture(scope="module")
def served(schema: schemas.Schema, golden: pd.DataFrame) -> Validator:
    return Validator.of(schema, golden, 1000)


def test_golden_rows_come_back_in_each_format(served: Validator, golden: pd.DataFrame) -> None:
    stored = io.BytesIO()
    golden.to_parquet(stored)
    records = answers.records(golden)
    columns = {name: [record[name] for record in records] for name in FEATURES}
    split = {"columns": FEATURES, "data": [list(record.values()) for record in records]}
    bodies = [
        (CSV, golden.to_csv(index=False).encode()),
        (PARQUET, stored.getvalue()),
        (JSON, json.dumps({"dataframe_records": records}).encode()),
        (JSON, json.dumps({"dataframe_split": split}).encode()),
        (JSON, json.dumps({"instances": records}).encode()),
        (JSON, json.dumps({"inputs": columns}).encode()),
    ]
    for content_type, data in bodies:
        received = served.check(parse(content_type, data, FEATURES))
        pd.testing.assert_frame_equal(received, golden, check_exact=True)


def test_the_contract_is_enforced_and_its_own_code_is_named(served: Validator) -> None:
    assert served.unchecked == ("`hour`: even hour",)
    row = {"hour": 24, "wind": 200, "carrier": "XX"}
    assert places(served.check, rows_of(row)) == [
        ("out-of-contract", 0, "hour"),
        ("out-of-contract", 0, "wind"),
        ("out-of-contract", 0, "carrier"),
    ]
    assert len(served.check(rows_of({"hour": 23, "wind": None, "carrier": "UA"}))) == 1


def test_rows_unlike_the_training_rows_have_warnings(folder: Path, served: Validator) -> None:
    ranges = TrainingRanges.of((folder / "profile.input.json").read_text())
    frame = served.check(rows_of({"hour": 23, "wind": 5.0, "carrier": "UA"}))
    assert [(item.code, item.column) for item in ranges.warnings(frame)] == [
        ("outside-training-range", "hour"),
        ("category-not-in-training", "carrier"),
    ]
    assert ranges.warnings(frame.assign(hour=5, carrier="AA")) == ()


def test_the_description_has_the_bounds_of_the_contract(
    folder: Path, schema: schemas.Schema
) -> None:
    outputs = schemas.parse((folder / schemas.OUTPUT).read_text())
    document = openapi.describe("late", "abc", schema, outputs, {}, [])
    row = document["components"]["schemas"]["Row"]["properties"]
    assert (row["hour"]["minimum"], row["hour"]["maximum"]) == (0, 23)
    assert row["carrier"]["enum"] == ["AA", "DL", "UA"]
