"""Whatever frame is logged is read from a closed day with equal values and dtypes."""

import tempfile
from pathlib import Path

import hypothesis.strategies as st
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from logged import DAY, NEXT, PREDICTIONS, entry, logged

from stagebook.serving.log import finding
from stagebook.serving.log.days import close_days
from stagebook.serving.log.frame_arrow import decode
from stagebook.serving.log.frame_json import FrameEncoder
from stagebook.serving.log.frame_shape import parse, render

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=5)
INSTANTS = st.integers(-(10**15), 4 * 10**15)
UNITS = st.sampled_from(["s", "ms", "us", "ns"])
INTEGERS = st.sampled_from([f"{sign}int{bits}" for sign in ("", "u") for bits in (8, 16, 32, 64)])
ZONES = st.sampled_from([None, "UTC", "America/New_York", "UTC+05:30"])


@st.composite
def _column(draw: st.DrawFn, rows: int) -> pd.Series:
    def values(content: st.SearchStrategy[object]) -> list[object]:
        return draw(st.lists(content, min_size=rows, max_size=rows))

    kind = draw(st.sampled_from(list(_KINDS)))
    return pd.Series(_KINDS[kind](draw, values))


def _integers(draw, values):
    dtype = draw(INTEGERS)
    bounds = np.iinfo(dtype)
    return np.array(values(st.integers(int(bounds.min), int(bounds.max))), dtype=dtype)


def _nullable(draw, values):
    dtype = draw(INTEGERS)
    bounds = np.iinfo(dtype)
    numbers = values(st.none() | st.integers(int(bounds.min), int(bounds.max)))
    return pd.array(numbers, dtype=dtype.replace("int", "Int").replace("uI", "UI"))


def _times(draw, values):
    unit, zone = draw(UNITS), draw(ZONES)
    per_second = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}[unit]
    numbers = values(st.none() | st.integers(-5 * 10**9 * per_second, 9 * 10**9 * per_second))
    times = np.array(["NaT" if number is None else number for number in numbers], f"M8[{unit}]")
    series = pd.Series(times)
    return series if zone is None else series.dt.tz_localize("UTC").dt.tz_convert(zone)


def _categories(draw, values):
    content = draw(st.sampled_from([TEXTS, st.integers(-9, 9), st.floats(allow_nan=False)]))
    categories = draw(st.lists(content, min_size=1, max_size=4, unique_by=lambda v: v or 0))
    dtype = pd.CategoricalDtype(categories, draw(st.booleans()))
    return pd.Categorical(values(st.none() | st.sampled_from(categories)), dtype=dtype)


_KINDS = {
    "float64": lambda _, values: np.array(values(st.floats()), dtype="float64"),
    "float32": lambda _, values: np.array(values(st.floats(width=32)), dtype="float32"),
    "float16": lambda _, values: np.array(values(st.floats(width=16)), dtype="float16"),
    "integers": _integers,
    "nullable": _nullable,
    "Float64": lambda _, values: pd.array(
        values(st.none() | st.floats(allow_nan=False)), "Float64"
    ),
    "bool": lambda _, values: np.array(values(st.booleans()), dtype=bool),
    "boolean": lambda _, values: pd.array(values(st.none() | st.booleans()), dtype="boolean"),
    "str": lambda _, values: pd.array(values(st.none() | TEXTS), dtype="str"),
    "string": lambda _, values: pd.array(values(st.none() | TEXTS), dtype="string"),
    "python": lambda _, values: pd.array(values(st.none() | TEXTS), dtype="string[python]"),
    "none": lambda _, values: pd.Series(values(st.none() | TEXTS), dtype=object),
    "nan": lambda _, values: pd.Series(values(st.just(np.nan) | TEXTS), dtype=object),
    "mixed": lambda _, values: pd.Series(
        values(st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=3)),
        dtype=object,
    ),
    "times": _times,
    "spans": lambda draw, values: np.array(
        values(st.integers(-(10**15), 10**15)), dtype=f"m8[{draw(UNITS)}]"
    ),
    "categories": _categories,
}


