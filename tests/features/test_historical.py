"""Features as they were known: late arrivals, corrections, gaps, zones, expiry."""

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pandera.pandas as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from places import (
    TIMETABLE,
    Untyped,
    departure_hour,
    moment,
    readings,
    weather,
    wind_by_distance,
)
from refusals import problem

from stagebook.features import Entity, FeatureService, FeatureView, on_demand


def service(*parts: Any, **options: Any) -> FeatureService:
    return FeatureService("late", parts or [weather()], instant="departure", **options)


def spine(*rows: tuple[str | None, pd.Timestamp | None], **columns: Any) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=["origin", "departure"]).assign(**columns)
    return frame.assign(departure=pd.to_datetime(frame["departure"], utc=True))


def winds(table: pd.DataFrame, *rows: tuple[str | None, Any], **changed: Any) -> list[Any]:
    """The wind at these airports and instants; None where it was not known."""
    found = service(weather(**changed)).historical(spine(*rows), {"weather": table})
    return [None if pd.isna(value) else value for value in found["wind_mph"]]


def test_a_reading_counts_from_its_known_time_on() -> None:
    table = readings(("EWR", "04:00", 5.0, 0), ("EWR", "05:00", 9.0, 0))
    rows = [("EWR", moment(text)) for text in ("04:59:59.999999", "05:00", "05:59", "06:00")]
    assert winds(table, *rows) == [None, 5.0, 5.0, 9.0]


def test_a_late_reading_does_not_hide_a_newer_one() -> None:
    table = readings(("EWR", "04:00", 4.0, 0), ("EWR", "05:00", 5.0, 0), ("EWR", "03:00", 3.0, 0))
    table.loc[2, "hour_end"] = moment("06:30")  # arrives after those of later hours
    rows = [("EWR", moment(text)) for text in ("05:00", "06:00", "06:30", "07:00")]
    assert winds(table, *rows) == [4.0, 5.0, 5.0, 5.0]


def test_a_correction_counts_from_when_it_was_known() -> None:
    table = readings(("EWR", "04:00", 4.0, 0), ("EWR", "04:00", 40.0, 0))
    table.loc[1, "hour_end"] = moment("05:30")
    rows = [("EWR", moment(text)) for text in ("05:00", "05:29", "05:30")]
    assert winds(table, *rows) == [4.0, 4.0, 40.0]
    assert winds(table.iloc[::-1], *rows) == [4.0, 4.0, 40.0]


def test_a_correction_to_missing_is_missing() -> None:
    table = readings(("EWR", "04:00", 4.0, 0), ("EWR", "05:00", None, 0))
    assert winds(table, ("EWR", moment("06:00"))) == [None]


def test_a_value_expires_by_its_event_time() -> None:
    table = readings(("EWR", "04:00", 4.0, 0))
    rows = [("EWR", moment(text)) for text in ("07:00", "07:00:00.000001", "23:00")]
    assert winds(table, *rows) == [4.0, None, None]
    assert winds(table, *rows, ttl=None) == [4.0, 4.0, 4.0]


def test_a_value_expires_after_centuries_and_never_before_it_happens() -> None:
    table = readings(("EWR", "04:00", 4.0, 0), ("JFK", "04:00", 5.0, 0))
    table[["hour", "hour_end"]] = pd.Timestamp("1700-01-01", tz="UTC")
    table.loc[1, "hour"] = pd.Timestamp("2262-01-01", tz="UTC")  # a forecast
    rows = [("EWR", pd.Timestamp("2200-01-01", tz="UTC"))] * 2
    rows[1] = ("JFK", pd.Timestamp("1700-01-02", tz="UTC"))
    assert winds(table, *rows) == [None, 5.0]
    assert winds(table, *rows, ttl=timedelta.max) == [4.0, 5.0]


def test_rows_without_key_or_instant_have_no_value_and_keep_their_place() -> None:
    table = readings(("EWR", "04:00", 4.0, 0), (None, "04:00", 7.0, 0))
    rows = [(None, moment("05:00")), ("EWR", None), ("SFO", moment("05:00"))]
    assert winds(table, *rows, ("EWR", moment("05:00"))) == [None, None, None, 4.0]


