"""The quick way to the features of few rows gives what the usual way gives."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pandera.pandas as pa
import pyarrow
import pytest
from hypothesis import given
from hypothesis import strategies as st
from places import moment

from stagebook.features import Entity, FeatureService, FeatureView, few_rows, on_demand
from stagebook.features.few_rows import FewRows
from stagebook.features.online import OnlineStore
from stagebook.project.errors import StagebookError

AIRPORT = Entity("airport", keys=["origin"])
GATE = Entity("gate", keys=["origin", "gate"])
UTC = pd.DatetimeTZDtype("us", "UTC")


class Reading(pa.DataFrameModel):
    """A feature of each kind."""

    origin: str
    at: pd.DatetimeTZDtype = pa.Field(dtype_kwargs={"unit": "us", "tz": "UTC"})
    small: np.int8
    large: np.uint64
    single: np.float32
    wind: float = pa.Field(nullable=True)
    flag: bool
    day: pa.Date
    local: pd.DatetimeTZDtype = pa.Field(dtype_kwargs={"unit": "ms", "tz": "Asia/Tokyo"})
    naive: pd.Timestamp
    price: object
    raw: object
    text: str


class Queue(pa.DataFrameModel):
    """A view with two keys, of text and of numbers."""

    origin: str
    gate: int
    at: pd.DatetimeTZDtype = pa.Field(dtype_kwargs={"unit": "us", "tz": "UTC"})
    people: int


TIMES: dict[str, Any] = {"event_time": "at", "known_time": "at"}
READINGS = FeatureView(
    "readings", AIRPORT, table="r.parquet", schema=Reading, ttl=timedelta(hours=2), **TIMES
)
QUEUES = FeatureView("queues", GATE, table="q.parquet", schema=Queue, ttl=None, **TIMES)


@on_demand("Int64")
def tripled(small: pd.Series) -> pd.Series:
    """A feature of a feature."""
    return small * 3


@on_demand("str")
def label(text: pd.Series, gate: pd.Series, tripled: pd.Series) -> pd.Series:
    """A feature of a feature, a key and an on-demand feature."""
    return text + "/" + gate.astype("str") + "/" + tripled.astype("str")


SERVICE = FeatureService("late", [READINGS, QUEUES["people"], tripled, label], instant="departure")
AT = pd.Series([moment("08:00"), moment("09:00")], dtype=UTC)
TABLES = {
    "readings": pd.DataFrame(
        {
            "origin": ["EWR", "JFK"],
            "at": AT,
            "small": np.array([-128, 40], np.int8),
            "large": np.array([2**64 - 1, 0], np.uint64),
            "single": np.array([0.1, np.inf], np.float32),
            "wind": [None, -0.0],
            "flag": [True, False],
            "day": [date(1, 1, 1), date(2013, 5, 1)],
            "local": AT.dt.tz_convert("Asia/Tokyo").dt.as_unit("ms"),
            "naive": pd.to_datetime(["2013-05-01", "2014-05-01"]),
            "price": [Decimal("1.10"), Decimal("-0.01")],
            "raw": [b"\x00\xff", b""],
            "text": ["", "naïve ☃"],
        }
    ),
    "queues": pd.DataFrame({"origin": ["EWR", "JFK"], "gate": [1, 2], "at": AT, "people": [7, 8]}),
}


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OnlineStore]:
    path: Path = tmp_path_factory.mktemp("online") / "store"
    SERVICE.materialize(path, TABLES)
    with SERVICE.open_online(path) as opened:
        yield opened


@contextmanager
def usual_way() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(few_rows, "MOST", 0)
        yield


def outcome(store: OnlineStore, rows: pd.DataFrame) -> Any:
    try:
        return store.online_with_ages(rows)
    except StagebookError as error:
        return error.problems


ROWS = st.tuples(
    st.sampled_from(["EWR", "JFK", "SFO", None, "\ud800"]),
    st.integers(0, 3),
    st.sampled_from(["08:00", "08:59:59.999999", "09:00", "10:00:00.000001", None]),
    st.floats() | st.none(),
)
KEY_TYPES = st.sampled_from(["str", "object", "category", "string[python]"])
GATE_TYPES = st.sampled_from(["int64", "uint8", "uint64", "Int64", "float64", "str", "bool"])
TIME_TYPES = st.sampled_from(["s, UTC", "ms, Asia/Tokyo", "us, UTC", "ns, UTC", ""])


def request(
    values: list[tuple[Any, ...]], key_type: str, gate_type: str, time_type: str
) -> pd.DataFrame:
    origins, gates, texts, extras = zip(*values, strict=True) if values else ((), (), (), ())
    times = pd.Series([None if text is None else moment(text) for text in texts], dtype=UTC)
    keys = pd.Series(origins, dtype=object)
    return pd.DataFrame(
        {
            "origin": keys if "\ud800" in origins else keys.astype(key_type),
            "gate": pd.Series(gates, dtype="int64").astype(gate_type),
            "departure": times.astype(f"datetime64[{time_type}]" if time_type else object),
            "extra": pd.Series(extras, dtype="float64"),
            "naive_at": pd.Series([pd.Timestamp("2013-01-01")] * len(values)),
            "cells": pd.Series([[1]] * len(values), dtype=object),
        }
    )


@given(st.lists(ROWS, max_size=4), KEY_TYPES, GATE_TYPES, TIME_TYPES, st.booleans())
def test_both_ways_give_the_same_values_dtypes_ages_and_problems(
    store: OnlineStore,
    values: list[tuple[Any, ...]],
    key_type: str,
    gate_type: str,
    time_type: str,
    is_indexed: bool,
) -> None:
    rows = request(values, key_type, gate_type, time_type)
    if is_indexed:
        rows = rows.set_axis([f"row{place}" for place in range(len(rows))])
    quick = outcome(store, rows)
    with usual_way():
        usual = outcome(store, rows)
    if isinstance(usual[0], pd.DataFrame):
        pd.testing.assert_frame_equal(quick[0], usual[0])
        assert quick[1] == usual[1]
    else:
        assert quick == usual


def row(**changed: Any) -> pd.DataFrame:
    usual = {"origin": "JFK", "gate": 2, "departure": AT[1]}
    return pd.DataFrame([{**usual, **changed}]).astype({"departure": UTC})


def quick_way(store: OnlineStore, rows: pd.DataFrame) -> pd.DataFrame | None:
    def look_up(view: FeatureView, keys: list[Any], instants: list[int | None]) -> Sequence[Any]:
        return [store.look_up(view, key, at or 0) for key, at in zip(keys, instants, strict=True)]

    stored: dict[str, tuple[pyarrow.Schema, pyarrow.Schema]] = {
        name: (view.keys, view.features) for name, view in store.views.items()
    }
    return FewRows(SERVICE.resolution, stored).features(rows, look_up)


@pytest.mark.skipif(pd.__version__ < "3", reason="frames are made of blocks since pandas 3")
def test_usual_rows_go_the_quick_way_and_unusual_ones_do_not(store: OnlineStore) -> None:
    features = quick_way(store, row())
    assert features is not None
    assert features["people"].tolist() == [8]
    assert quick_way(store, row(gate="2")) is None
    assert quick_way(store, row().drop(columns="gate")) is None
    assert quick_way(store, row().assign(departure="now")) is None
    assert quick_way(store, row().head(0)) is None
    assert quick_way(store, pd.concat([row()] * 101)) is None


def test_features_share_no_memory_with_the_request(store: OnlineStore) -> None:
    rows = row(extra=1.0)
    features = store.online(rows)
    rows.loc[0, "extra"] = 2.0
    rows.loc[0, "origin"] = "EWR"
    assert features[["extra", "origin"]].to_dict("records") == [{"extra": 1.0, "origin": "JFK"}]
