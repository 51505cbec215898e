"""The online store gives what the offline join gives at an instant when all is known."""

import os
import resource
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pandera.pandas as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from places import (
    AIRPORT,
    TIMETABLE,
    Untyped,
    departure_hour,
    moment,
    readings,
    weather,
    wind_by_distance,
)
from refusals import problem

from stagebook.features import Entity, FeatureService, FeatureView
from stagebook.project.errors import StagebookError

LATE = moment("23:00")


def service(*parts: Any, **options: Any) -> FeatureService:
    return FeatureService(
        "late",
        parts or [weather(ttl=None)],
        instant="departure",
        helpers=options.get("helpers", ()),
    )


UNTYPED = service(weather(ttl=None, schema=Untyped))


def rows(*airports: Any, at: pd.Timestamp = LATE) -> pd.DataFrame:
    return pd.DataFrame({"origin": pd.Series(airports, dtype="object"), "departure": at})


def online(features: FeatureService, store: Path, asked: pd.DataFrame) -> pd.DataFrame:
    with features.open_online(store) as opened:
        return opened.online(asked)


TABLE = readings(
    ("EWR", "04:00", 4.0, 1), ("EWR", "05:00", None, 2), ("JFK", "05:00", 8.5, 3), known_after="1h"
)


@pytest.fixture
def store(tmp_path: Path) -> Path:
    service().materialize(tmp_path / "online.sqlite", {"weather": TABLE})
    return tmp_path / "online.sqlite"


def test_a_store_gives_the_last_row_of_each_key_with_the_dtypes_of_the_offline_join(
    store: Path,
) -> None:
    asked = rows("JFK", "SFO", "EWR", None, "JFK").set_axis(list("abcde"))
    found = online(service(), store, asked)
    pd.testing.assert_frame_equal(found, service().historical(asked, {"weather": TABLE}))
    assert found["gusts"].tolist() == [3, pd.NA, 2, pd.NA, 3]


def test_a_value_counts_from_its_known_time_and_until_it_expires(
    store: Path, tmp_path: Path
) -> None:
    features = service(weather(ttl=timedelta(hours=3)))
    for at, wind in (("05:59", None), ("06:00", 8.5), ("08:00", 8.5), ("08:00:00.000001", None)):
        (value,) = online(features, store, rows("JFK", at=moment(at)))["wind_mph"]
        assert (None if np.isnan(value) else value) == wind


def test_on_demand_features_are_computed_as_offline(tmp_path: Path) -> None:
    parts = [TIMETABLE["distance"], wind_by_distance, departure_hour]
    features = service(*parts, helpers=[weather(ttl=None)["wind_mph"]])
    features.materialize(tmp_path / "s", {"weather": TABLE})
    asked = rows("JFK", "SFO").assign(distance=[2.0, 3.0])
    found = online(features, tmp_path / "s", asked)
    pd.testing.assert_frame_equal(found, features.historical(asked, {"weather": TABLE}))
    assert found["wind_by_distance"].tolist()[0] == 4.25


def test_the_same_tables_give_the_same_bytes_in_any_order(store: Path, tmp_path: Path) -> None:
    service().materialize(tmp_path / "again", {"weather": TABLE.iloc[::-1]})
    assert (tmp_path / "again").read_bytes() == store.read_bytes()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["again", "online.sqlite"]


class Wide(pa.DataFrameModel):
    """A feature of each kind."""

    origin: str
    at: pd.DatetimeTZDtype = pa.Field(dtype_kwargs={"unit": "us", "tz": "UTC"})
    seen: pd.DatetimeTZDtype = pa.Field(dtype_kwargs={"unit": "us", "tz": "UTC"})
    small: np.int8
    large: np.uint64
    single: np.float32
    flag: bool
    day: pa.Date
    local: pd.DatetimeTZDtype = pa.Field(dtype_kwargs={"unit": "ms", "tz": "Asia/Tokyo"})
    price: object
    raw: object
    kind: pd.CategoricalDtype
    text: str


