"""Bodies of requests: the formats that are read, and the refusals of the others."""

import contextlib
import io
import json
import subprocess
import sys
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st
from mlflow.utils.proto_json_utils import dump_input_data
from served_columns import problems, refusal

from stagebook.data.tables.parquet_metadata import ParquetMetadata
from stagebook.serving.input import parquet_body
from stagebook.serving.input.body import CSV, JSON, PARQUET, Rows, parse
from stagebook.serving.input.parquet_pages import unpacked_size

NAMES = ["a", "b"]
TABLE = [{"a": 1, "b": "x"}, {"a": 2, "b": None}]


def rows(value: Any, content_type: str = JSON) -> Rows:
    return parse(content_type, json.dumps(value).encode(), NAMES)


def codes(data: bytes, content_type: str | None = JSON) -> tuple[int, list[str]]:
    refused = refusal(parse, content_type, data, NAMES)
    return refused.status, [problem.code for problem in refused.problems]


def parquet(table: pa.Table, **options: Any) -> bytes:
    sink = io.BytesIO()
    pq.write_table(table, sink, **options)
    return sink.getvalue()


@pytest.mark.parametrize(
    "value",
    [
        {"dataframe_split": {"columns": ["a", "b"], "data": [[1, "x"], [2, None]]}},
        {"dataframe_split": {"data": [[1, "x"], [2, None]], "index": [7, 8]}},
        {"dataframe_split": {"columns": None, "data": [[1, "x"], [2, None]]}},
        {"dataframe_records": TABLE},
        {"dataframe_records": TABLE, "params": {"anything": [1]}},
        {"instances": TABLE},
        {"instances": [[1, "x"], [2, None]]},
        {"instances": {"a": [1, 2], "b": ["x", None]}},
        {"inputs": {"a": [1, 2], "b": ["x", None]}},
        {"inputs": [[1, "x"], [2, None]]},
        {"inputs": TABLE},
    ],
)
def test_every_json_format_gives_the_same_rows(value: Any) -> None:
    assert rows(value) == Rows(("a", "b"), TABLE)


def test_columns_keep_the_order_in_which_they_are_sent() -> None:
    split = {"columns": ["b", "a"], "data": [["x", 1]]}
    assert rows({"dataframe_split": split}) == Rows(("b", "a"), [{"b": "x", "a": 1}])


def test_a_name_that_a_record_lacks_is_a_missing_key() -> None:
    sent = rows({"dataframe_records": [{"a": 1}, {"c": 2}]})
    assert sent == Rows(("a", "c"), [{"a": 1}, {"c": 2}])


def test_scalars_are_a_single_row_or_the_values_of_a_single_column() -> None:
    assert rows({"inputs": {"a": 1, "b": "x"}}).records == [{"a": 1, "b": "x"}]
    assert parse(JSON, b'{"instances": [1, 2]}', ["a"]).records == [{"a": 1}, {"a": 2}]


@pytest.mark.parametrize("value", [{"inputs": []}, {"inputs": {}}, {"dataframe_records": []}])
def test_no_rows_are_no_problem_of_the_body(value: Any) -> None:
    assert rows(value).records == []


def test_what_mlflows_clients_send_is_read() -> None:
    frame = pd.DataFrame({"a": [0.1, 1e300], "b": pd.to_datetime(["2013-01-31", "2014-01-01"])})
    sent = parse(JSON, dump_input_data(frame, params={"p": 1}).encode(), NAMES)
    assert sent.records[0] == {"a": 0.1, "b": "2013-01-31T00:00:00"}
    tensor = parse(JSON, dump_input_data(np.array([[1.0, 2.0]])).encode(), NAMES)
    assert tensor.records == [{"a": 1.0, "b": 2.0}]


@pytest.mark.parametrize(
    "content_type",
    [
        "application/json; charset=utf-8",
        "application/json;charset=UTF-8",
        'Application/JSON; charset="utf-8"',
        "application/json;",
        " application/json ",
    ],
)
def test_a_content_type_may_have_a_charset(content_type: str) -> None:
    assert rows({"inputs": TABLE}, content_type).records == TABLE


