"""Every table of odd bytes ends in a problem that names its file, and never in a traceback."""

import contextlib
import gzip
from pathlib import Path

import pyarrow as pa
import pyarrow.ipc as ipc
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stagebook.data.contracts.draft import draft
from stagebook.data.profiles.profiling import profile
from stagebook.data.tables import outline
from stagebook.data.tables.table import Table
from stagebook.project.errors import StagebookError

DEEP = 200_000
LINES = b"a,b\n" + b"1,2\n" * 100_000


def damaged_parquet(head: int, tail: int) -> bytes:
    """A Parquet file whose middle is overwritten."""
    sink = pa.BufferOutputStream()
    pq.write_table(pa.table({"a": list(range(1000))}), sink)
    whole = bytes(sink.getvalue().to_pybytes())
    return whole[:head] + b"\xff" * (len(whole) - head - tail) + whole[len(whole) - tail :]


@pytest.mark.parametrize(
    ("name", "content", "code", "line"),
    [
        ("utf16.csv", "a,b\n1,2\n".encode("utf-16"), "bad-encoding", 1),
        ("latin.csv", b"a,b\n1,\xe9\n", "bad-encoding", 2),
        ("binary.csv", bytes(range(256)), "bad-encoding", 2),
        ("ragged.csv", b"a,b\n1,2\n1,2,3\n", "ragged-lines", 3),
        ("ragged_cr.csv", b"a,b\r1,2\r1,2,3\r", "ragged-lines", 3),
        ("empty.csv", b"", "empty-file", None),
        ("blank.csv", b"\n\n", "empty-file", None),
        ("wide.csv", b"x" * 100_000, "bad-csv", None),
        ("huge.csv", b"a,b\n1," + b"x" * 40_000_000 + b"\n", "bad-csv", None),
        ("semicolons.csv", b"a;b\n1,5;2\n", "wrong-delimiter", None),
        ("tabs.csv", b"a\tb\n1\t2\n", "wrong-delimiter", None),
        ("commas.tsv", b"a,b\n1,2\n", "wrong-delimiter", None),
        ("cut.csv.gz", gzip.compress(LINES)[:-20], "bad-csv", None),
        ("garbage.csv.gz", b"\x1f\x8b\x08\x00garbagegarbagegarbage", "bad-csv", None),
        ("cut.jsonl.gz", gzip.compress(b'{"a":1}\n' * 10_000)[:-9], "bad-json-line", 1),
        ("lists.jsonl", b'{"a":' + b"[" * DEEP + b"]" * DEEP + b"}\n", "bad-json-line", 1),
        ("objects.jsonl", b'{"a":' * DEEP + b"1" + b"}" * DEEP, "bad-json-line", 1),
        ("half.jsonl", b'{"a":1}\n{"a":"\\ud800"}\n', "bad-encoding", 2),
        ("none.parquet", b"PAR1" + b"\0" * 100, "bad-parquet", None),
        ("middle.parquet", damaged_parquet(4, 2000), "bad-parquet", None),
        ("head.parquet", damaged_parquet(4, 5500), "bad-parquet", None),
    ],
)
def test_odd_bytes_are_a_problem_of_their_file(
    tmp_path: Path, name: str, content: bytes, code: str, line: int | None
) -> None:
    (tmp_path / name).write_bytes(content)
    for read in (profile, draft):
        with pytest.raises(StagebookError) as error:
            read(Table.open(tmp_path, name))
        [problem] = error.value.problems
        assert problem.code == code
        assert problem.where
        assert problem.where.file == name
        assert line is None or problem.where.line == line


@pytest.mark.parametrize(
    ("name", "line", "code"),
    [("t.csv.gz", b"1\n", "bad-csv"), ("t.jsonl.gz", b'{"a":1}\n', "bad-json-line")],
)
def test_packed_text_that_grows_on_reading_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, line: bytes, code: str
) -> None:
    monkeypatch.setattr(outline, "GROWN", 2**20)
    (tmp_path / name).write_bytes(gzip.compress(line * 1_000_000, 9))
    with pytest.raises(StagebookError, match="500") as error:
        profile(Table.open(tmp_path, name))
    assert error.value.problems[0].code == code


def test_packed_text_that_was_cut_off_says_so(tmp_path: Path) -> None:
    (tmp_path / "t.csv.gz").write_bytes(gzip.compress(LINES)[:-8] + b"\xff" * 4)
    with pytest.raises(StagebookError, match="ended before") as error:
        Table.open(tmp_path, "t.csv.gz")
    assert error.value.problems[0].code == "bad-csv"


