"""Texts, booleans, other kinds, and tables of every sort."""

import subprocess
import sys
from dataclasses import replace

import pyarrow as pa
import pyarrow.feather
import pyarrow.parquet as pq
import pytest

from stagebook.data.profiles.column import MOST_VALUES, Booleans, ColumnKind, Texts
from stagebook.data.profiles.merge import merge
from stagebook.data.profiles.profile import Profile, render
from stagebook.data.profiles.profiling import profile
from stagebook.data.profiles.sketch import Sketch
from stagebook.data.tables.table import Table
from stagebook.project.errors import StagebookError


def profiled(folder, table, name="t.parquet", reference=None) -> Profile:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(table, path)
    return profile(Table.open(folder, name), reference)


def texts(folder, values) -> Texts:
    detail = profiled(folder, pa.table({"x": values})).columns[0].detail
    assert isinstance(detail, Texts)
    return detail


def test_texts_are_counted_with_their_lengths_in_characters(tmp_path):
    found = texts(tmp_path, ["é", "é", "naïve", "", None, "日本"])
    assert found.counts == {"": 1, "naïve": 1, "é": 2, "日本": 1}
    assert (found.values, found.distinct) == (5, 4)
    assert (found.shortest, found.longest, found.mean_length) == (0, 5, 9 / 5)
    assert found.note == ""


def test_the_top_is_ordered_by_count_and_then_by_name(tmp_path):
    found = texts(tmp_path, [f"{n:02}" for n in range(60)] + ["07"])
    assert found.top(3) == (("07", 2), ("00", 1), ("01", 1))
    assert found.rest == 10


@pytest.mark.parametrize("values", [pa.array([None, None], pa.string()), pa.array([], pa.string())])
def test_without_texts_there_is_nothing_to_count(tmp_path, values):
    found = texts(tmp_path, values)
    assert (found.counts, found.values, found.distinct) == ({}, 0, 0)
    assert (found.shortest, found.longest, found.mean_length) == (None, None, None)


def test_categories_are_texts_whatever_their_values(tmp_path):
    assert texts(tmp_path, pa.array(["a", "b", "a"]).dictionary_encode()).counts == {"a": 2, "b": 1}
    numbered = pa.table({"x": pa.array([30, 4, 30]).dictionary_encode()})
    pa.feather.write_feather(numbered, tmp_path / "t.feather")
    (column,) = profile(Table.open(tmp_path, "t.feather")).columns
    assert column.detail.counts == {"30": 2, "4": 1}


def test_the_last_number_of_values_that_is_counted(tmp_path):
    assert len(texts(tmp_path, [str(n) for n in range(MOST_VALUES)]).counts) == MOST_VALUES


@pytest.mark.parametrize("distinct", [MOST_VALUES + 1, 100_000])
def test_beyond_ten_thousand_values_their_number_is_an_estimate(tmp_path, distinct):
    found = texts(tmp_path, [f"id {n}" for n in range(distinct)])
    assert found.counts is None
    assert found.distinct == pytest.approx(distinct, rel=0.12)
    assert found.top() == ()
    assert found.rest == distinct
    assert "more than 10,000 different values" in found.note
    assert (found.shortest, found.longest) == (4, len(f"id {distinct - 1}"))


def test_texts_of_a_million_characters_are_not_kept(tmp_path):
    found = texts(tmp_path, ["x" * 600_000, "y" * 600_000])
    assert found.counts is None
    assert found.distinct == 2


def test_sketches_of_two_versions_merge_to_no_estimate_and_say_so():
    (one, other) = (Sketch((1, 2), hasher) for hasher in ("duckdb 1", "duckdb 2"))
    assert one.merged(other) is None
    merged = Texts(None, None, 9, 1, 2, 12)
    assert merged.distinct is None
    assert "of DuckDB" in merged.note


def test_counted_values_merge_with_hashes_of_the_same_version_only(tmp_path):
    many = texts(tmp_path, [f"id {n}" for n in range(MOST_VALUES + 1)])
    few = profiled(tmp_path, pa.table({"x": ["new", "id 7"]}))
    foreign = replace(many, sketch=Sketch((1, 2), "duckdb 1"))
    merged = [
        merge([few, replace(few, columns=(replace(few.columns[0], detail=one),))]).columns[0].detail
        for one in (many, foreign)
    ]
    assert [one.counts for one in merged] == [None, None]
    assert (
        merged[0].distinct == texts(tmp_path, [f"id {n}" for n in range(10_001)] + ["new"]).distinct
    )
    assert merged[1].distinct is None


def test_few_texts_and_numbers_need_neither_duckdb_nor_pandas(tmp_path):
    times = pa.array([0, None, 1], pa.timestamp("ms"))
    columns = {"x": ["a", "b", None], "real": [0.5, None, 1.0], "time": times}
    pq.write_table(pa.table(columns), tmp_path / "t.parquet")
    script = """
import pathlib, sys
from stagebook.data.profiles.profiling import profile
from stagebook.data.tables.table import Table
print(profile(Table.open(pathlib.Path.cwd(), "t.parquet")).columns[0].detail.counts)
print(sorted({"duckdb", "pandas"} & set(sys.modules)))
"""
    ran = subprocess.run(
        [sys.executable, "-c", script], cwd=tmp_path, capture_output=True, text=True
    )
    assert ran.stdout.splitlines() == ["{'a': 1, 'b': 1}", "[]"], ran.stderr