@pytest.mark.parametrize(
    ("content_type", "code"),
    [
        (None, "wrong-content-type"),
        ("", "wrong-content-type"),
        ("text/plain", "wrong-content-type"),
        ("application/json-seq", "wrong-content-type"),
        (";", "wrong-content-type"),
        ("é\r\nx: y", "wrong-content-type"),
        ("application/json; charset=latin-1", "wrong-charset"),
        ("text/csv; charset*=utf-8''%FF", "wrong-charset"),
        ("text/csv; header=absent", "content-parameter"),
        ("application/json; charset=utf-8; format=pandas-split", "content-parameter"),
    ],
)
def test_another_content_type_is_refused(content_type: str | None, code: str) -> None:
    assert codes(b"{}", content_type) == (415, [code])


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "bad-json"),
        (b"{", "bad-json"),
        (b'{"inputs": [01]}', "bad-json"),
        (b'{"inputs": []} x', "bad-json"),
        (b"{'inputs': []}", "bad-json"),
        (b'{"inputs": ["\xff"]}', "not-utf-8"),
        (json.dumps({"inputs": []}).encode("utf-16"), "not-utf-8"),
        (b'{"inputs": [NaN]}', "nan-literal"),
        (b'{"inputs": [-Infinity]}', "nan-literal"),
        (b'{"inputs": [], "inputs": []}', "repeated-key"),
        (b'{"dataframe_records": [{"a": 1, "b": 2, "a": 1}]}', "repeated-key"),
        (b"[" * 100_000, "too-deep"),
        (b'{"a":' * 100_000, "too-deep"),
        (b'{"inputs": [' + b"9" * 5_000 + b"]}", "number-too-long"),
        (b"[1]", "not-an-object"),
        (b"null", "not-an-object"),
        (b'"text"', "not-an-object"),
        (b"{}", "no-format"),
        (b'{"params": {}}', "no-format"),
        (b'{"inputs": [], "instances": []}', "several-formats"),
        (b'{"dataframe_split": []}', "bad-format"),
        (b'{"dataframe_split": {"columns": ["a"]}}', "bad-format"),
        (b'{"dataframe_split": {"columns": [1, 2], "data": []}}', "bad-format"),
        (b'{"dataframe_split": {"data": [], "dtype": "x"}}', "bad-format"),
        (b'{"dataframe_split": {"data": [{"a": 1}]}}', "bad-format"),
        (b'{"dataframe_split": {"columns": ["a", "a"], "data": []}}', "repeated-column"),
        (b'{"dataframe_split": {"data": [[1]]}}', "rows-differ"),
        (b'{"dataframe_split": {"data": [[1, 2]], "index": [1, 2]}}', "rows-differ"),
        (b'{"dataframe_split": {"data": [[1, 2]], "index": 1}}', "bad-format"),
        (b'{"dataframe_split": {"data": [[1, 2, 3]]}}', "rows-differ"),
        (b'{"dataframe_records": {"a": [1]}}', "bad-format"),
        (b'{"dataframe_records": [{"a": 1}, [1]]}', "bad-format"),
        (b'{"instances": 1}', "bad-format"),
        (b'{"instances": [1, 2]}', "bad-format"),
        (b'{"inputs": [[1, 2], [1]]}', "rows-differ"),
        (b'{"inputs": {"a": [1], "b": [1, 2]}}', "rows-differ"),
        (b'{"inputs": {"a": [1], "b": 1}}', "bad-format"),
    ],
)
def test_json_that_cannot_be_read_is_refused(data: bytes, code: str) -> None:
    assert codes(data) == (400, [code])


@pytest.mark.parametrize(
    ("text", "literal", "is_mlflow"),
    [
        ('{"inputs":\n [["Infinity", 1],\n  ["\\"", NaN]]}', "NaN", False),
        ('{"inputs":\n [["NaN", NaN],\n  ["\\"", -Infinity]]}', "-Infinity", True),
    ],
)
def test_the_place_of_a_number_that_is_no_json_is_named(
    text: str, literal: str, is_mlflow: bool
) -> None:
    def read() -> Rows:
        return parse(JSON, text.encode(), NAMES, is_mlflow=is_mlflow)

    [problem] = problems(read)
    assert problem.code == "nan-literal"
    assert f"{literal}, which is not JSON, in line 3, column 10." in problem.message


