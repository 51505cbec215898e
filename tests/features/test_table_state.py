"""Rows and newest known time of a view's table, whatever format it has."""

from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from places import readings, weather

from stagebook.data.tables.newest import newest
from stagebook.data.tables.table import Table
from stagebook.features.table_state import TableState

TABLE = readings(("EWR", "04:00", 4.0, 1), ("JFK", "09:00", 8.5, 3), ("EWR", "05:00", None, 2))
NEWEST = "2013-05-01T10:00:00+00:00"
Write = Callable[[pd.DataFrame, Path], None]


def _without_statistics(table: pd.DataFrame, path: Path) -> None:
    table.to_parquet(path)
    pq.write_table(pq.read_table(path), path, write_statistics=False)


def _in_groups(table: pd.DataFrame, path: Path) -> None:
    table.to_parquet(path)
    pq.write_table(pq.read_table(path), path, row_group_size=1)


def _in_parts(table: pd.DataFrame, path: Path) -> None:
    path.mkdir()
    for number in range(len(table)):
        table.iloc[number : number + 1].to_parquet(path / f"{number}.parquet", index=False)


@pytest.mark.parametrize(
    ("name", "write"),
    [
        ("a.parquet", lambda table, path: table.to_parquet(path)),
        ("a.parquet", _without_statistics),
        ("a.parquet", _in_groups),
        ("parts", _in_parts),
        ("a.feather", lambda table, path: table.to_feather(path)),
        ("a.csv", lambda table, path: table.to_csv(path, index=False)),
    ],
)
def test_rows_and_newest_known_time_are_those_of_the_table(
    tmp_path: Path, name: str, write: Write
) -> None:
    write(TABLE, tmp_path / name)
    assert TableState.read(weather(table=name), tmp_path) == TableState(True, 3, NEWEST)


def test_a_time_is_said_in_the_zone_of_its_column(tmp_path: Path) -> None:
    local = TABLE.assign(hour_end=TABLE["hour_end"].dt.tz_convert("Europe/Berlin"))
    local.to_parquet(tmp_path / "a.parquet")
    state = TableState.read(weather(table="a.parquet"), tmp_path)
    assert state.newest == "2013-05-01T12:00:00+02:00"


def test_a_table_that_is_not_built_is_no_failure(tmp_path: Path) -> None:
    assert TableState.read(weather(), tmp_path) == TableState(exists=False)


def test_a_table_without_rows_has_no_newest_time(tmp_path: Path) -> None:
    TABLE.head(0).to_parquet(tmp_path / "a.parquet")
    assert TableState.read(weather(table="a.parquet"), tmp_path) == TableState(True, 0, None)


def test_a_table_that_cannot_be_read_says_why(tmp_path: Path) -> None:
    (tmp_path / "a.parquet").write_bytes(b"PAR1 and nothing else")
    TABLE.drop(columns="hour_end").to_parquet(tmp_path / "b.parquet")
    TABLE.assign(hour_end="today").to_parquet(tmp_path / "c.parquet")
    for name, rows in (("a.parquet", None), ("b.parquet", 3), ("c.parquet", 3)):
        state = TableState.read(weather(table=name), tmp_path)
        assert (state.exists, state.rows, state.newest) == (True, rows, None)
        assert state.trouble


TIMES = st.lists(st.none() | st.integers(-(2**40), 2**40), max_size=20)


@settings(max_examples=40)
@given(
    TIMES,
    st.integers(1, 5),
    st.booleans(),
    st.sampled_from(["ms", "us", "ns"]),
    st.sampled_from([None, "UTC", "America/New_York"]),
)
def test_statistics_give_what_the_rows_give(
    tmp_path_factory: pytest.TempPathFactory,
    times: list[int | None],
    group: int,
    with_statistics: bool,
    unit: str,
    zone: str | None,
) -> None:
    folder = tmp_path_factory.mktemp("newest")
    column = pa.array(times, pa.timestamp(unit, zone))
    pq.write_table(
        pa.table({"before": range(len(times)), "time": column}),
        folder / "a.parquet",
        row_group_size=group,
        write_statistics=with_statistics,
    )
    present = [time for time in times if time is not None]
    expected = pa.scalar(max(present), column.type).as_py() if present else None
    assert newest(Table.open(folder, "a.parquet"), "time") == expected


@pytest.mark.parametrize(
    ("column", "values", "trouble"),
    [
        ("wind_mph", ["1", "2", "3"], True),
        ("origin", [1, 2, 3], True),
        ("gusts", [1.5, 2.5, 3.5], True),
        ("wind_mph", [1, 2, 3], False),
        ("wind_mph", [None, None, None], False),
        ("hour", pd.to_datetime(["2013-05-01"] * 3), True),
    ],
)
def test_a_column_of_another_type_than_in_the_schema_is_trouble(
    tmp_path: Path, column: str, values: list[object], trouble: bool
) -> None:
    TABLE.assign(**{column: values}).to_parquet(tmp_path / "a.parquet")
    state = TableState.read(weather(table="a.parquet"), tmp_path)
    assert (state.rows, state.newest) == (3, NEWEST)
    assert (column in state.trouble, bool(state.trouble)) == (trouble, trouble)


@pytest.mark.parametrize(("wind", "trouble"), [("calm", True), ("4", False)])
def test_cells_of_text_that_are_no_numbers_are_trouble(
    tmp_path: Path, wind: str, trouble: bool
) -> None:
    TABLE.assign(wind_mph=wind, origin=["1", "2", "3"]).to_csv(tmp_path / "a.csv", index=False)
    state = TableState.read(weather(table="a.csv"), tmp_path)
    assert (state.newest, "wind_mph" in state.trouble) == (NEWEST, trouble)
    assert "origin" not in state.trouble


def test_a_table_without_a_feature_is_trouble_and_all_troubles_are_said(tmp_path: Path) -> None:
    table = TABLE.assign(wind_mph="calm").drop(columns="gusts")
    table.to_parquet(tmp_path / "a.parquet")
    state = TableState.read(weather(table="a.parquet"), tmp_path)
    assert "gusts" in state.trouble
    assert "wind_mph" in state.trouble
