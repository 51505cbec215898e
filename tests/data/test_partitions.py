"""The names of folders such as `year=2013` are columns of the table that the folders are."""

from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import pandera.pandas as pa
import pyarrow as arrow
import pyarrow.dataset as ds
import pyarrow.parquet as pq
import pytest
import refusals

from stagebook.data.contracts.check import check
from stagebook.data.contracts.contract import Contract
from stagebook.data.contracts.draft import draft
from stagebook.data.drift.drift import drift
from stagebook.data.drift.reference import of_table
from stagebook.data.inspection import inspect
from stagebook.data.profiles.profiling import profile
from stagebook.data.subject import Subject
from stagebook.data.tables.table import Table
from stagebook.project.errors import Problem, Where


def put(root: Path, *names: str, **columns: list[object]) -> None:
    """Writes a file of these columns, or of the column `v`, at each name below the folder `d`."""
    for position, name in enumerate(names):
        file = root / "d" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        pq.write_table(arrow.table(columns or {"v": [position]}), file)


def refused(root: Path) -> Problem:
    return refusals.problem(Table.open, root, "d")


def failures(root: Path, **columns: Any) -> list[tuple[str, str | None]]:
    """What the table breaks of a contract, as a whole and in pieces."""
    contract = Contract("c:C", pa.DataFrameSchema(columns))
    found = [check(Table.open(root, "d"), contract, budget).failures for budget in (2**30, 0)]
    whole, pieces = [[(one.code, one.column) for one in failed] for failed in found]
    assert whole == pieces
    return whole


@pytest.mark.parametrize("writer", ["pandas", "pyarrow", "duckdb"])
def test_partitions_are_the_columns_that_pandas_reads(tmp_path: Path, writer: str) -> None:
    frame = pd.DataFrame(
        {"v": [1, 2, 3], "year": [2013, 2014, 2014], "place": ["a b", "c/d=é", "a b"]}
    )
    if writer == "pandas":
        frame.to_parquet(tmp_path / "d", partition_cols=["year", "place"])
    elif writer == "pyarrow":
        rows = arrow.Table.from_pandas(frame, preserve_index=False)
        flavor = ds.partitioning(
            arrow.schema([("year", arrow.int64()), ("place", arrow.string())]), flavor="hive"
        )
        ds.write_dataset(rows, tmp_path / "d", format="parquet", partitioning=flavor)
    else:
        duckdb.sql(f"copy frame to '{tmp_path / 'd'}' (format parquet, partition_by (year, place))")
    read = pd.read_parquet(tmp_path / "d")
    table = Table.open(tmp_path, "d")
    rows = table.arrow()
    assert rows.column_names == list(read.columns) == ["v", "year", "place"]
    assert rows["year"].type == arrow.int64()
    assert rows["place"].type == arrow.string()
    assert sorted(rows.to_pylist(), key=str) == sorted(read.to_dict("records"), key=str)
    assert table.loaded().arrow() == rows


def test_values_are_integers_if_all_are_and_decoded_text_otherwise(tmp_path: Path) -> None:
    missing = "__HIVE_DEFAULT_PARTITION__"
    put(
        tmp_path,
        f"n=01/m=-5/k%20e=x%2Fy/e=/g={missing}/h={missing}/p.parquet",
        f"n=12/m=1.5/k%20e=a=b/e=+/g=7/h={missing}/p.parquet",
    )
    assert Table.open(tmp_path, "d").arrow().drop_columns("v").to_pydict() == {
        "n": [1, 12],
        "m": ["-5", "1.5"],
        "k e": ["x/y", "a=b"],
        "e": ["", "+"],
        "g": [None, 7],
        "h": [None, None],
    }


