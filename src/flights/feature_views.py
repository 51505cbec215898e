"""The features of the model, defined once for training and for serving."""

from datetime import timedelta

import pandas as pd

from flights.contracts import (
    AirportDelays,
    CarrierDelays,
    DestinationZones,
    Timetable,
    WeatherHours,
)
from flights.features import DEPARTURE, FORECAST, KEY, WEATHER, forecast_at
from flights.source import TIME_ZONE, clock_minutes
from stagebook.features import Entity, FeatureService, FeatureView, RequestSource, on_demand

WINDOW = timedelta(minutes=120)
"""How long a departure counts for the delays of others."""

BRIDGE = timedelta(hours=3)
"""How long a gap in the weather is bridged with the last record before it."""

airport = Entity("airport", keys=["origin"])
carrier_at_airport = Entity("carrier_at_airport", keys=["origin", "carrier"])
destination = Entity("destination", keys=["dest"])

airport_delay = FeatureView(
    "airport_delay",
    airport,
    table="data/views/airport_delay.parquet",
    schema=AirportDelays,
    event_time="changed",
    known_time="changed",
    ttl=WINDOW,
)
carrier_delay = FeatureView(
    "carrier_delay",
    carrier_at_airport,
    table="data/views/carrier_delay.parquet",
    schema=CarrierDelays,
    event_time="changed",
    known_time="changed",
    ttl=WINDOW,
)
weather = FeatureView(
    "weather",
    airport,
    table="data/views/weather.parquet",
    schema=WeatherHours,
    event_time="weather_hour",
    known_time="hour_over",
    ttl=timedelta(hours=2) + BRIDGE,  # an hour until it is over, and one until the next is over
    features=["weather_hour", *WEATHER.values()],
)
destination_zone = FeatureView(
    "destination_zone",
    destination,
    table="data/views/destination_zone.parquet",
    schema=DestinationZones,
    event_time="since",
    known_time="since",
    ttl=None,
)
timetable = RequestSource("timetable", schema=Timetable)


@on_demand("float64")
def departure_minute(scheduled_departure: pd.Series) -> pd.Series:
    """Minutes after midnight on New York's clock."""
    local = scheduled_departure.dt.tz_convert(TIME_ZONE)
    minutes: pd.Series = local.dt.hour * 60 + local.dt.minute
    return minutes


@on_demand("float64")
def departure_weekday(scheduled_departure: pd.Series) -> pd.Series:
    """The weekday in New York, counted from Monday, 0."""
    weekday: pd.Series = scheduled_departure.dt.tz_convert(TIME_ZONE).dt.day_of_week
    return weekday


@on_demand("float64")
def distance_mi(distance: pd.Series) -> pd.Series:
    """The distance in miles."""
    return distance


@on_demand("float64")
def scheduled_minutes(
    scheduled_departure: pd.Series, sched_arr_time: pd.Series, time_zone: pd.Series
) -> pd.Series:
    """Counts the minutes from scheduled departure to scheduled arrival, gate to gate.

    The timetable gives the arrival on the destination's clock and without a date. So the
    departure is read on that same clock; what is missing to the arrival, modulo a day, is the
    duration. It is missing where the destination's time zone is not known.
    """
    departure = pd.Series(float("nan"), index=scheduled_departure.index)
    for zone, moments in scheduled_departure.groupby(time_zone):
        there = moments.dt.tz_convert(str(zone))
        departure.loc[moments.index] = (there.dt.hour * 60 + there.dt.minute).astype("float64")
    return (clock_minutes(sched_arr_time) - departure) % 1440


service = FeatureService(
    "late_arrival",
    [
        timetable["carrier", "origin", "dest"],
        departure_minute,
        departure_weekday,
        distance_mi,
        scheduled_minutes,
        airport_delay["airport_delay_min"],
        carrier_delay["carrier_delay_min"],
        weather[tuple(WEATHER.values())],
    ],
    instant=FORECAST,
    helpers=[timetable[DEPARTURE, "distance", "sched_arr_time"], destination_zone],
)


def spine(flights: pd.DataFrame) -> pd.DataFrame:
    """Gives the rows that features are joined to: key, timetable, instant of the forecast.

    Args:
        flights: Needs ``flight_id`` and the columns of ``Timetable``.

    Returns:
        One row for each of ``flights``, under its index, with these columns and ``forecast_at``.
    """
    return flights[[KEY, *timetable.columns]].assign(**{FORECAST: forecast_at(flights[DEPARTURE])})