def test_a_client_of_mlflow_may_write_nan_further_keys_and_one_value_for_all_rows() -> None:
    body = b'{"inputs": {"a": [NaN, 2], "b": "NaN"}, "request_id": {"a": NaN}}'
    sent = parse(JSON, body, NAMES, is_mlflow=True)
    assert sent.records == [{"a": None, "b": "NaN"}, {"a": 2, "b": "NaN"}]
    assert codes(body) == (400, ["nan-literal"])


@pytest.mark.parametrize(
    ("value", "code"),
    [
        ({"inputs": [], "instances": []}, "several-formats"),
        ({"input": []}, "unknown-key"),
        ({"inputs": {"a": [1, 2], "b": [1, 2, 3], "c": 1}}, "bad-format"),
    ],
)
def test_a_client_of_mlflow_must_send_rows(value: Any, code: str) -> None:
    def read() -> Rows:
        return parse(JSON, json.dumps(value).encode(), NAMES, is_mlflow=True)

    assert [problem.code for problem in problems(read)] == [code]


def test_an_unknown_key_is_refused_with_the_nearest_one() -> None:
    data = b'{"dataframe_record": [], "param": 1}'
    hints = [problem.hint for problem in problems(parse, JSON, data, NAMES)]
    assert hints == ["Did you mean `dataframe_records`?", "Did you mean `params`?"]
    assert codes(data) == (400, ["unknown-key", "unknown-key"])


def test_a_refusal_never_has_the_whole_input() -> None:
    name = "x" * 100_000
    for value in ({name: 1}, {"inputs": {name: 1, "y": []}}, {"dataframe_split": {name: 1}}):
        [problem] = problems(rows, value)
        assert len(problem.message) + len(problem.hint) < 400


def test_a_number_beyond_all_floats_is_left_to_the_validation() -> None:
    assert parse(JSON, b'{"inputs": [[1e999, -1e999]]}', NAMES).records == [
        {"a": float("inf"), "b": -float("inf")}
    ]


def test_a_byte_order_mark_is_accepted() -> None:
    assert parse(JSON, b'\xef\xbb\xbf{"inputs": []}', NAMES).records == []
    assert parse(CSV, b"\xef\xbb\xbfa,b\n1,x\n", NAMES).records == [{"a": "1", "b": "x"}]


def test_csv_is_read_as_text() -> None:
    data = b'a,b\r\n1,"x, ""y""\r\nz"\r\n,""\r\n'
    sent = parse(CSV, data, NAMES)
    assert sent.records == [{"a": "1", "b": 'x, "y"\r\nz'}, {"a": None, "b": ""}]
    assert sent.is_text


def test_the_index_that_pandas_writes_is_left_out() -> None:
    frame = pd.DataFrame({"a": [1, 2], "b": ["x", "y"]}, index=[5, 6])
    assert parse(CSV, frame.to_csv().encode(), NAMES).columns == ("a", "b")
    sink = io.BytesIO()
    frame.to_parquet(sink)
    assert parse(PARQUET, sink.getvalue(), NAMES).columns == ("a", "b")


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "bad-csv"),
        (b"\r\n\r\n", "bad-csv"),
        (b"a,b\n1\n", "bad-csv"),
        (b"a,b\n1,2,3\n", "bad-csv"),
        (b"a,b\n1,\xff\n", "not-utf-8"),
        (b"a,a\n1,2\n", "repeated-column"),
        (b"," * 1_000_000, "bad-csv"),
        (b"x" * 1_000_000, "bad-csv"),
    ],
)
def test_csv_that_cannot_be_read_is_refused(data: bytes, code: str) -> None:
    assert codes(data, CSV) == (400, [code])


def test_csv_without_rows_has_none() -> None:
    assert parse(CSV, b"a,b\n", NAMES) == Rows(("a", "b"), [], is_text=True)


def test_more_rows_than_allowed_are_not_read() -> None:
    table = pa.table({"a": pa.nulls(10_000_000, pa.int8())})
    for content_type, data in ((PARQUET, parquet(table)), (CSV, b"a\n" + b"1\n" * 20)):
        refused = refusal(parse, content_type, data, NAMES, 10)
        assert (refused.status, refused.problems[0].code) == (413, "too-many-rows")


