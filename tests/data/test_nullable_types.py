"""A column that pandas did not write has the nullable type of pandas that a contract asks for."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import pandera.pandas as pa
import pyarrow as arrow
import pyarrow.feather as feather
import pyarrow.parquet as pq
import pytest

from stagebook.data.contracts.check import check
from stagebook.data.contracts.contract import Contract
from stagebook.data.tables.table import Table

BIG = 2**53 + 1
ROWS = arrow.table(
    {
        "whole": arrow.array([BIG, None, 3], arrow.int64()),
        "small": arrow.array([1, None, 3], arrow.int16()),
        "flag": arrow.array([True, None, False]),
        "decimal": arrow.array([1.5, None, 2.5]),
        "text": arrow.array(["x", None, "y"]),
        "full": arrow.array([1, 2, 3], arrow.int64()),
        "none": arrow.nulls(3),
    }
)


def by_duckdb(rows: arrow.Table, path: Path) -> None:
    assert rows.num_rows
    duckdb.sql(f"copy rows to '{path}' (format parquet)")


def by_polars(rows: arrow.Table, path: Path) -> None:
    """Writes long texts, as Polars does, in small row groups."""
    fields = [
        one.with_type(arrow.large_string()) if arrow.types.is_string(one.type) else one
        for one in rows.schema
    ]
    pq.write_table(rows.cast(arrow.schema(fields)), path, row_group_size=1)


WRITERS: dict[str, tuple[str, Callable[[arrow.Table, Path], None]]] = {
    "pyarrow": ("t.parquet", pq.write_table),
    "duckdb": ("t.parquet", by_duckdb),
    "polars": ("t.parquet", by_polars),
    "feather": ("t.feather", feather.write_feather),
}


def failures(root: Path, name: str, **columns: Any) -> list[tuple[str, str | None, int | None]]:
    """What the table breaks of a contract, held, whole and in pieces."""
    contract = Contract("c:C", pa.DataFrameSchema(columns))
    table = Table.open(root, name)
    verdicts = [check(table, contract), check(table, contract, 0), check(table.loaded(), contract)]
    first, *others = [[(f.code, f.column, f.failed) for f in v.failures] for v in verdicts]
    assert others == [first, first]
    return first


@pytest.mark.parametrize("writer", WRITERS)
def test_the_frame_has_the_type_that_the_contract_asks_for(tmp_path: Path, writer: str) -> None:
    name, write = WRITERS[writer]
    write(ROWS, tmp_path / name)
    seen: dict[str, set[str]] = {}

    def column(kind: Any, name: str) -> Any:
        def see(series: Any) -> bool:
            seen.setdefault(name, set()).add(str(series.dtype))
            return True

        return pa.Column(kind, pa.Check(see), nullable=True)

    kinds: dict[str, Any] = {
        "whole": "Int64",
        "small": "Int32",
        "flag": "boolean",
        "decimal": "Float64",
        "text": pd.StringDtype("python"),
        "full": "Int64",
        "none": "Int64",
    }
    kinds = {key: column(kind, key) for key, kind in kinds.items()}
    if writer == "duckdb":  # which has no type of nothing
        kinds["none"] = column("Int32", "none")
    assert failures(tmp_path, name, **kinds) == []
    types = {key: str(one.dtype.type) for key, one in kinds.items()}
    assert seen == {key: {type_} for key, type_ in types.items()}


@pytest.mark.parametrize("writer", WRITERS)
def test_values_are_exact_and_gaps_are_counted(tmp_path: Path, writer: str) -> None:
    name, write = WRITERS[writer]
    write(ROWS, tmp_path / name)
    exact = pa.Column("Int64", pa.Check.isin([BIG, 3]))
    assert failures(tmp_path, name, whole=exact) == [("value-missing", "whole", 1)]
    short = pa.Column("Int64", pa.Check.isin([BIG - 1, 3]), nullable=True)
    assert failures(tmp_path, name, whole=short) == [("value-refused", "whole", 1)]


def test_a_model_of_nullable_types_holds(tmp_path: Path) -> None:
    class Row(pa.DataFrameModel):
        whole: pd.Int64Dtype = pa.Field(nullable=True, unique=True)
        flag: pd.BooleanDtype = pa.Field(nullable=True)
        text: pd.StringDtype = pa.Field(nullable=True, isin=["x", "y"])

    by_duckdb(ROWS, tmp_path / "t.parquet")
    columns = Row.to_schema().columns
    assert failures(tmp_path, "t.parquet", **columns) == []


def test_values_that_do_not_fit_the_type_are_named(tmp_path: Path) -> None:
    pq.write_table(arrow.table({"n": [1, 300, None]}), tmp_path / "t.parquet")
    found = failures(tmp_path, "t.parquet", n=pa.Column("Int8", nullable=True))
    assert found == [("column-type", "n", 1)]


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        ([1.0, 2.0], "Int64"),
        ([1, 0], "boolean"),
        (["1"], "Int64"),
        ([1], "string"),
        ([1], "Float64"),
    ],
)
def test_values_of_another_kind_are_refused(tmp_path: Path, values: list[Any], kind: str) -> None:
    pq.write_table(arrow.table({"n": values}), tmp_path / "t.parquet")
    ((code, column, _),) = failures(tmp_path, "t.parquet", n=pa.Column(kind, nullable=True))
    assert (code, column) == ("column-type", "n")


def test_a_type_that_pandas_wrote_is_the_one_that_counts(tmp_path: Path) -> None:
    flag = pa.Column("boolean", nullable=True)
    pd.DataFrame({"flag": [True, None]}, dtype=object).to_parquet(tmp_path / "t.parquet")
    ((code, _, _),) = failures(tmp_path, "t.parquet", flag=flag)
    assert code == "column-type"
    pd.DataFrame({"flag": pd.array([True, None])}).to_parquet(tmp_path / "t.parquet")
    assert failures(tmp_path, "t.parquet", flag=flag) == []


def test_whole_numbers_with_gaps_stay_refused_as_plain_integers(tmp_path: Path) -> None:
    pq.write_table(arrow.table({"n": [1, None]}), tmp_path / "t.parquet")
    found = failures(tmp_path, "t.parquet", n=pa.Column(int, nullable=True))
    assert [(code, column) for code, column, _ in found] == [("column-type", "n")]
