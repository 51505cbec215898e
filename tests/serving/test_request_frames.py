"""Rows that are sent in any format come back as the frame that they were, to the bit."""

import base64
import io
import json
from collections.abc import Callable
from datetime import date
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from mlflow.utils.proto_json_utils import dump_input_data
from served_columns import TYPES, WHOLE, frame, sample, validator

from stagebook.serving import answers
from stagebook.serving.input import frames
from stagebook.serving.input.body import CSV, JSON, PARQUET, parse
from stagebook.serving.input.frames import FramePlan


def by_split(rows: pd.DataFrame) -> tuple[str, bytes]:
    table = [list(record.values()) for record in answers.records(rows)]
    return JSON, _json("dataframe_split", {"columns": list(rows.columns), "data": table})


def by_records(rows: pd.DataFrame) -> tuple[str, bytes]:
    return JSON, _json("dataframe_records", answers.records(rows))


def by_instances(rows: pd.DataFrame) -> tuple[str, bytes]:
    return JSON, _json("instances", answers.records(rows))


def by_inputs(rows: pd.DataFrame) -> tuple[str, bytes]:
    records = answers.records(rows)
    return JSON, _json("inputs", {name: [record[name] for record in records] for name in rows})


def by_csv(rows: pd.DataFrame) -> tuple[str, bytes]:
    as_text = rows.copy()
    for name in rows.columns.intersection(["bytes"]):
        as_text[name] = [None if item is None else _base64(item) for item in rows[name]]
    for name in rows.columns.intersection(["single", "half"]):  # all digits of a double
        as_text[name] = rows[name].astype(float)
    return CSV, as_text.to_csv(index=False).encode()


def by_parquet(rows: pd.DataFrame) -> tuple[str, bytes]:
    sink = io.BytesIO()
    rows.to_parquet(sink, index=False)
    return PARQUET, sink.getvalue()


FORMATS = (by_split, by_records, by_instances, by_inputs, by_csv, by_parquet)
Format = Callable[[pd.DataFrame], tuple[str, bytes]]


def _json(key: str, value: Any) -> bytes:
    return json.dumps({key: value}).encode()


def _base64(value: bytes) -> str:
    return base64.b64encode(value).decode()


def assert_comes_back(rows: pd.DataFrame, form: Format) -> None:
    names = list(rows.columns)
    if form is by_csv:  # for which to_csv has the same cell as for a missing value
        texts = rows.columns.intersection(["text", "category"])
        rows = rows.assign(**{name: rows[name].mask(rows[name] == "") for name in texts})
    content_type, data = form(rows)
    received = validator(rows).check(parse(content_type, data, names))
    pd.testing.assert_frame_equal(
        received, rows, check_exact=True, check_freq=True, check_categorical=True
    )
    for name in rows.columns.intersection(["wide", "single", "half"]):
        assert received[name].to_numpy().tobytes() == rows[name].to_numpy().tobytes()


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("name", TYPES)
def test_each_type_comes_back_in_each_format(name: str, form: Format) -> None:
    assert_comes_back(sample()[[name]], form)


@pytest.mark.parametrize("form", FORMATS)
def test_all_types_come_back_together(form: Format) -> None:
    assert_comes_back(sample(), form)


def test_a_frame_has_the_blocks_that_pandas_has_after_reading_parquet() -> None:
    rows = sample()[["wide", "whole", "single", "flag"]].assign(second=[1.5, 2.5], third=[1, 2])
    stored = io.BytesIO()
    rows.to_parquet(stored)
    read = pd.read_parquet(stored)
    expected = {str(block.dtype): block.values.shape for block in read._mgr.blocks}
    plan_validator = validator(rows[["wide", "whole", "single", "flag"]])
    assert len(plan_validator._plan.blocks) == len(expected)


def test_without_the_constructor_of_pandas_3_the_frame_is_the_same(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(frames, "_FROM_BLOCKS", None)
    assert_comes_back(sample(), by_records)


def test_a_frame_does_not_share_memory_with_the_next_one() -> None:
    rows = sample()[["wide", "whole"]]
    check = validator(rows)
    sent = parse(*by_records(rows), list(rows.columns))
    first, second = check.check(sent), check.check(sent)
    first.loc[0, "wide"] = 7.0
    assert second.loc[0, "wide"] == 0.1
    assert isinstance(check._plan, FramePlan)


_DAYS = st.dates(date(1700, 1, 1), date(2200, 1, 1))
_MOMENTS = st.datetimes(pd.Timestamp("1700-01-01"), pd.Timestamp("2200-01-01"))
_NANOSECONDS = st.integers(-(2**62), 2**62)
_TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\0\r"))  # to_csv quotes no \r
VALUES: dict[str, st.SearchStrategy[Any]] = {
    "wide": st.floats(allow_nan=False, allow_infinity=False),
    "single": st.floats(allow_nan=False, allow_infinity=False, width=32),
    "half": st.floats(allow_nan=False, allow_infinity=False, width=16),
    "tiny": st.integers(-128, 127),
    "whole": st.integers(-(2**63), 2**63 - 1),
    "huge": st.integers(0, 2**64 - 1),
    "masked": st.integers(-(2**63), 2**63 - 1),
    "masked_float": st.floats(allow_nan=False, allow_infinity=False),
    "flag": st.booleans(),
    "masked_flag": st.booleans(),
    "text": _TEXT,
    "category": st.sampled_from(["a", "b", ""]),
    "day": _DAYS,
    "seconds": _MOMENTS.map(lambda moment: moment.replace(microsecond=0)),
    "clock": _MOMENTS,
    "nano": _NANOSECONDS.map(pd.Timestamp),
    "berlin": _NANOSECONDS.map(lambda number: pd.Timestamp(number, tz="Europe/Berlin")),
}


@st.composite
def tables(draw: st.DrawFn) -> dict[str, list[Any]]:
    rows = draw(st.integers(1, 4))
    columns = {}
    for name, values in VALUES.items():
        some = values if name in WHOLE else st.none() | values
        columns[name] = draw(st.lists(some, min_size=rows, max_size=rows))
    return columns


@given(tables(), st.sampled_from(FORMATS))
def test_any_rows_come_back(columns: dict[str, list[Any]], form: Format) -> None:
    assert_comes_back(frame(columns), form)


def test_what_mlflows_client_dumps_comes_back() -> None:
    names = ["wide", "whole", "flag", "text", "category", "clock", "nano", "instant", "berlin"]
    rows = sample()[names].iloc[:1]
    received = validator(rows).check(parse(JSON, dump_input_data(rows).encode(), names))
    pd.testing.assert_frame_equal(received, rows, check_exact=True)
    assert np.float64(received["wide"].iloc[0]).hex() == (0.1).hex()