WIDE = FeatureView(
    "wide",
    AIRPORT,
    table="data/wide.parquet",
    schema=Wide,
    event_time="at",
    known_time="seen",
    ttl=None,
)


def test_values_of_each_kind_come_back_as_they_are_offline(tmp_path: Path) -> None:
    at = pd.to_datetime(["2013-05-01"] * 2, utc=True)
    table = pd.DataFrame(
        {
            "origin": ["EWR", "JFK"],
            "at": at,
            "seen": at,
            "small": np.array([-128, 127], np.int8),
            "large": np.array([2**64 - 1, 0], np.uint64),
            "single": np.array([0.1, np.inf], np.float32),
            "flag": [True, False],
            "day": [date(1, 1, 1), date(2013, 5, 1)],
            "local": at.tz_convert("Asia/Tokyo").as_unit("ms"),
            "price": [Decimal("1.10"), Decimal("-0.01")],
            "raw": [b"\x00\xff", b""],
            "kind": pd.Categorical(["b", "a"], categories=["a", "b"]),
            "text": ["", "naïve ☃"],
        }
    )
    features = service(WIDE)
    features.materialize(tmp_path / "s", {"wide": table})
    asked = rows("JFK", "EWR", "SFO")
    found = online(features, tmp_path / "s", asked)
    pd.testing.assert_frame_equal(found, features.historical(asked, {"wide": table}))
    assert str(found["local"].dtype) == "datetime64[ms, Asia/Tokyo]"
    assert found["large"].tolist()[:2] == [0, 2**64 - 1]
    assert found["price"].tolist()[:2] == [Decimal("-0.01"), Decimal("1.10")]


def test_a_feature_that_sqlite_cannot_keep_is_refused(tmp_path: Path) -> None:
    table = TABLE.assign(wind_mph=[[1.0]] * len(TABLE))
    refused = problem(UNTYPED.materialize, tmp_path / "s", {"weather": table})
    assert refused.code == "not-storable"
    assert list(tmp_path.iterdir()) == []


MINUTES = st.integers(0, 5)
HISTORY = st.lists(st.tuples(st.sampled_from(["EWR", "JFK", "LGA"]), MINUTES, MINUTES), max_size=25)


def history(events: list[tuple[str, int, int]], first: int = 0) -> pd.DataFrame:
    start, minute = moment("00:00"), pd.Timedelta(minutes=1)
    hours = pd.Series([start + at * minute for _, at, _ in events], dtype="datetime64[us, UTC]")
    ends = pd.Series([start + at * minute for *_, at in events], dtype="datetime64[us, UTC]")
    return pd.DataFrame(
        {
            "origin": pd.Series([key for key, *_ in events], dtype="str"),
            "hour": hours,
            "hour_end": ends,
            "wind_mph": np.arange(first, first + len(events), dtype="float64"),
            "gusts": np.arange(first, first + len(events)),
        }
    )


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(events=HISTORY, split=MINUTES)
def test_a_store_that_is_brought_up_to_date_is_as_one_of_all_rows(
    events: list[tuple[str, int, int]], split: int, tmp_path: Path
) -> None:
    table = history(events)
    early = table[table["hour_end"] <= moment(f"00:0{split}")]
    whole, grown = tmp_path / "whole", tmp_path / "grown"
    grown.unlink(missing_ok=True)
    service().materialize(whole, {"weather": table})
    service().materialize(grown, {"weather": early}, incremental=True)
    service().materialize(grown, {"weather": table}, incremental=True)
    asked = rows("EWR", "JFK", "LGA", "SFO")
    found = online(service(), whole, asked)
    pd.testing.assert_frame_equal(found, service().historical(asked, {"weather": table}))
    pd.testing.assert_frame_equal(online(service(), grown, asked), found)