@st.composite
def frames(draw: st.DrawFn, rows: int) -> pd.DataFrame:
    names = draw(st.lists(TEXTS, max_size=4, unique=True))
    columns = {name: draw(_column(rows)) for name in names}
    return pd.DataFrame(columns, index=pd.RangeIndex(rows), columns=names or None)


@st.composite
def pairs(draw: st.DrawFn) -> tuple[pd.DataFrame, pd.DataFrame]:
    rows = draw(st.integers(0, 5))
    return draw(frames(rows)), draw(frames(rows))


def assert_equal(actual: pd.DataFrame | None, expected: pd.DataFrame) -> None:
    """Equal, and the floats to the bit; all NaN are one."""
    assert actual is not None
    assert list(actual.columns) == list(expected.columns)
    assert [str(dtype) for dtype in actual.dtypes] == [str(dtype) for dtype in expected.dtypes]
    pd.testing.assert_frame_equal(actual, expected, check_column_type=False, check_exact=True)
    for name in expected.columns:
        if isinstance(expected[name].dtype, np.dtype) and expected[name].dtype.kind == "f":
            signs = [np.signbit(frame[name].dropna()).tolist() for frame in (actual, expected)]
            assert signs[0] == signs[1]


@settings(max_examples=60)
@given(st.lists(pairs(), min_size=1, max_size=3))
def test_a_frame_comes_out_of_a_closed_day_as_it_went_in(
    logged_pairs: list[tuple[pd.DataFrame, pd.DataFrame]],
) -> None:
    entries = [
        entry(features=features, predictions=predictions) for features, predictions in logged_pairs
    ]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        log = logged(folder, *entries)
        assert log.state.ok
        open_requests = [finding.find(folder, item.request) for item in entries]
        close_days(folder, NEXT)
        for item, (still_open,) in zip(entries, open_requests, strict=True):
            (closed,) = finding.find(folder, item.request)
            for request in (still_open, closed):
                assert_equal(request.features, item.features)
                assert_equal(request.predictions, item.predictions)
            assert closed.time == item.time
        assert closed.file.suffix == ".parquet"


@given(st.integers(0, 5).flatmap(frames))
def test_a_shape_is_read_as_it_is_written(frame: pd.DataFrame) -> None:
    encoded = FrameEncoder().encode(frame)
    assert render(parse(encoded.shape)) == encoded.shape
    assert_equal(decode(parse(encoded.shape), encoded.values), frame)


def test_many_rows_are_encoded_in_pieces() -> None:
    frame = pd.DataFrame({"a": range(10_000), "b": np.linspace(0, 1, 10_000), "c": "x"})
    encoded = FrameEncoder().encode(frame)
    assert_equal(decode(parse(encoded.shape), encoded.values), frame)


@pytest.mark.parametrize("value", [b"\x00", {1}, 1 + 2j, pd.Period("2026"), float])
def test_other_objects_are_logged_as_texts(value: object, tmp_path: Path) -> None:
    item = entry(features=pd.DataFrame({"a": pd.Series([value, None], dtype=object)}))
    logged(tmp_path, item)
    close_days(tmp_path, NEXT)
    (request,) = finding.find(tmp_path, item.request)
    assert request.features is not None
    assert request.features["a"].tolist() == [str(value), None]
    assert request.file.name == f"{DAY}.parquet"


def test_columns_of_one_name_stay_apart(tmp_path: Path) -> None:
    twice = pd.DataFrame([[1, "x"], [2, "y"]]).set_axis(["a", "a"], axis=1)
    item = entry(features=twice, predictions=PREDICTIONS.set_axis([0], axis=1))
    logged(tmp_path, item)
    close_days(tmp_path, NEXT)
    (request,) = finding.find(tmp_path, item.request)
    assert request.features is not None
    assert request.features.to_numpy().tolist() == [[1, "x"], [2, "y"]]
    assert request.predictions is not None
    assert list(request.predictions.columns) == [0]