def test_zones_and_units_do_not_matter_and_the_hour_that_is_twice_is_two_hours() -> None:
    hours = pd.to_datetime(["2013-11-03 05:30", "2013-11-03 06:30"], utc=True)
    local = hours.tz_convert("America/New_York")
    assert [f"{hour:%H:%M}" for hour in local] == ["01:30", "01:30"]
    table = pd.DataFrame(
        {"origin": "EWR", "hour": local, "hour_end": local, "wind_mph": [1.0, 2.0], "gusts": 0}
    )
    asked = spine(("EWR", hours[0]), ("EWR", hours[1]))
    asked["departure"] = asked["departure"].dt.tz_convert("Asia/Kathmandu").dt.as_unit("ns")
    found = service().historical(asked, {"weather": table.assign(hour=hours.as_unit("s"))})
    assert found["wind_mph"].tolist() == [1.0, 2.0]


def test_the_spine_keeps_its_index_order_and_columns() -> None:
    table = readings(("EWR", "04:00", 4.0, 1), ("JFK", "04:00", 8.0, 2))
    asked = spine(("JFK", moment("05:00")), ("EWR", moment("05:00")), ("JFK", moment("05:00")))
    asked = asked.set_axis([7, 7, 3]).assign(note=["a", "b", "c"])
    before = asked.copy()
    found = service().historical(asked, {"weather": table})
    pd.testing.assert_frame_equal(asked, before)
    pd.testing.assert_frame_equal(found[["origin", "departure", "note"]], before)
    assert found["wind_mph"].tolist() == [8.0, 4.0, 8.0]


@pytest.mark.parametrize("table", [readings(("EWR", "04:00", 4.0, 1)), readings()])
def test_dtypes_do_not_depend_on_what_is_missing(table: pd.DataFrame) -> None:
    table = table.astype({"wind_mph": "float64", "gusts": "int64", "origin": "str"})
    for rows in ([("EWR", moment("05:00"))], [("SFO", moment("05:00"))], []):
        found = service().historical(spine(*rows), {"weather": table})
        assert (str(found["gusts"].dtype), str(found["wind_mph"].dtype)) == ("Int64", "float64")


def test_on_demand_features_are_computed_of_the_request_and_of_features() -> None:
    parts = [TIMETABLE["distance"], wind_by_distance, departure_hour]
    asked = spine(("EWR", moment("05:00")), ("SFO", moment("06:00")), distance=[2.0, 4.0])
    found = service(*parts, helpers=[weather()["wind_mph"]]).historical(
        asked, {"weather": readings(("EWR", "04:00", 5.0, 1))}
    )
    assert list(found) == ["origin", "departure", "distance", "wind_by_distance", "departure_hour"]
    assert found["wind_by_distance"].tolist()[0] == 2.5
    assert np.isnan(found["wind_by_distance"].tolist()[1])
    assert found["departure_hour"].tolist() == [5.0, 6.0]


@pytest.mark.parametrize("name", ["weather.parquet", "weather.csv"])
def test_a_views_own_table_is_read_from_the_project(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "notebooks").mkdir()
    (tmp_path / "pyproject.toml").touch()
    table = readings(("EWR", "04:00", 4.0, 0))
    if name.endswith(".csv"):
        table.to_csv(tmp_path / "data" / name, index=False)
    else:
        table.to_parquet(tmp_path / "data" / name)
    for folder in (tmp_path, tmp_path / "notebooks"):
        monkeypatch.chdir(folder)
        found = service(weather(table=f"data/{name}")).historical(spine(("EWR", moment("05:00"))))
        assert found["wind_mph"].tolist() == [4.0]
    (tmp_path / "data" / name).unlink()
    missing = service(weather(table=f"data/{name}"))
    assert problem(missing.historical, spine(("EWR", moment("05:00")))).code == "no-table"


