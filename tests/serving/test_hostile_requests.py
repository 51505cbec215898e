"""No body gives anything but rows or a refusal."""

import datetime as dt
import io
import json
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from served_columns import number_validator, sample, validator

from stagebook.serving import problem_details
from stagebook.serving.input.body import CSV, JSON, PARQUET, parse
from stagebook.serving.input.validation import Validator
from stagebook.serving.refusal import Refusal

ROWS = sample()
ALL = validator(ROWS)
NUMBERS = number_validator()
STATUSES = {400, 413, 415, 422}
_STORED = io.BytesIO()
ROWS.to_parquet(_STORED, index=False)
STORED = _STORED.getvalue()
_HEADERS = [
    JSON,
    CSV,
    PARQUET,
    None,
    "",
    "text/plain",
    f"{JSON}; charset=utf-8",
    f"{JSON};charset=x",
]
_NAMES = st.sampled_from([*ROWS.columns, "height", "hour", "columns", "data", "index"]) | st.text()
_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(_NAMES, inner, max_size=5),
    max_leaves=20,
)
_KEYS = ["dataframe_split", "dataframe_records", "instances", "inputs", "params", "x"]
_BODIES = st.dictionaries(st.sampled_from(_KEYS), _VALUES, min_size=1, max_size=2)


def answer(content_type: str | None, data: bytes, served: Validator) -> None:
    names = [item.column.name for item in served.columns]
    try:
        frame = served.check(parse(content_type, data, names, 1000))
    except Refusal as refused:
        refusal = refused
    else:
        assert list(frame.columns) == names
        return
    assert refusal.status in STATUSES
    assert refusal.problems
    assert json.loads(problem_details.render(refusal).decode())["errors"]


@given(st.sampled_from(_HEADERS) | st.text(), st.binary(max_size=300))
@example(JSON, b"[" * 100_000)
@example(JSON, b'{"inputs":' + b"[" * 900 + b"]" * 900 + b"}")
@example(JSON, b'{"inputs": [[' + b"1" * 4200 + b", 1]]}")
@example(JSON, b'{"inputs": [{"\\ud800": 1, "height": "\\udfff"}]}')
@example(CSV, b"height,hour\n1,2\n\x00,\x00\n")
@example(CSV, b'"')
@example(CSV, b"height,hour\r1,2\r\r")
@example(PARQUET, b"PAR1PAR1")
def test_any_bytes_are_answered(content_type: str | None, data: bytes) -> None:
    answer(content_type, data, NUMBERS)


@given(_VALUES | _BODIES)
def test_any_json_is_answered(value: Any) -> None:
    answer(JSON, json.dumps(value).encode(), NUMBERS)


@given(st.lists(st.fixed_dictionaries(dict.fromkeys(("height", "hour"), _VALUES)), max_size=3))
def test_any_values_in_rows_are_answered(records: list[dict[str, Any]]) -> None:
    text = json.dumps({"dataframe_records": records}).replace("NaN", "1e999")
    answer(JSON, text.replace("Infinity", "1e999").encode(), NUMBERS)


@given(st.lists(st.tuples(st.integers(0, len(STORED) - 1), st.integers(0, 255)), min_size=1))
def test_damaged_parquet_is_answered(changes: list[tuple[int, int]]) -> None:
    data = bytearray(STORED)
    for place, byte in changes:
        data[place] = byte
    answer(PARQUET, bytes(data), ALL)


@given(st.integers(0, len(STORED)))
def test_truncated_parquet_is_answered(size: int) -> None:
    answer(PARQUET, STORED[:size], ALL)


@given(st.text(st.sampled_from('ahiouregt,"\n\r1.2- é'), max_size=60))
def test_any_csv_is_answered(text: str) -> None:
    answer(CSV, f"height,hour\n{text}".encode(), NUMBERS)
    answer(CSV, text.encode(), NUMBERS)


@pytest.mark.parametrize(
    "column",
    [
        pa.array([None, dt.date(2013, 1, 31)]),
        pa.array([2**50, None], pa.duration("s")),
        pa.array([None, Decimal("1.5")]),
        pa.array([dt.time(5), None]),
        pa.array([1, None], pa.timestamp("s", "Mars/Olympus")),
        pa.array([2**50, 2**62], pa.timestamp("ms")),
        pa.array([1, 2**62 + 1], pa.timestamp("ns")),
        pa.array([b"a", None]),
        pa.nulls(2),
    ],
    ids=lambda column: str(column.type),
)
def test_parquet_of_other_types_is_answered(column: pa.Array) -> None:
    stored = io.BytesIO()
    pq.write_table(pa.table({"height": column, "hour": [1, 2]}), stored)
    answer(PARQUET, stored.getvalue(), NUMBERS)
