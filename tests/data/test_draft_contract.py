"""A drafted contract imports, and its own file keeps it."""

import datetime as dt
import tempfile
from pathlib import Path
from typing import Any

import pandas as pd
import pandera.pandas as pa
import pyarrow as arrow
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stagebook.data.contracts.check import check
from stagebook.data.contracts.contract import Contract
from stagebook.data.contracts.draft import class_name, draft
from stagebook.data.tables.table import Table

VALUES = {
    arrow.int64(): st.integers(-(2**63), 2**63 - 1),
    arrow.int16(): st.integers(-9, 9),
    arrow.uint8(): st.integers(0, 9),
    arrow.float64(): st.floats(),
    arrow.float32(): st.floats(width=32),
    arrow.bool_(): st.booleans(),
    arrow.string(): st.text(max_size=3),
    arrow.dictionary(arrow.int8(), arrow.string()): st.sampled_from(["x", "y"]),
    arrow.timestamp("us"): st.datetimes(),
    arrow.timestamp("us", "Europe/Berlin"): st.datetimes(dt.datetime(1990, 1, 1)),
    arrow.timestamp("ns"): st.integers(0, 2**60),
    arrow.date32(): st.dates(),
    arrow.time64("us"): st.times(),
    arrow.duration("us"): st.integers(0, 10**9),
    arrow.list_(arrow.int64()): st.lists(st.integers(0, 9), max_size=2),
    arrow.decimal128(9, 2): st.decimals(-9999, 9999, places=2),
    arrow.null(): st.none(),
}


@st.composite
def columns(draw: Any) -> arrow.Table:
    rows = draw(st.integers(0, 30))
    names = draw(st.lists(st.text(max_size=6) | st.sampled_from(["int", "class", "Config", "_a"]),
                          min_size=1, max_size=4, unique=True))  # fmt: skip
    arrays = {}
    for name in names:
        type_ = draw(st.sampled_from(list(VALUES)))
        gaps = st.none() if draw(st.booleans()) else st.nothing()
        some = draw(st.lists(VALUES[type_] | gaps, min_size=1, max_size=4))
        arrays[name] = arrow.array((some * rows)[:rows], type_)
    return arrow.table(arrays)


def contract_of(text: str) -> Contract:
    found: dict[str, Any] = {"__name__": "drafted"}
    exec(compile(text, "drafted.py", "exec"), found)
    (model,) = [
        one for one in found.values()
        if isinstance(one, type) and issubclass(one, pa.DataFrameModel)
    ]  # fmt: skip
    return Contract("drafted:Model", model.to_schema())


def assert_kept(root: Path, name: str) -> str:
    table = Table.open(root, name)
    text = draft(table)
    assert check(table, contract_of(text)).problems() == ()
    return text


@settings(max_examples=40)
@given(columns())
def test_a_parquet_file_keeps_the_contract_that_is_drafted_from_it(data: arrow.Table) -> None:
    with tempfile.TemporaryDirectory() as folder:
        pq.write_table(data, Path(folder) / "a.parquet")
        assert_kept(Path(folder), "a.parquet")


def test_a_csv_file_keeps_the_contract_that_is_drafted_from_it(tmp_path: Path) -> None:
    text = (
        "i,gap,f,b,bgap,day,moment,far,name,none\n"
        "1,,1.5,true,,2013-01-01,2013-01-01 05:00:00,0001-01-01,x,\n"
        "2,5,,false,true,2013-01-02,2013-01-01 05:00:01,9999-01-01,x,\n"
        "2,6,inf,false,false,2013-01-02,2013-01-01 05:00:01,9999-01-01,y,\n"
    )
    (tmp_path / "a.csv").write_text(text)
    drafted = assert_kept(tmp_path, "a.csv")
    assert "    far: str  # 0 of 3 missing" in drafted
    assert "    name: str = pa.Field(isin=['x', 'y'])  # 0 of 3 missing; 2 values" in drafted


def test_json_lines_keep_the_contract_that_is_drafted_from_them(tmp_path: Path) -> None:
    text = '{"a": 1, "b": "2013-01-01", "c": [1]}\n{"a": null, "b": "x", "c": []}\n{"d": true}\n'
    (tmp_path / "a.jsonl").write_text(text)
    assert_kept(tmp_path, "a.jsonl")


def test_what_was_seen_stands_beside_and_bounds_nothing(tmp_path: Path) -> None:
    frame = pd.DataFrame(
        {"id": ["a", "b", "c"], "delay in min": [5.5, None, -1.0], "kind": ["x", "x", "y"]}
    )
    frame.to_parquet(tmp_path / "flight-times.parquet")
    assert draft(Table.open(tmp_path, "flight-times.parquet")) == (
        '"""The contract of a table; correct what a draft cannot know."""\n\n'
        "import pandera.pandas as pa\n\n\n"
        "class FlightTimes(pa.DataFrameModel):\n"
        "    id: str = pa.Field(unique=True)  # 0 of 3 missing; 3 values\n"
        "    delay_in_min: float = pa.Field(nullable=True, alias='delay in min')"
        "  # 1 of 3 missing; 2 values; -1.0 to 5.5\n"
        "    kind: str = pa.Field(isin=['x', 'y'])  # 0 of 3 missing; 2 values\n"
    )


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("data/raw/flights.parquet", "Flights"),
        ("data/2013-flights.csv.gz", "Table2013Flights"),
        ("data/parts", "Parts"),
        ("a/none.csv", "TableNone"),
        ("a/—.csv", "Table"),
    ],
)
def test_a_class_is_named_after_its_file(path: str, name: str) -> None:
    assert class_name(path) == name
