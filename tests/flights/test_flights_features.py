"""Features hold what is known at the scheduled departure, and nothing that comes later."""

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flights.features import (
    FEATURES,
    departures,
    features,
    last_full_hour,
    late,
    recent_delay,
    scheduled_minutes,
    weather_before,
)
from flights.source import TIME_ZONE
from flights.testing import AIRPORTS, flight, flights, weather

AFTER_DEPARTURE = ["dep_time", "dep_delay", "arr_time", "arr_delay", "air_time", "tailnum"]
WEATHER = weather("2013-06-01T08:00Z", "2013-06-01T10:00Z", "2013-06-01T13:00Z")
PLANNED = st.lists(
    st.tuples(
        st.sampled_from(["UA", "DL"]),
        st.integers(5 * 60, 20 * 60),
        st.none() | st.integers(-45, 400),
    ),
    min_size=1,
    max_size=12,
)


def a_day(planned: list[tuple[str, int, int | None]]) -> pd.DataFrame:
    return flights(
        *(
            flight(
                "2013-06-01",
                minute // 60 * 100 + minute % 60,
                number=number,
                carrier=carrier,
                dep_delay=delay,
                arr_delay=delay,
            )
            for number, (carrier, minute, delay) in enumerate(planned)
        )
    )


def built(table: pd.DataFrame, all_flights: pd.DataFrame, window: int = 120) -> pd.DataFrame:
    return features(
        table,
        departures(all_flights),
        WEATHER,
        AIRPORTS,
        window_minutes=window,
        bridge_hours=3,
    )


