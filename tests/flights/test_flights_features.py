"""Features hold what is known an hour before departure, and nothing that comes later."""

from datetime import timedelta

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flights.feature_tables import departures, destination_zones, weather_hours, window_means
from flights.feature_views import (
    WINDOW,
    airport_delay,
    carrier_delay,
    scheduled_minutes,
    service,
    spine,
    timetable,
    weather,
)
from flights.features import FEATURES, FORECAST, late
from flights.source import TIME_ZONE
from flights.testing import AIRPORTS, flight, flights
from flights.testing import weather as weather_records
from stagebook.features import FeatureService

AFTER_DEPARTURE = ["dep_time", "dep_delay", "arr_time", "arr_delay", "air_time", "tailnum"]
WEATHER = weather_records("2013-06-01T08:00Z", "2013-06-01T10:00Z", "2013-06-01T13:00Z")
PLANNED = st.lists(
    st.tuples(
        st.sampled_from(["UA", "DL"]),
        st.integers(5 * 60, 20 * 60),
        st.none() | st.integers(-60, 400),
    ),
    min_size=1,
    max_size=12,
)
Planned = list[tuple[str, int, int | None]]


def a_day(planned: Planned) -> pd.DataFrame:
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


def tables(all_flights: pd.DataFrame, records: pd.DataFrame = WEATHER) -> dict[str, pd.DataFrame]:
    """The tables of the views, as the stage `views` writes them."""
    departed = departures(all_flights)
    return {
        "airport_delay": window_means(departed, ["origin"], WINDOW, "airport"),
        "carrier_delay": window_means(departed, ["origin", "carrier"], WINDOW, "carrier"),
        "weather": weather_hours(records),
        "destination_zone": destination_zones(AIRPORTS),
    }


def built(
    table: pd.DataFrame, all_flights: pd.DataFrame, records: pd.DataFrame = WEATHER
) -> pd.DataFrame:
    return service.historical(spine(table), tables(all_flights, records))


def left(table: pd.DataFrame) -> pd.Series:
    """When each flight left, to the minute."""
    return table["scheduled_departure"] + pd.to_timedelta(table["dep_delay"], unit="min")