EWR = [("EWR", moment("05:00"))]


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda asked: asked.drop(columns="departure"), "no-column"),
        (lambda asked: asked.drop(columns="origin"), "no-column"),
        (
            lambda asked: asked.assign(departure=asked["departure"].dt.tz_localize(None)),
            "naive-time",
        ),
        (lambda asked: asked.assign(departure="2013-05-01"), "not-a-time"),
        (lambda asked: asked.assign(origin=1), "key-of-another-type"),
        (lambda asked: asked.assign(origin=1.5), "key-of-another-type"),
        (lambda asked: asked.assign(wind_mph=1.0), "feature-in-spine"),
        (lambda asked: pd.concat([asked, asked[["origin"]]], axis=1), "repeated-name"),
        (lambda asked: asked.to_dict(), "no-spine"),
        (lambda asked: pd.concat([asked, asked.assign(origin=1)]), "unreadable-column"),
        (
            lambda asked: asked.assign(origin=pd.Series(["\ud800"], dtype="object")),
            "unreadable-column",
        ),
        (lambda asked: asked.rename(columns={"origin": 5}), "no-column"),
        (
            lambda asked: pd.concat([asked, asked]).assign(
                departure=[moment("05:00"), datetime(2013, 5, 1)]
            ),
            "naive-time",
        ),
    ],
)
def test_a_spine_that_cannot_be_joined_is_refused(change: Any, code: str) -> None:
    tables = {"weather": readings(("EWR", "04:00", 4.0, 0))}
    assert problem(service().historical, change(spine(*EWR)), tables).code == code


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda table: table.drop(columns="gusts"), "no-column"),
        (lambda table: table.assign(hour_end=pd.to_datetime([None], utc=True)), "no-time"),
        (lambda table: table.assign(hour=table["hour"].dt.tz_localize(None)), "naive-time"),
        (lambda table: table.assign(hour_end=table["hour"].dt.date), "not-a-time"),
        (lambda table: table.assign(wind_mph=1j), "unreadable-column"),
        (lambda table: table.assign(gusts=2**70), "unreadable-column"),
        (lambda table: pd.concat([table, table["hour"]], axis=1), "repeated-name"),
        (lambda table: table["origin"].tolist(), "no-table"),
        (lambda table: None, "no-table"),
    ],
)
def test_a_table_that_cannot_be_joined_is_refused(change: Any, code: str) -> None:
    tables = {"weather": change(readings(("EWR", "04:00", 4.0, 0)))}
    assert problem(service().historical, spine(*EWR), tables).code == code


def test_a_table_without_the_name_of_its_view_is_refused() -> None:
    tables: Any = readings(("EWR", "04:00", 4.0, 0))
    assert problem(service().historical, spine(*EWR), tables).code == "no-feature-view"


def test_columns_without_a_value_have_the_types_of_the_schema() -> None:
    whole = readings(("EWR", "04:00", 4.0, 1))
    expected = service().historical(spine(*EWR), {"weather": whole}).dtypes
    for table in (
        pd.DataFrame(columns=list(whole.columns)),
        whole.assign(wind_mph=None, gusts=None),
        whole.assign(origin=pd.Categorical([None])),
    ):
        found = service().historical(spine(*EWR), {"weather": table})
        pd.testing.assert_series_equal(found.dtypes, expected)
        assert found["wind_mph"].isna().all()


def test_times_that_are_features_keep_their_zone() -> None:
    table = readings(("EWR", "04:00", 4.0, 1))
    table["wind_mph"] = table["hour"].dt.tz_convert("America/New_York")
    view = weather(schema=Untyped)
    found = service(view).historical(spine(*EWR), {"weather": table})
    assert str(found["wind_mph"].dtype) == "datetime64[us, America/New_York]"
    assert found["wind_mph"].dt.hour.tolist() == [0]


@pytest.mark.parametrize("rows", [2, 1_500])
def test_every_value_of_the_answer_can_be_replaced(rows: int) -> None:
    table = readings(("EWR", "04:00", 4.0, 1), ("EWR", "05:00", 5.0, 2))
    view = weather(features=["wind_mph", "gusts", "hour_end"])
    found = service(view).historical(spine(*EWR * rows), {"weather": table})
    found.loc[1, "wind_mph"] = 7.5
    found.loc[1, ["gusts", "hour_end"]] = [9, moment("12:00")]
    assert found.loc[1, ["wind_mph", "gusts", "hour_end"]].tolist() == [7.5, 9, moment("12:00")]
    assert found.loc[0, "wind_mph"] == 4.0


def test_a_table_for_a_view_that_the_service_lacks_is_refused() -> None:
    tables = {"wether": readings(("EWR", "04:00", 4.0, 0))}
    refused = problem(service().historical, spine(*EWR), tables)
    assert (refused.code, "weather" in refused.hint) == ("no-feature-view", True)


@pytest.mark.parametrize("values", [[1.0], [1.0, 2.0, 3.0], ["a", "b"]])
def test_an_on_demand_feature_that_is_not_a_number_for_each_row_is_refused(values: Any) -> None:
    @on_demand("float64")
    def odd(distance: Any) -> Any:
        return values

    asked = spine(*EWR, *EWR, distance=1.0)
    refused = problem(service(odd, helpers=[TIMETABLE["distance"]]).historical, asked)
    assert refused.code == "on-demand-feature-failed"
    assert refused.where is not None
    assert refused.where.file == __file__