def test_lines_may_end_in_a_carriage_return_alone(tmp_path: Path) -> None:
    (tmp_path / "old.csv").write_bytes(b"a,b\r1,2\r3,4\r")
    (tmp_path / "mixed.csv").write_bytes(b"\xef\xbb\xbfa,b\n1,2\r3,4\r\n")
    for name in ("old.csv", "mixed.csv"):
        assert Table.open(tmp_path, name).arrow().to_pydict() == {"a": [1, 3], "b": [2, 4]}


def test_a_column_of_texts_with_semicolons_is_one_column(tmp_path: Path) -> None:
    (tmp_path / "notes.csv").write_bytes(b"notes; free\none\ntwo; three; four\n")
    assert Table.open(tmp_path, "notes.csv").columns.names == ["notes; free"]


@pytest.mark.parametrize("kind", ["numbers", "texts"])
def test_parquet_that_grows_on_reading_is_refused_by_its_footer(tmp_path: Path, kind: str) -> None:
    rows = 20_000_000 if kind == "numbers" else 20_000
    values = pa.array([7]) if kind == "numbers" else pa.array(["x" * 50_000])
    column = pa.DictionaryArray.from_arrays(pa.nulls(rows, pa.int32()).fill_null(0), values)
    plain = pa.table({"a": column.cast(pa.int64()) if kind == "numbers" else column})
    pq.write_table(plain, tmp_path / "t.parquet", compression="zstd", store_schema=False)
    with pytest.raises(StagebookError) as error:
        Table.open(tmp_path, "t.parquet")
    assert error.value.problems[0].code == "grows-on-reading"


def arrow_bytes(name: str, rows: pa.Table, compression: str | None) -> bytes:
    """A table in Arrow's format: as a file, or as a stream if it is named so."""
    new = ipc.new_stream if name.startswith("stream") else ipc.new_file
    sink = pa.BufferOutputStream()
    with new(sink, rows.schema, options=ipc.IpcWriteOptions(compression=compression)) as writer:
        writer.write_table(rows)
    return bytes(sink.getvalue().to_pybytes())


@pytest.mark.parametrize("name", ["file.feather", "stream.arrow"])
@pytest.mark.parametrize("kind", ["numbers", "lists", "dictionary", "nothing"])
def test_feather_that_grows_on_reading_is_refused_without_unpacking_it(
    tmp_path: Path, kind: str, name: str
) -> None:
    zeros = pa.nulls(10_000_000, pa.int64()).fill_null(0)
    values = {
        "numbers": zeros,
        "lists": pa.ListArray.from_arrays(pa.array([0, len(zeros)], pa.int32()), zeros),
        "dictionary": pa.DictionaryArray.from_arrays(pa.array([0, 1], pa.int32()), zeros),
        "nothing": pa.nulls(2**30),
    }
    rows = pa.table({"a": values[kind]})
    (tmp_path / name).write_bytes(arrow_bytes(name, rows, "zstd"))
    before = pa.total_allocated_bytes()
    with pytest.raises(StagebookError) as error:
        Table.open(tmp_path, name)
    [problem] = error.value.problems
    assert problem.code == "grows-on-reading"
    assert problem.where
    assert problem.where.file == name
    assert pa.total_allocated_bytes() - before < 2**20


ORDINARY = pa.table(
    {
        "n": [1, 2, None] * 300,
        "s": ["x", "yyy", ""] * 300,
        "c": pa.array(["u", "v", "w"] * 300).dictionary_encode(),
        "l": [[1], [], [2, 3]] * 300,
        "b": [{"q": True, "z": None}] * 900,
        "e": pa.nulls(900),
    }
)


@pytest.mark.parametrize("name", ["file.feather", "stream.arrow"])
@pytest.mark.parametrize("compression", [None, "lz4", "zstd"])
def test_the_size_of_feather_is_that_of_its_rows(
    tmp_path: Path, name: str, compression: str | None
) -> None:
    (tmp_path / name).write_bytes(arrow_bytes(name, ORDINARY, compression))
    table = Table.open(tmp_path, name)
    assert table.rows == ORDINARY.num_rows
    assert ORDINARY.nbytes <= table.size <= 1.1 * ORDINARY.nbytes
    assert table.arrow() == ORDINARY


@pytest.mark.parametrize("name", ["file.feather", "stream.arrow"])
@given(data=st.data())
@settings(max_examples=150, deadline=None)
def test_feather_with_changed_bytes_is_a_table_or_a_problem(
    tmp_path_factory: pytest.TempPathFactory, name: str, data: st.DataObject
) -> None:
    content = bytearray(arrow_bytes(name, ORDINARY, "lz4"))
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    folder = tmp_path_factory.mktemp("odd")
    (folder / name).write_bytes(content[: data.draw(st.integers(1, len(content)))])
    with contextlib.suppress(StagebookError):
        assert Table.open(folder, name).size >= 0