@pytest.mark.parametrize("repeats", [1, 500])
def test_parquet_that_unpacks_to_far_more_is_not_unpacked(
    repeats: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parquet_body, "LARGEST", 1_000_000)
    table = pa.table({"a": ["x" * (parquet_body.LARGEST // repeats + 1)] * repeats})
    data = parquet(table, compression="zstd")
    assert len(data) < 20_000
    refused = refusal(parse, PARQUET, data, NAMES)
    assert (refused.status, refused.problems[0].code) == (413, "grows-on-reading")


def test_a_footer_cannot_hide_how_large_a_page_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parquet_body, "LARGEST", 1_000_000)
    table = pa.table({"a": ["x" * 3_000_000]})
    data = parquet(table, compression="zstd", use_dictionary=False, write_statistics=False)
    size = pq.ParquetFile(io.BytesIO(data)).metadata.row_group(0).total_byte_size
    start = data.rindex(varint(size))
    while start > 0:  # of the column and of its row group
        data = data[:start] + varint(size - 2**21) + data[start + 4 :]
        start = data.rfind(varint(size))
    assert pq.ParquetFile(io.BytesIO(data)).metadata.row_group(0).total_byte_size < 1_000_000
    assert pq.read_table(io.BytesIO(data)).num_rows == 1
    refused = refusal(parse, PARQUET, data, NAMES)
    assert (refused.status, refused.problems[0].code) == (413, "grows-on-reading")


def varint(number: int) -> bytes:
    """A whole number of four bytes, as Thrift writes it."""
    zigzag = number << 1
    return bytes([(zigzag >> 7 * place & 127) | (128 if place < 3 else 0) for place in range(4)])


@given(
    st.lists(st.none() | st.text(max_size=20), max_size=50),
    st.sampled_from(["none", "snappy", "zstd", "gzip"]),
    st.booleans(),
    st.sampled_from(["1.0", "2.0"]),
)
def test_the_size_of_pages_is_that_of_the_footer(
    texts: list[str | None], compression: str, dictionary: bool, version: str
) -> None:
    table = pa.table({"a": pa.array(texts, pa.string()), "b": range(len(texts))})
    data = parquet(
        table,
        compression=compression,
        use_dictionary=dictionary,
        data_page_version=version,
        row_group_size=20,
    )
    metadata = pq.ParquetFile(io.BytesIO(data)).metadata
    groups = map(metadata.row_group, range(metadata.num_row_groups))
    columns = [group.column(place) for group in groups for place in range(2)]
    with_headers = sum(column.total_uncompressed_size for column in columns)
    assert with_headers - 200 * len(columns) <= size_of_pages(data) <= with_headers


def size_of_pages(data: bytes) -> int:
    """What the headers of the pages say."""
    return unpacked_size(data, ParquetMetadata.parse(data))


@given(st.binary())
def test_bytes_that_are_no_parquet_have_no_size(data: bytes) -> None:
    for body in (data, b"PAR1" + data + len(data).to_bytes(4, "little") + b"PAR1"):
        with contextlib.suppress(ValueError):
            assert size_of_pages(body) >= 0


def test_parquet_that_cannot_be_read_is_refused() -> None:
    good = parquet(pa.table({"a": [1, 2], "b": ["x", "y"]}))
    nested = parquet(pa.table({"a": [[1], [2]]}))
    for data in (b"", b"PAR1", good[:-20], good[:4] + bytes(len(good) - 12) + good[-8:], nested):
        assert codes(data, PARQUET) == (400, ["bad-parquet"])
    same = pa.table([[1], [2]], names=["a", "a"])
    assert codes(parquet(same), PARQUET) == (400, ["repeated-column"])


def test_nan_in_parquet_is_a_missing_value() -> None:
    data = parquet(pa.table({"a": [1.5, float("nan"), None]}))
    assert [record["a"] for record in parse(PARQUET, data, NAMES).records] == [1.5, None, None]


def test_a_body_is_parsed_without_heavy_libraries() -> None:

    code = (
        "import sys, stagebook.serving.input.body, stagebook.serving.input.validation\n"
        "import stagebook.serving.input.ranges, stagebook.serving.answers\n"
        "import stagebook.serving.problem_details, stagebook.serving.openapi\n"
        "heavy = {'pandera', 'duckdb', 'dvc', 'mlflow', 'starlette', 'scipy'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