@settings(max_examples=60, deadline=None)
@given(planned=PLANNED, outcomes=st.data())
def test_what_happens_from_the_forecast_on_changes_no_feature(
    planned: Planned, outcomes: st.DataObject
) -> None:
    table = a_day(planned)
    chosen = outcomes.draw(st.integers(0, len(table) - 1))
    moment = spine(table)["forecast_at"].iloc[chosen]
    later = ~(left(table) < moment).fillna(False)  # left later, or never

    altered = table.copy()
    for place in later[later].index:
        # Still not gone by then: never, or as late as it takes.
        wait = int((moment - table["scheduled_departure"][place]).total_seconds() // 60)
        delay = outcomes.draw(st.none() | st.integers(max(wait, -60), max(wait, 0) + 500))
        altered.loc[place, "dep_delay"] = pd.NA if delay is None else delay

    before, after = built(table, table), built(table, altered)
    pd.testing.assert_series_equal(before.iloc[chosen], after.iloc[chosen])


@settings(max_examples=40, deadline=None)
@given(planned=PLANNED, delay=st.none() | st.integers(-60, 500))
def test_a_flight_changes_none_of_its_own_features(planned: Planned, delay: int | None) -> None:
    (carrier, minute, _), *others = planned
    table = a_day([(carrier, minute, None), *others])
    altered = table.copy()
    altered.loc[0, "dep_delay"] = pd.NA if delay is None else delay
    pd.testing.assert_series_equal(built(table, table).iloc[0], built(table, altered).iloc[0])


def test_a_flight_that_left_in_the_minute_of_its_forecast_is_not_known_to_have_left() -> None:
    table = a_day([("UA", 600, -60), ("DL", 530, 6)])
    result = built(table, table)
    assert result["airport_delay_min"].iloc[0] == 6.0
    assert result["carrier_delay_min"].isna().iloc[0]


def test_the_forecast_is_made_an_hour_before_also_when_the_clock_changes() -> None:
    table = flights(*(flight(day, 310) for day in ("2013-03-10", "2013-06-01", "2013-11-03")))
    forecasts = spine(table)["forecast_at"]
    assert (table["scheduled_departure"] - forecasts == pd.Timedelta(hours=1)).all()
    assert forecasts.dt.strftime("%H:%M").tolist() == ["01:10", "02:10", "02:10"]
    assert forecasts.dtype == table["scheduled_departure"].dtype
    assert service.resolution.instant == "forecast_at"


@settings(max_examples=150, deadline=None)
@given(
    planned=PLANNED,
    window=st.integers(1, 300),
    by=st.sampled_from([["origin"], ["origin", "carrier"]]),
)
def test_the_mean_at_every_minute_is_that_of_the_departures_in_its_window(
    planned: Planned, window: int, by: list[str]
) -> None:
    table = a_day(planned)
    departed = departures(table)
    means = window_means(departed, by, pd.Timedelta(minutes=window), "airport")
    assert not means.duplicated([*by, "changed"]).any()
    minute = pd.Timedelta(minutes=1)
    known = left(table).dt.tz_convert("UTC") + minute
    for key, rows in means.groupby(by):
        inside = (table[by] == list(key)).all(axis=1) & table["dep_delay"].notna()
        delays, since = table["dep_delay"][inside].astype("float64"), known[inside]
        for instant in pd.date_range(
            since.min() - minute, since.max() + window * minute, freq="7min"
        ):
            counted = (since <= instant) & (instant < since + window * minute)
            past = rows[rows["changed"] <= instant]
            if counted.any():
                assert past["airport_delay_min"].iloc[-1] == delays[counted].mean()
            else:
                assert past.empty or past["airport_delay_min"].isna().iloc[-1]
            assert past.empty or past["airport_departures"].iloc[-1] == counted.sum()


def test_of_a_flight_itself_only_the_timetable_is_looked_at() -> None:
    table = a_day([("UA", 600, 5), ("UA", 660, 50)])
    erased = table.drop(columns=AFTER_DEPARTURE)
    pd.testing.assert_frame_equal(built(table, table), built(erased, table))


def test_the_service_gives_the_features_of_the_model_in_their_order() -> None:
    assert service.features == FEATURES
    assert not {*AFTER_DEPARTURE, "late"} & {*service.features, *service.request}


def test_every_flight_gets_one_row_under_its_own_key() -> None:
    table = a_day([("UA", 900, 5), ("DL", 600, None), ("UA", 300, 0)]).iloc[[2, 0, 1]]
    result = built(table, table)
    assert result["flight_id"].tolist() == table["flight_id"].tolist()
    assert result["departure_minute"].tolist() == [300, 900, 600]
    assert result["departure_weekday"].tolist() == [5, 5, 5]  # a Saturday


def test_the_numbers_that_the_model_takes_are_plain_floats() -> None:
    table = a_day([("UA", 600, 5)])
    result = built(table, table)
    numbers = [name for name in service.features if name not in timetable.columns]
    assert set(result[numbers].dtypes.astype(str)) == {"float64"}


@pytest.mark.parametrize(
    ("delay", "is_late"), [(14, False), (15, True), (-30, False), (None, pd.NA)]
)
def test_late_begins_at_the_very_minute(delay: int | None, is_late: object) -> None:
    table = flights(flight("2013-06-01", 600, arr_delay=delay))
    assert late(table, 15).tolist() == [is_late]


def hour_used(table: pd.DataFrame, records: pd.DataFrame) -> list[pd.Timestamp]:
    """The beginning of the hour of weather that each flight's features are from."""
    hours = FeatureService("hours", [weather["weather_hour"]], instant=FORECAST)
    return hours.historical(spine(table), {"weather": weather_hours(records)})[
        "weather_hour"
    ].tolist()


@pytest.mark.parametrize(
    ("day", "departs", "hour_in_utc"),
    [
        ("2013-06-01", 615, "2013-06-01T08:00Z"),
        ("2013-06-01", 600, "2013-06-01T08:00Z"),
        ("2013-06-01", 659, "2013-06-01T08:00Z"),
        ("2013-06-02", 105, "2013-06-02T03:00Z"),  # the evening before, in New York
        ("2013-03-10", 410, "2013-03-10T06:00Z"),  # 1:00 winter time: 2:00 did not exist
        ("2013-11-03", 310, "2013-11-03T06:00Z"),  # the second 1:00
    ],
)
def test_the_weather_is_that_of_the_last_hour_that_was_over(
    day: str, departs: int, hour_in_utc: str
) -> None:
    expected = pd.Timestamp(hour_in_utc)
    hours = pd.date_range(expected - pd.Timedelta(hours=5), periods=10, freq="h")
    records = weather_records(*hours.astype(str))
    assert hour_used(flights(flight(day, departs)), records) == [expected]


@pytest.mark.parametrize(
    ("departs", "temperature"),
    [
        (600, 1.0),  # the forecast is made at 5:00; 4:00 is there: 8:00 UTC
        (700, 1.0),  # 5:00 is missing, 4:00 is one hour further back
        (800, 2.0),  # 6:00 is there
        (830, 2.0),
        (1000, 2.0),  # 8:00 and 7:00 are missing
        (1059, 2.0),
        (1100, 3.0),
        (1400, 3.0),  # the newest record is three hours back: the longest bridge
        (1500, 3.0),  # its last minute
        (1501, None),
        (559, None),  # before the first record is known
    ],
)
def test_a_gap_in_the_weather_is_bridged_backward_only_and_not_too_far(
    departs: int, temperature: float | None
) -> None:
    table = flights(flight("2013-06-01", departs))
    result = built(table, table)["temperature_f"]
    assert result.isna().all() if temperature is None else result.tolist() == [temperature]


def test_weather_is_that_of_the_origin() -> None:
    table = flights(flight("2013-06-01", 600, origin="JFK"), flight("2013-06-01", 600))
    assert built(table, table)["temperature_f"].isna().tolist() == [True, False]


def test_a_wind_that_nobody_ever_measured_is_missing() -> None:
    table = flights(flight("2013-06-01", 600))
    stormy = built(table, table, WEATHER.assign(wind_speed=1048.36))
    assert stormy["wind_mph"].isna().all()
    assert stormy["gust_mph"].tolist() == [1.0]


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
    minutes = built(table, table)["scheduled_minutes"]
    assert minutes.iloc[:-1].tolist() == [70, 70, 375, 150, 240, 240]
    assert minutes.isna().iloc[-1]


def test_the_planned_duration_is_the_same_row_by_row() -> None:
    table = flights(
        flight("2013-06-01", 900, arrives=1215, dest="LAX"),
        flight("2013-06-01", 900, arrives=1030, dest="ORD"),
    )
    zones = pd.Series(["America/Los_Angeles", "America/Chicago"])
    columns = [table["scheduled_departure"], table["sched_arr_time"], zones]
    alone = [scheduled_minutes(*(column.iloc[[row]] for column in columns)) for row in range(2)]
    assert pd.concat(alone).tolist() == scheduled_minutes(*columns).tolist()


def test_recent_delay_averages_the_window_right_before_the_forecast() -> None:
    table = a_day(
        [
            ("UA", 600, 0),  # left at 10:00: the window's first minute
            ("UA", 599, 0),  # left before the window
            ("UA", 630, 30),  # left at 11:00
            ("DL", 640, 60),  # left at 11:40, another carrier
            ("UA", 600, 120),  # left at 12:00: that minute is not over at 12:00
            ("UA", 660, None),  # never left
            ("UA", 780, 5),  # the flight in question: its forecast is made at 12:00
        ]
    )
    result = built(table.iloc[[6]], table)
    assert result["airport_delay_min"].tolist() == [30.0]
    assert result["carrier_delay_min"].tolist() == [15.0]


def test_recent_delay_is_missing_where_nothing_left() -> None:
    table = a_day([("UA", 600, 0), ("DL", 720, 0)])
    assert built(table, table)["carrier_delay_min"].isna().all()


def test_a_mean_is_used_no_longer_than_its_departures_count() -> None:
    assert (airport_delay.ttl, carrier_delay.ttl) == (WINDOW, WINDOW)
    assert timedelta(minutes=120) == WINDOW
    table = a_day([("UA", 600, 0), ("UA", 721, 0)])
    stopped = {
        name: part[part["changed"] <= pd.Timestamp("2013-06-01 14:01", tz="UTC")]
        for name, part in tables(table).items()
        if name.endswith("_delay")
    }  # the feed stopped at 10:01 in New York, one minute after the first departure
    later = table.assign(scheduled_departure=pd.Timestamp("2013-06-01 13:02", tz=TIME_ZONE))
    features = service.historical(spine(later), tables(table) | stopped)
    assert features["airport_delay_min"].isna().all()