def test_a_late_row_of_an_older_event_changes_no_newer_value(store: Path) -> None:
    late = readings(("JFK", "03:00", 1.0, 9))
    late["hour_end"] = moment("12:00")
    service().materialize(store, {"weather": late}, incremental=True)
    assert online(service(), store, rows("JFK"))["gusts"].tolist() == [3]
    correction = readings(("JFK", "05:00", 1.0, 9))
    correction["hour_end"] = moment("13:00")
    service().materialize(store, {"weather": correction}, incremental=True)
    assert online(service(), store, rows("JFK"))["gusts"].tolist() == [9]


def test_a_store_that_is_missing_or_damaged_is_refused(store: Path, tmp_path: Path) -> None:
    open_online = service().open_online
    assert problem(open_online, tmp_path / "none").code == "no-online-store"
    whole = store.read_bytes()
    for damaged in (b"", b"no SQLite", whole[: len(whole) // 2], whole[:-1]):
        store.write_bytes(damaged)
        assert problem(open_online, store).code in ("bad-online-store", "online-store-format")
    store.write_bytes(whole)
    with sqlite3.connect(store) as base:
        base.execute("PRAGMA user_version = 99")
    assert problem(open_online, store).code == "online-store-format"


@pytest.mark.parametrize(
    "other",
    [
        weather(features=["gusts"], ttl=None),
        weather(known_time="hour", ttl=None),
        FeatureView(
            "weather",
            Entity("airport", keys=["origin", "gusts"]),
            table="data/weather.parquet",
            schema=weather().schema,
            event_time="hour",
            known_time="hour_end",
            ttl=None,
        ),
        FeatureView(
            "other",
            AIRPORT,
            table="data/weather.parquet",
            schema=weather().schema,
            event_time="hour",
            known_time="hour_end",
            ttl=None,
        ),
    ],
)
def test_a_store_of_other_definitions_is_refused(other: FeatureView, store: Path) -> None:
    features = service(other)
    assert problem(features.open_online, store).code == "online-store-differs"
    refused = problem(features.materialize, store, {other.name: TABLE}, incremental=True)
    assert refused.code == "online-store-differs"


@pytest.mark.parametrize("ttl", [None, timedelta(minutes=1)])
def test_another_ttl_needs_no_other_store(ttl: timedelta | None, store: Path) -> None:
    service(weather(ttl=ttl)).open_online(store).close()


def test_a_reader_keeps_its_store_while_another_is_written(store: Path) -> None:
    with service().open_online(store) as before:
        newer = readings(("JFK", "20:00", 1.0, 7))
        service().materialize(store, {"weather": newer})
        assert before.online(rows("JFK"))["gusts"].tolist() == [3]
    assert online(service(), store, rows("JFK"))["gusts"].tolist() == [7]


@pytest.mark.parametrize("place", [".", "file/online.sqlite"])
def test_a_store_that_cannot_be_written_is_refused(place: str, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    refused = problem(service().materialize, tmp_path / place, {"weather": TABLE})
    assert refused.code == "not-written"
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_a_store_that_outgrows_the_disk_is_refused_and_the_old_one_kept(store: Path) -> None:
    before = store.read_bytes()
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (9_000, limits[1]))
    try:
        refused = problem(service().materialize, store, {"weather": TABLE})
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert refused.code == "not-written"
    assert (store.read_bytes(), list(store.parent.iterdir())) == (before, [store])


def test_writers_at_one_time_leave_a_whole_store(tmp_path: Path) -> None:
    def write(_: int) -> None:
        service().materialize(tmp_path / "s", {"weather": TABLE})

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(write, range(8)))
    assert [path.name for path in tmp_path.iterdir()] == ["s"]
    assert online(service(), tmp_path / "s", rows("JFK"))["gusts"].tolist() == [3]


def test_a_writer_that_was_killed_hinders_no_other(tmp_path: Path, store: Path) -> None:
    store.rename(tmp_path / f".s.{os.getpid()}")
    service().materialize(tmp_path / "s", {"weather": TABLE})
    assert online(service(), tmp_path / "s", rows("JFK"))["gusts"].tolist() == [3]


def test_a_page_that_is_damaged_after_the_store_was_opened_is_noticed_when_it_is_read(
    store: Path,
) -> None:
    whole = bytearray(store.read_bytes())
    with sqlite3.connect(store) as base:
        (page,) = base.execute("SELECT rootpage FROM sqlite_master WHERE name LIKE 'view %'")
        (size,) = base.execute("PRAGMA page_size").fetchone()
    start = (page[0] - 1) * size
    whole[start : start + size] = b"\xff" * size
    with service().open_online(store) as opened:
        store.write_bytes(whole)
        assert problem(opened.online, rows("JFK")).code == "bad-online-store"


def test_views_whose_names_differ_in_case_are_two(tmp_path: Path) -> None:
    other = FeatureView(
        "Weather",
        AIRPORT,
        table="data/weather.parquet",
        schema=weather().schema,
        event_time="hour",
        known_time="hour_end",
        ttl=None,
        features=["gusts"],
    )
    features = service(weather(ttl=None)["wind_mph"], other)
    tables = {"weather": TABLE, "Weather": TABLE.assign(gusts=7)}
    features.materialize(tmp_path / "s", tables)
    found = online(features, tmp_path / "s", rows("JFK"))
    pd.testing.assert_frame_equal(found, features.historical(rows("JFK"), tables))
    assert found["gusts"].tolist() == [7]


def later(**changed: Any) -> pd.DataFrame:
    table = readings(("LGA", "09:00", 1.0, 9))
    return table.assign(**changed)


def test_an_incremental_write_keeps_the_types_of_the_store(tmp_path: Path) -> None:
    def write(wind: Any, change: Any, **options: Any) -> None:
        table = later(**change).assign(wind_mph=wind)
        UNTYPED.materialize(tmp_path / "s", {"weather": table}, **options)

    at = pd.Series([moment("01:00")])
    write(at.dt.as_unit("us"), {"origin": "JFK"})
    write(at.dt.as_unit("ns"), {}, incremental=True)
    write(None, {"origin": "SFO"}, incremental=True)
    found = online(UNTYPED, tmp_path / "s", rows("JFK", "LGA", "SFO"))["wind_mph"]
    assert str(found.dtype) == "datetime64[us, UTC]"
    assert found.tolist() == [moment("01:00"), moment("01:00"), pd.NaT]
    before = (tmp_path / "s").read_bytes()
    with pytest.raises(StagebookError) as caught:
        write("strong", {}, incremental=True)
    assert caught.value.problems[0].code == "online-store-differs"
    with pytest.raises(StagebookError) as caught:
        write(at, {"origin": 5}, incremental=True)
    assert caught.value.problems[0].code == "key-of-another-type"
    assert (tmp_path / "s").read_bytes() == before


def test_an_incremental_write_keeps_the_digits_of_decimals(tmp_path: Path) -> None:
    prices = {"JFK": Decimal("22.123"), "LGA": Decimal("1.1")}
    for airport, price in prices.items():
        table = later(origin=airport, wind_mph=price)
        UNTYPED.materialize(tmp_path / "s", {"weather": table}, incremental=True)
    assert online(UNTYPED, tmp_path / "s", rows(*prices))["wind_mph"].tolist() == [*prices.values()]


@pytest.mark.parametrize("key", ["\ud800", 2**63])
def test_a_key_that_no_store_can_have_is_refused(store: Path, key: Any) -> None:
    (view,) = service().resolution.views
    with service().open_online(store) as opened:
        assert problem(opened.look_up, view, (key,), 0).code == "key-of-another-type"
    if isinstance(key, str):
        with service().open_online(store) as opened:
            assert problem(opened.online, rows(key)).code == "unreadable-column"


def test_a_store_whose_path_cannot_be_is_not_written(tmp_path: Path) -> None:
    refused = problem(service().materialize, tmp_path / "\ud800", {"weather": TABLE})
    assert refused.code == "not-written"


def test_a_key_of_another_type_is_refused(store: Path) -> None:
    with service().open_online(store) as opened:
        assert problem(opened.online, rows(1, 2)).code == "key-of-another-type"


def inverted(store: Path, place: int) -> None:
    """Damages 8 bytes of a store."""
    whole = bytearray(store.read_bytes())
    whole[place : place + 8] = bytes(255 - value for value in whole[place : place + 8])
    store.write_bytes(whole)


@pytest.mark.parametrize("incremental", [False, True])
def test_damage_anywhere_is_noticed_when_a_store_is_opened(incremental: bool, store: Path) -> None:
    newer = readings(("LGA", "20:00", 1.0, 7))
    service().materialize(store, {"weather": newer}, incremental=incremental)
    service().open_online(store).close()
    whole = store.read_bytes()
    with sqlite3.connect(store) as base:
        (size,) = base.execute("PRAGMA page_size").fetchone()
        (own,) = base.execute("SELECT rootpage FROM sqlite_master WHERE name = 'content'")
    digest = range((own[0] - 1) * size, own[0] * size)
    places = [place for place in range(100, len(whole), 512) if place not in digest]
    for place in [*places, whole.index(b"\x00" * 32, size), digest[-1] - 40]:
        inverted(store, place)
        assert problem(service().open_online, store).code == "bad-online-store"
        store.write_bytes(whole)


def test_an_incremental_write_gives_no_new_digest_to_a_damaged_store(store: Path) -> None:
    inverted(store, store.stat().st_size - 600)
    before = store.read_bytes()
    refused = problem(service().materialize, store, {"weather": TABLE}, incremental=True)
    assert refused.code == "bad-online-store"
    assert store.read_bytes() == before
    service().materialize(store, {"weather": TABLE})
    assert online(service(), store, rows("JFK"))["gusts"].tolist() == [3]


def old(store: Path) -> None:
    """Makes a store one of the format before, which has no digest."""
    with sqlite3.connect(store) as base:
        base.execute("DROP TABLE content")
        base.execute("PRAGMA application_id = 0")
        base.execute("PRAGMA user_version = 2")


def test_a_store_of_the_format_before_is_refused_and_can_be_written_again(store: Path) -> None:
    old(store)
    assert problem(service().open_online, store).code == "online-store-format"
    service().materialize(store, {"weather": TABLE})
    assert online(service(), store, rows("JFK"))["gusts"].tolist() == [3]


@pytest.mark.parametrize("incremental", [False, True])
@pytest.mark.parametrize("content", [b"", b"[project]\n", None])
def test_a_file_that_is_no_store_is_not_replaced(
    content: bytes | None, incremental: bool, tmp_path: Path
) -> None:
    path = tmp_path / "file"
    if content is None:
        with sqlite3.connect(path) as base:
            base.execute("PRAGMA user_version = 2")
            base.execute("CREATE TABLE views (page TEXT, visitors INTEGER)")
        content = path.read_bytes()
    else:
        path.write_bytes(content)
    refused = problem(service().materialize, path, {"weather": TABLE}, incremental=incremental)
    assert refused.code == "file-there"
    assert path.read_bytes() == content
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("kind", ["folder", "empty", "other"])
def test_what_is_no_store_is_refused_as_what_it_is(kind: str, tmp_path: Path) -> None:
    path = tmp_path / kind
    if kind == "folder":
        path.mkdir()
    elif kind == "empty":
        path.touch()
    else:
        with sqlite3.connect(path) as base:
            base.execute("CREATE TABLE t (x)")
    refused = problem(service().open_online, path)
    assert refused.code == "bad-online-store"
    assert "stagebook features materialize" in refused.hint