def test_booleans_and_kinds_that_are_not_looked_into(tmp_path):
    table = pa.table(
        {
            "flag": [True, None, False, True],
            "list": [[1], None, [], [2]],
            "struct": [{"a": 1}, None, None, {"a": 2}],
            "bytes": [b"\xff", None, None, b""],
            "null": pa.nulls(4),
        }
    )
    found = profiled(tmp_path, table)
    assert found.columns[0].detail == Booleans(true=2, false=1)
    assert [column.nulls for column in found.columns] == [1, 1, 2, 2, 4]
    assert {column.kind for column in found.columns[1:]} == {ColumnKind.OTHER}


TABLE = pa.table(
    {
        "number": [1.5, None, 3.25],
        "whole": [3, 1, 2],
        "text": ["a", None, "b"],
        "flag": [True, False, None],
    }
)


def test_a_table_has_the_same_profile_in_every_format(tmp_path):
    expected = render(profiled(tmp_path, TABLE))
    pa.feather.write_feather(TABLE, tmp_path / "t.feather")
    (tmp_path / "t.csv").write_text(
        "number,whole,text,flag\n1.5,3,a,true\n,1,,false\n3.25,2,b,\n", encoding="utf-8"
    )
    (tmp_path / "t.jsonl").write_text(
        '{"number":1.5,"whole":3,"text":"a","flag":true}\n'
        '{"number":null,"whole":1,"text":null,"flag":false}\n'
        '{"number":3.25,"whole":2,"text":"b","flag":null}\n',
        encoding="utf-8",
    )
    for name in ("t.feather", "t.csv", "t.jsonl"):
        assert render(profile(Table.open(tmp_path, name))) == expected, name


def test_feather_keeps_types_that_parquet_has_not(tmp_path):
    table = pa.table(
        {
            "category": pa.array(["a", "b", "a"]).dictionary_encode(),
            "span": pa.array([1, 2, 3], pa.duration("s")),
            "interval": pa.array([(1, 2, 3), None, (0, 0, 0)], pa.month_day_nano_interval()),
        }
    )
    pa.feather.write_feather(table, tmp_path / "t.feather")
    category, span, interval = profile(Table.open(tmp_path, "t.feather")).columns
    assert category.detail.counts == {"a": 2, "b": 1}
    assert span.detail.mean == 2_000_000
    assert interval.nulls == 1


@pytest.mark.parametrize(
    "name", ["it's.parquet", "a[1]*?/{b}.parquet", "year=2013/t.parquet", "ü x/t.parquet"]
)
def test_the_name_of_a_file_leaves_no_trace(tmp_path, name):
    assert render(profiled(tmp_path, TABLE, name)) == render(profiled(tmp_path, TABLE))


@pytest.mark.parametrize("names", [["x", "X"], ['a"b', "a b"], ["file_row_number", "filename"]])
def test_columns_may_have_any_name(tmp_path, names):
    table = pa.table([[1, 2, 3], [2.5, None, 1.0]], names=names)
    first, second = profiled(tmp_path, table).columns
    assert [first.name, second.name] == names
    assert (first.detail.maximum, second.detail.maximum, second.nulls) == (3, 2.5, 1)


def test_a_table_without_columns_has_a_profile(tmp_path):
    assert profiled(tmp_path, pa.table({})).columns == ()


def test_the_working_folder_stays_as_it_is(tmp_path, monkeypatch):
    work = tmp_path / "work"
    work.mkdir()
    monkeypatch.chdir(work)
    profiled(tmp_path, TABLE)
    assert list(work.iterdir()) == []


def test_the_grids_of_a_reference_are_taken_over_and_other_columns_get_their_own(tmp_path):
    reference = profiled(tmp_path, pa.table({"a": [1.0, 9.0], "b": [1, 2], "c": ["x", "y"]}))
    table = pa.table({"a": [100.0, 200.0], "c": [5, 6], "d": [0.5, 0.75]})
    a, c, d = profiled(tmp_path, table, "u.parquet", reference).columns
    assert a.detail.grid == reference.column("a").detail.grid
    assert a.detail.counts[-1] == 2
    assert c.detail.counts == (0, 1, 1, 0)
    assert d.detail.minimum == 0.5


@pytest.mark.parametrize(
    "other",
    [
        pa.table({"a": [1.0, 2.0], "b": [1, 2]}),
        pa.table({"b": [1.0, 2.0]}),
        pa.table({"a": [1, 2]}),
        pa.table({"a": [1.0, 200.0]}),
    ],
    ids=["one more", "another name", "another type", "another grid"],
)
def test_profiles_that_do_not_fit_are_not_merged(tmp_path, other):
    first = profiled(tmp_path, pa.table({"a": [1.0, 2.0]}))
    with pytest.raises(StagebookError) as caught:
        merge([first, profiled(tmp_path, other, "u.parquet")])
    assert {one.code for one in caught.value.problems} == {"profile-columns"}
    assert all(one.hint for one in caught.value.problems)


@pytest.mark.parametrize("rows", [1, 30_000])
def test_bytes_that_are_no_text_are_told_with_the_table_and_the_column(tmp_path, rows):
    values = pa.array([b"caf\xe9", *(b"%d" % n for n in range(rows))])
    with pytest.raises(StagebookError) as caught:
        profiled(tmp_path, pa.table({"name": values.view(pa.string())}))
    (problem,) = caught.value.problems
    assert (problem.code, problem.where.file) == ("no-profile", "t.parquet")
    assert "`name`" in problem.message
