"""What a dataset input says of a table."""

import json
from pathlib import Path
from typing import Any

import pytest
from mlflow.types import Schema
from spooled import recorded

from stagebook.tracking import dataset


@pytest.mark.parametrize(
    ("arrow", "told"),
    [
        ("bool", "boolean"),
        ("int8", "integer"),
        ("uint16", "integer"),
        ("int32", "integer"),
        ("uint32", "long"),
        ("int64", "long"),
        ("float", "float"),
        ("double", "double"),
        ("decimal128(10, 2)", "double"),
        ("large_string", "string"),
        ("dictionary<values=string, indices=int8, ordered=0>", "string"),
        ("binary", "binary"),
        ("timestamp[us, tz=America/New_York]", "datetime"),
        ("date32[day]", "datetime"),
        ("list<item: int64>", "string"),
    ],
)
def test_a_column_has_a_type_that_mlflow_knows(arrow: str, told: str) -> None:
    text = dataset.schema([{"name": "a", "type": arrow, "nulls": 0}])
    assert text
    (column,) = Schema.from_json(json.dumps(json.loads(text)["mlflow_colspec"])).inputs
    assert (column.name, column.type.name, column.required) == ("a", told, True)


def test_a_column_with_gaps_is_not_required() -> None:
    text = dataset.schema([{"name": "a", "type": "double", "nulls": 1}])
    assert text
    assert json.loads(text)["mlflow_colspec"][0]["required"] is False


def test_a_schema_that_no_database_would_hold_is_left_out() -> None:
    columns = [{"name": f"column {n}", "type": "double", "nulls": 0} for n in range(2000)]
    assert dataset.schema(columns) is None


def of(table: dict[str, Any], folder: Path) -> list[Any]:
    inputs = {path: f"hash of {path}" for path in ("a.csv", "b.csv", "c.bin")}
    (folder / "both.json").write_text(
        json.dumps({"columns": [{"name": "x", "type": "int64", "nulls": 0}]})
    )
    record = recorded("1-make", inputs=inputs, tables=[table])
    return [one.dataset for one in dataset.inputs(record, folder)]


def test_an_input_is_named_after_its_path_with_its_hash_rows_and_schema(tmp_path: Path) -> None:
    one, other, raw = of({"name": "both", "paths": ["a.csv"], "rows": 7}, tmp_path)
    assert (one.name, one.digest, one.source_type) == ("a.csv", "hash of a.csv", "dvc")
    assert json.loads(one.profile) == {"num_rows": 7}
    assert json.loads(one.schema)["mlflow_colspec"][0]["name"] == "x"
    assert (other.profile, other.schema, raw.schema) == (None, None, None)


def test_files_of_one_table_share_its_schema_and_none_claims_all_its_rows(tmp_path: Path) -> None:
    one, other, _ = of({"name": "both", "paths": ["a.csv", "b.csv"], "rows": 7}, tmp_path)
    assert one.schema == other.schema
    assert json.loads(one.profile) == {}


def test_a_table_that_could_not_be_read_is_an_input_all_the_same(tmp_path: Path) -> None:
    one, *_ = of({"name": "both", "paths": ["a.csv"], "rows": None}, tmp_path)
    assert (one.name, one.schema, one.profile) == ("a.csv", None, None)