@settings(max_examples=60, deadline=None)
@given(planned=PLANNED, outcomes=st.data())
def test_what_happens_from_the_scheduled_departure_on_changes_no_feature(
    planned: list[tuple[str, int, int | None]], outcomes: st.DataObject
) -> None:
    table = a_day(planned)
    chosen = outcomes.draw(st.integers(0, len(table) - 1))
    moment = table["scheduled_departure"].iloc[chosen]
    left = table["scheduled_departure"] + pd.to_timedelta(table["dep_delay"], unit="min")
    later = ~(left < moment)  # left later, or never
    later.iloc[chosen] = True

    altered = table.copy()
    for place in later[later].index:
        # Still not gone by then: never, or as late as it takes.
        wait = int((moment - table["scheduled_departure"][place]).total_seconds() // 60)
        delay = outcomes.draw(st.none() | st.integers(max(wait, -45), max(wait, 0) + 500))
        altered.loc[place, "dep_delay"] = pd.NA if delay is None else delay

    before, after = built(table, table), built(table, altered)
    pd.testing.assert_series_equal(before.iloc[chosen], after.iloc[chosen])


@settings(max_examples=40, deadline=None)
@given(planned=PLANNED, delay=st.none() | st.integers(-45, 500))
def test_a_flights_own_delay_changes_none_of_its_features(
    planned: list[tuple[str, int, int | None]], delay: int | None
) -> None:
    table = a_day(planned)
    altered = table.copy()
    altered.loc[0, "dep_delay"] = pd.NA if delay is None else delay
    pd.testing.assert_series_equal(built(table, table).iloc[0], built(table, altered).iloc[0])


def test_of_a_flight_itself_only_the_timetable_is_looked_at() -> None:
    table = a_day([("UA", 600, 5), ("UA", 660, 50)])
    erased = table.drop(columns=AFTER_DEPARTURE)
    pd.testing.assert_frame_equal(built(table, table), built(erased, table))


def test_no_feature_is_an_outcome() -> None:
    assert not {*AFTER_DEPARTURE, "late"} & set(FEATURES)


def test_every_flight_gets_one_row_under_its_own_key() -> None:
    table = a_day([("UA", 900, 5), ("DL", 600, None), ("UA", 300, 0)]).iloc[[2, 0, 1]]
    result = built(table, table)
    assert result["flight_id"].tolist() == table["flight_id"].tolist()
    assert result["departure_minute"].tolist() == [300, 900, 600]


@pytest.mark.parametrize(
    ("delay", "is_late"), [(14, False), (15, True), (-30, False), (None, pd.NA)]
)
def test_late_begins_at_the_very_minute(delay: int | None, is_late: object) -> None:
    table = flights(flight("2013-06-01", 600, arr_delay=delay))
    assert late(table, 15).tolist() == [is_late]


def moments(*local: str) -> pd.Series:
    return pd.Series(pd.to_datetime(list(local)).as_unit("us").tz_localize(TIME_ZONE))


@pytest.mark.parametrize(
    ("departs", "hour_in_utc"),
    [
        ("2013-06-01 05:15", "2013-06-01 08:00"),
        ("2013-06-01 05:00", "2013-06-01 08:00"),
        ("2013-06-01 05:59", "2013-06-01 08:00"),
        ("2013-06-02 00:05", "2013-06-02 03:00"),  # the evening before, in New York
        ("2013-03-10 03:10", "2013-03-10 06:00"),  # 1:00 winter time: 2:00 did not exist
        ("2013-11-03 02:10", "2013-11-03 06:00"),  # the second 1:00
    ],
)
def test_the_last_full_hour_is_over_at_departure(departs: str, hour_in_utc: str) -> None:
    expected = pd.Timestamp(hour_in_utc, tz="UTC")
    assert last_full_hour(moments(departs)).tolist() == [expected]


@given(st.datetimes(pd.Timestamp("2013-01-01"), pd.Timestamp("2013-12-31")))
def test_no_weather_hour_ends_after_departure(utc: pd.Timestamp) -> None:
    departs = pd.Series([pd.Timestamp(utc).floor("min").tz_localize("UTC").tz_convert(TIME_ZONE)])
    age = departs.iloc[0] - last_full_hour(departs).iloc[0]
    assert pd.Timedelta(hours=1) <= age < pd.Timedelta(hours=2)


@pytest.mark.parametrize(
    ("departs", "temperature"),
    [
        (500, 1.0),  # 4:00 is there: 8:00 UTC
        (600, 1.0),  # 5:00 is missing, 4:00 is one hour further back
        (700, 2.0),  # 6:00 is there
        (730, 2.0),
        (900, 2.0),  # 8:00 and 7:00 are missing
        (959, 2.0),
        (1000, 3.0),
        (1300, 3.0),  # the newest record is three hours back: the longest bridge
        (1400, None),
        (400, None),  # before the first record
    ],
)
def test_a_gap_in_the_weather_is_bridged_backward_only_and_not_too_far(
    departs: int, temperature: float | None
) -> None:
    table = flights(flight("2013-06-01", departs))
    found = weather_before(table, WEATHER, bridge_hours=3)["temperature_f"]
    assert found.isna().all() if temperature is None else found.tolist() == [temperature]


def test_without_a_bridge_only_the_last_full_hour_counts() -> None:
    table = flights(flight("2013-06-01", 500), flight("2013-06-01", 600))
    found = weather_before(table, WEATHER, bridge_hours=0)
    assert found["weather_hour"].notna().tolist() == [True, False]


def test_weather_is_that_of_the_origin() -> None:
    table = flights(flight("2013-06-01", 500, origin="JFK"), flight("2013-06-01", 500))
    found = weather_before(table, WEATHER, bridge_hours=3)["temperature_f"]
    assert found.isna().tolist() == [True, False]


def test_a_wind_that_nobody_ever_measured_is_missing() -> None:
    table = flights(flight("2013-06-01", 500))
    stormy = WEATHER.assign(wind_speed=1048.36)
    assert weather_before(table, stormy, bridge_hours=3)["wind_mph"].isna().all()


def test_the_planned_duration_reads_both_clocks() -> None:
    table = flights(
        flight("2013-06-01", 600, arrives=710),
        flight("2013-06-01", 2300, arrives=10),  # after midnight
        flight("2013-06-01", 900, arrives=1215, dest="LAX"),  # three hours behind
        flight("2013-06-01", 900, arrives=1030, dest="ORD"),  # one hour behind
        flight("2013-06-01", 900, arrives=1300, dest="SJU"),  # not in the table; no summer time
        flight("2013-01-01", 900, arrives=1400, dest="SJU"),  # an hour ahead in winter
        flight("2013-01-01", 900, arrives=1400, dest="XXX"),
    )
    minutes = scheduled_minutes(table, AIRPORTS)
    assert minutes.iloc[:-1].tolist() == [70, 70, 375, 150, 240, 240]
    assert minutes.isna().iloc[-1]


def test_recent_delay_averages_the_window_right_before_departure() -> None:
    table = a_day(
        [
            ("UA", 600, 0),  # left at 10:00: the window's first minute
            ("UA", 599, 0),  # left before the window
            ("UA", 630, 30),  # left at 11:00
            ("DL", 640, 60),  # left at 11:40, another carrier
            ("UA", 600, 120),  # left at 12:00: too late
            ("UA", 660, None),  # never left
            ("UA", 720, -5),  # the flight in question; left early
        ]
    )
    asked, gone = table.iloc[[6]], departures(table)
    assert recent_delay(asked, gone, ["origin"], 120).tolist() == [30.0]
    assert recent_delay(asked, gone, ["origin", "carrier"], 120).tolist() == [15.0]


def test_recent_delay_is_missing_where_nothing_left() -> None:
    table = a_day([("UA", 600, 0), ("DL", 660, 0)])
    assert recent_delay(table, departures(table), ["carrier"], 120).isna().all()
