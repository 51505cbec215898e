"""A table on disk is read in bounded pieces, or says in which file and line it cannot be."""

import gzip
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import refusals

from stagebook.data.tables import table as tables
from stagebook.data.tables.formats import TableFormat
from stagebook.data.tables.table import Table, is_table
from stagebook.project.errors import Problem, Where


def put(root: Path, name: str, data: bytes) -> str:
    (root / name).parent.mkdir(parents=True, exist_ok=True)
    (root / name).write_bytes(data)
    return name


def refused(root: Path, path: str) -> Problem:
    return refusals.problem(lambda: Table.open(root, path).arrow())


@pytest.mark.parametrize(
    "name", ["a.parquet", "A.PQ", "a.csv", "a.csv.gz", "a.tsv", "a.feather", "a.arrow", "a.jsonl"]
)
def test_a_name_tells_a_table(name: str, tmp_path: Path) -> None:
    assert is_table(name, tmp_path)


@pytest.mark.parametrize("name", ["a.json", "a.txt", "a.gz", "parquet", "a.csv.zip"])
def test_other_names_are_no_tables(name: str, tmp_path: Path) -> None:
    assert not is_table(name, tmp_path)


def test_a_folder_of_parquet_is_a_table_in_the_order_of_its_names(tmp_path: Path) -> None:
    for position, name in enumerate(["d/a/2.parquet", "d/a/1.parquet", "d/0.pq"]):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        pd.DataFrame({"x": [position]}).to_parquet(tmp_path / name)
    for hidden in ("d/.tmp.parquet", "d/_metadata", "d/_old/1.parquet", "d/notes.txt"):
        put(tmp_path, hidden, b"x")
    assert is_table("d", tmp_path)
    assert Table.open(tmp_path, "d").arrow()["x"].to_pylist() == [2, 1, 0]


def test_a_folder_without_parquet_is_no_table(tmp_path: Path) -> None:
    put(tmp_path, "d/a.txt", b"x")
    assert not is_table("d", tmp_path)
    assert refused(tmp_path, "d").code == "no-parts"


@pytest.mark.parametrize(
    ("name", "data", "code", "line"),
    [
        ("a.csv", b"", "empty-file", None),
        ("a.csv", b"\n\n", "empty-file", None),
        ("a.csv", b"PAR1....PAR1", "wrong-extension", None),
        ("a.csv", gzip.compress(b"a\n1\n", mtime=0), "wrong-extension", None),
        ("a.parquet", b"a,b\n1,2\n", "wrong-extension", None),
        ("a.parquet", b"PAR1\x15\x04\x15", "bad-parquet", None),
        ("a.feather", b"ARROW1\x00\x00....", "bad-feather", None),
        ("a.csv", b"a,b\n1,2\n3,\xe9\n", "bad-encoding", 3),
        ("a.csv", b"a,\xe9\n1,2\n", "bad-encoding", 1),
        ("a.csv", b"a,b\n1,2\n3\n", "ragged-lines", 3),
        ("a.csv", b'a,b\n1,"2\n2"\n3,4,5\n', "ragged-lines", 4),
        ("a.csv", b"a,b,a\n1,2,3\n", "repeated-header", None),
        ("a.csv.gz", gzip.compress(b"a,b\n1,2\n" * 99, mtime=0)[:-12], "bad-csv", None),
        ("a.jsonl", b'{"a": 1}\n{"a": \n', "bad-json-line", 2),
        ("a.jsonl", b'{"a": 1}\n\n[1]\n', "bad-json-line", 3),
        ("a.jsonl", b'{"a": 1}\n{"a": 1, "a": 2}\n', "bad-json-line", 2),
        ("a.jsonl", b'{"a": 1}\n{"a": 1} {"a": 2}\n', "bad-json-line", 2),
        ("a.jsonl", b'{"a": 1}\n{"a": "\xff"}\n', "bad-encoding", 2),
    ],
)
def test_what_cannot_be_read_says_why_and_where(
    name: str, data: bytes, code: str, line: int | None, tmp_path: Path
) -> None:
    problem = refused(tmp_path, put(tmp_path, name, data))
    assert (problem.code, problem.where) == (code, Where(name, line=line))
    assert problem.hint


def test_a_file_that_is_not_there_is_a_problem(tmp_path: Path) -> None:
    assert refused(tmp_path, "a.parquet").code == "no-table"


def test_a_file_of_another_kind_is_a_problem(tmp_path: Path) -> None:
    assert refused(tmp_path, put(tmp_path, "a.xlsx", b"PK")).code == "no-table-format"


@pytest.mark.parametrize("other", [{"b": [1]}, {"a": ["x"]}, {"a": [1], "b": [1]}])
def test_parts_with_other_columns_are_a_problem(other: dict[str, list[object]], tmp_path: Path):
    (tmp_path / "d").mkdir()
    pd.DataFrame({"a": [1]}).to_parquet(tmp_path / "d/1.parquet")
    pd.DataFrame(other).to_parquet(tmp_path / "d/2.parquet")
    problem = refused(tmp_path, "d")
    assert (problem.code, problem.where) == ("parts-differ", Where("d/2.parquet"))


def test_a_part_without_any_value_fits_the_others(tmp_path: Path) -> None:
    pd.DataFrame({"a": [None]}).to_parquet(tmp_path / "1.parquet")
    pd.DataFrame({"a": [1.5]}).to_parquet(tmp_path / "2.parquet")
    table = Table.open_all(tmp_path, ["1.parquet", "2.parquet"])
    assert table.path == "1.parquet and 1 more"
    assert (table.rows, table.arrow()["a"].to_pylist()) == (2, [None, 1.5])