def test_a_contract_says_the_types_of_partitions(tmp_path: Path) -> None:
    put(tmp_path, "n=01/day=2013-01-31/p.parquet", "n=12/day=2013-02-01/p.parquet")
    day = pa.Column("datetime64[us]", pa.Check.ge(pd.Timestamp("2013-01-31")))
    for kind, least in [("int64", 1), ("int32", 1), ("Int64", 1), ("float64", 1.0), ("str", "01")]:
        assert failures(tmp_path, n=pa.Column(kind, pa.Check.ge(least)), day=day) == []
    assert failures(tmp_path, n=pa.Column("category", pa.Check.isin([1, 12]))) == []
    assert failures(tmp_path, n=pa.Column(int, pa.Check.le(11), unique=True)) == [
        ("value-refused", "n")
    ]
    assert failures(tmp_path, day=pa.Column(int)) == [("column-type", "day")]


def test_a_missing_partition_is_a_missing_value(tmp_path: Path) -> None:
    put(tmp_path, "n=1/p.parquet", "n=__HIVE_DEFAULT_PARTITION__/p.parquet")
    assert failures(tmp_path, n=pa.Column(int)) == [("value-missing", "n")]
    assert failures(tmp_path, n=pa.Column("Int64", nullable=True)) == []
    assert failures(tmp_path, n=pa.Column(float, nullable=True)) == []


def test_partitions_are_profiled_drafted_and_compared(tmp_path: Path) -> None:
    put(tmp_path, "n=1/s=x/p.parquet", "n=3/s=y/p.parquet", v=[1.5, None])
    table = Table.open(tmp_path, "d")
    found = profile(table)
    assert [(one.name, one.nulls) for one in found.columns] == [("v", 2), ("n", 0), ("s", 0)]
    assert "n: int " in draft(table)
    assert "s: str = pa.Field(isin=['x', 'y'])" in draft(table)
    assert {one.name for one in drift(of_table(table), found).columns} == {"v", "n", "s"}
    assert [batch.num_rows for batch in table.batches(["n"])] == [2, 2]


def test_an_inspection_profiles_partitions_by_the_types_of_the_contract(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(tmp_path, "n=01/p.parquet", "n=12/p.parquet")
    (tmp_path / "months.py").write_text(
        "import pandera.pandas as pa\nclass Row(pa.DataFrameModel):\n    n: str\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    found = inspect(tmp_path, Subject("t", False, ("d",), "months:Row"), threads=1)
    assert found.verdict
    assert found.verdict.holds
    assert found.profile
    assert {one.name: one.type for one in found.profile.columns}["n"] == "string"


def test_a_column_that_the_files_have_is_read_from_them(tmp_path: Path) -> None:
    put(tmp_path, "n=1/p.parquet", n=[7, 8])
    assert Table.open(tmp_path, "d").arrow().to_pydict() == {"n": [7, 8]}


def test_a_folder_inside_and_a_file_inside_have_the_partitions_below_them(tmp_path: Path) -> None:
    put(tmp_path, "n=1/m=2/p.parquet")
    assert Table.open(tmp_path, "d/n=1").columns.names == ["v", "m"]
    assert Table.open(tmp_path, "d/n=1/m=2/p.parquet").columns.names == ["v"]


@pytest.mark.parametrize(
    "other", ["p.parquet", "m=1/p.parquet", "n=1/m=1/p.parquet", "x/p.parquet"]
)
def test_folders_of_other_names_are_a_problem(tmp_path: Path, other: str) -> None:
    put(tmp_path, "n=0/p.parquet", other)
    problem = refused(tmp_path)
    assert problem.code == "partitions-differ"
    assert "`n`" in problem.message
    assert problem.where in (Where(f"d/{other}"), Where("d/n=0/p.parquet"))


def test_the_order_of_folders_does_not_matter(tmp_path: Path) -> None:
    put(tmp_path, "n=0/m=1/p.parquet", "m=2/n=3/p.parquet")
    rows = Table.open(tmp_path, "d").arrow().select(["m", "n"]).to_pylist()
    assert rows == [{"m": 2, "n": 3}, {"m": 1, "n": 0}]


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("n=1/n=2/p.parquet", "repeated-header"),
        ("n=%ff/p.parquet", "bad-encoding"),
    ],
)
def test_folders_that_are_no_columns_are_a_problem(tmp_path: Path, name: str, code: str) -> None:
    put(tmp_path, name)
    assert refused(tmp_path).code == code