def test_an_on_demand_feature_that_changes_its_inputs_changes_nothing_else() -> None:
    @on_demand("float64")
    def spoiler(distance: pd.Series) -> pd.Series:
        distance[:] = 0.0
        return distance

    @on_demand("float64")
    def double(distance: pd.Series) -> pd.Series:
        return distance * 2

    asked = spine(*EWR, *EWR, distance=[1.0, 2.0])
    found = service(TIMETABLE["distance"], spoiler, double).historical(asked)
    assert found["distance"].tolist() == asked["distance"].tolist() == [1.0, 2.0]
    assert (found["spoiler"].tolist(), found["double"].tolist()) == ([0.0, 0.0], [2.0, 4.0])


@pytest.mark.parametrize("index", [[0, 1], [1, 0], [7, 7]])
def test_the_index_of_the_spine_changes_no_on_demand_feature(index: list[int]) -> None:
    @on_demand("float64")
    def added(distance: pd.Series) -> pd.Series:
        return pd.Series([10.0, 20.0]) + distance

    asked = spine(*EWR, *EWR, distance=[1.0, 2.0]).set_axis(index)
    found = service(added, helpers=[TIMETABLE["distance"]]).historical(asked)
    assert found["added"].tolist() == [11.0, 22.0]
    assert found.index.tolist() == index


@pytest.mark.parametrize(
    "function",
    [
        lambda distance: distance.sort_values(),
        lambda distance: distance.mean(),
        lambda distance: None,
        lambda distance: distance.to_frame(),
        lambda distance: distance.where(distance > 1),
    ],
)
def test_an_on_demand_feature_that_mixes_or_loses_rows_is_refused(function: Any) -> None:
    function.__name__ = "odd"
    odd = on_demand("bool")(function)
    asked = spine(*EWR, *EWR, distance=[2.0, 1.0])
    refused = problem(service(odd, helpers=[TIMETABLE["distance"]]).historical, asked)
    assert refused.code == "on-demand-feature-failed"


class Gates(pa.DataFrameModel):
    """A key of two columns, numbers of any width."""

    origin: str
    gate: int
    at: pd.DatetimeTZDtype = pa.Field(dtype_kwargs={"unit": "us", "tz": "UTC"})
    seen: pd.DatetimeTZDtype = pa.Field(dtype_kwargs={"unit": "us", "tz": "UTC"})
    value: float


GATES = FeatureView(
    "gates",
    Entity("gate", keys=["origin", "gate"]),
    table="data/gates.parquet",
    schema=Gates,
    event_time="at",
    known_time="seen",
    ttl=timedelta(minutes=2),
)
MINUTES = st.integers(0, 5)
HISTORY = st.lists(
    st.tuples(st.sampled_from(["EWR", "JFK"]), st.integers(0, 1), MINUTES, MINUTES), max_size=25
)
ASKED = st.lists(
    st.tuples(st.sampled_from(["EWR", "JFK", None]), st.integers(0, 2), st.none() | MINUTES),
    max_size=8,
)


def instants(minutes: Any) -> pd.Series:
    start = moment("00:00")
    return pd.Series(
        [None if minute is None else start + pd.Timedelta(minutes=minute) for minute in minutes],
        dtype="datetime64[us, UTC]",
    )


@settings(max_examples=80, deadline=None)
@given(HISTORY, ASKED, st.sampled_from(["int8", "int64"]))
def test_any_history_gives_what_its_definition_says(
    history: list[Any], asked: list[Any], dtype: str
) -> None:
    """The last event known at the instant, unless its age is over the ttl of two minutes."""
    table = pd.DataFrame(
        {
            "origin": pd.Series([row[0] for row in history], dtype="str"),
            "gate": pd.Series([row[1] for row in history], dtype=dtype),
            "at": instants([row[2] for row in history]),
            "seen": instants([row[3] for row in history]),
            "value": np.arange(len(history), dtype="float64"),
        }
    )
    rows = pd.DataFrame(
        {
            "origin": pd.Series([row[0] for row in asked], dtype="object"),
            "gate": pd.Series([row[1] for row in asked], dtype="int64"),
            "departure": instants([row[2] for row in asked]),
        }
    )
    found = service(GATES).historical(rows, {"gates": table})["value"].tolist()
    for (origin, gate, instant), value in zip(asked, found, strict=True):
        known = [
            (at, seen, place)
            for place, (*key, at, seen) in enumerate(history)
            if key == [origin, gate] and instant is not None and seen <= instant
        ]
        last = max(known, default=None)
        expected = last[2] if last is not None and instant - last[0] <= 2 else None
        assert (None if np.isnan(value) else value) == expected