def test_a_list_of_one_table_has_one_format(tmp_path: Path) -> None:
    put(tmp_path, "a.csv", b"a\n1\n")
    pd.DataFrame({"a": [1]}).to_parquet(tmp_path / "a.parquet")
    problem = refusals.problem(Table.open_all, tmp_path, ["a.csv", "a.parquet"])
    assert problem.code == "parts-differ"
    assert "CSV" in problem.message
    assert "Parquet" in problem.message


@pytest.mark.parametrize("text", ["a,b\n", "a,b", "\ufeffa,b\r\n"])
def test_a_header_alone_is_a_table_without_rows(text: str, tmp_path: Path) -> None:
    table = Table.open(tmp_path, put(tmp_path, "a.csv", text.encode()))
    assert (table.columns.names, table.rows, table.arrow().num_rows) == (["a", "b"], 0, 0)


def test_cells_of_csv_tell_their_columns_types(tmp_path: Path) -> None:
    text = b"i,f,b,d,t,s,e\n1,1,true,2013-01-01,2013-01-01 05:00,x,\n2,2.5,false,2013-01-02,,1,\n"
    table = Table.open(tmp_path, put(tmp_path, "a.csv", text))
    types = [str(one) for one in table.columns.types]
    assert types == [
        "int64", "double", "bool", "date32[day]", "timestamp[us]", "string", "string",
    ]  # fmt: skip
    assert table.arrow()["t"].null_count == 1


def test_a_contract_types_csv(tmp_path: Path) -> None:
    name = put(tmp_path, "a.csv", b"a,b\n1,01\n2,02\n")
    table = Table.open(tmp_path, name, {"a": pa.float32(), "b": pa.string()})
    assert table.arrow().to_pylist() == [{"a": 1.0, "b": "01"}, {"a": 2.0, "b": "02"}]


def test_a_cell_that_is_not_of_its_type_says_its_row(tmp_path: Path) -> None:
    table = Table.open(tmp_path, put(tmp_path, "a.csv", b"a\n1\nx\n"), {"a": pa.int64()})
    problem = refusals.problem(table.arrow)
    assert problem.code == "bad-value"
    assert all(word in problem.message for word in ("`a`", "row 2", "'x'"))


def test_a_quoted_empty_cell_is_text_and_an_unquoted_one_is_missing(tmp_path: Path) -> None:
    table = Table.open(tmp_path, put(tmp_path, "a.csv", b'a,b\n"",\n'))
    assert table.arrow().to_pylist() == [{"a": "", "b": None}]


def test_raw_csv_is_text(tmp_path: Path) -> None:
    raw = Table.open(tmp_path, put(tmp_path, "a.csv", b"a\n007\n")).raw()
    assert raw.arrow()["a"].to_pylist() == ["007"]


def test_keys_of_all_json_lines_are_columns(tmp_path: Path) -> None:
    text = b'{"a": 1, "m": 1}\n\n{"a": 2.5, "b": "x", "m": "y"}\n'
    table = Table.open(tmp_path, put(tmp_path, "a.jsonl", text))
    assert table.arrow().to_pylist() == [
        {"a": 1.0, "m": "1", "b": None},
        {"a": 2.5, "m": "y", "b": "x"},
    ]


def test_batches_hold_a_million_cells_at_most(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tables, "CELLS", 100)
    frame = pd.DataFrame({"a": range(120), "b": range(120)})
    frame.to_parquet(tmp_path / "a.parquet")
    frame.to_feather(tmp_path / "a.feather")
    frame.to_csv(tmp_path / "a.csv", index=False)
    frame.to_json(tmp_path / "a.jsonl", orient="records", lines=True)
    for name in ("a.parquet", "a.feather", "a.csv", "a.jsonl"):
        table = Table.open(tmp_path, name)
        assert [batch.num_rows for batch in table.batches()] == [50, 50, 20]
        assert [batch.num_rows for batch in table.batches(["b"])] == [100, 20]
        assert table.arrow().to_pandas().equals(frame)


def test_a_parquet_file_says_its_rows_without_being_read(tmp_path: Path) -> None:
    pq.write_table(pa.table({"a": range(10)}), tmp_path / "a.parquet", row_group_size=3)
    table = Table.open(tmp_path, "a.parquet")
    assert (table.rows, table.format, table.size >= 80) == (10, TableFormat.PARQUET, True)


def test_texts_of_few_values_are_held_as_a_list_of_these_and_given_out_as_texts(tmp_path: Path):
    few = pa.array(["a", None, "b"] * 100, pa.large_string())
    rows = pa.table({"few": few, "many": [f"{n:>500}" for n in range(300)], "number": range(300)})
    for name in ("one.parquet", "two.parquet"):
        pq.write_table(rows, tmp_path / name, row_group_size=70)
    table = Table.open_all(tmp_path, ["one.parquet", "two.parquet"])
    assert table.listed == {"few", "many"}
    held = table.loaded()
    assert held.memory is not None
    assert pa.types.is_dictionary(held.memory.schema.field("few").type)
    assert held.arrow().equals(pa.concat_tables([rows, rows]))


def test_texts_of_many_values_are_held_as_they_are(tmp_path: Path):
    rows = pa.table({"many": [f"{n:>500}" for n in range(3000)]})
    pq.write_table(rows, tmp_path / "one.parquet")
    pq.write_table(rows.slice(0, 3), tmp_path / "two.parquet")
    assert not Table.open_all(tmp_path, ["one.parquet", "two.parquet"]).listed


def test_texts_without_a_list_are_held_as_they_are(tmp_path: Path):
    rows = pa.table({"plain": ["a", "b"] * 50})
    pq.write_table(rows, tmp_path / "plain.parquet", use_dictionary=False)
    assert not Table.open(tmp_path, "plain.parquet").listed
