"""What each table that crosses from one stage to the next has to look like.

Bounds are what can be, not what was observed: a clock has 24 hours, humidity is a percentage.
"""

from datetime import timedelta
from typing import Annotated, ClassVar

import numpy as np
import pandas as pd
import pandera.pandas as pa

from flights.features import FORECAST_AHEAD, HIGHEST_WIND_MPH, forecast_at
from flights.source import ORIGINS, TIME_ZONE

CARRIERS = (
    "9E", "AA", "AS", "B6", "DL", "EV", "F9", "FL", "HA", "MQ", "OO", "UA", "US", "VX", "WN", "YV",
)  # fmt: skip
"""Codes of the sixteen carriers that flew from New York in 2013."""

EARLIEST_MIN = -(FORECAST_AHEAD // timedelta(minutes=1))
"""The lowest delay of a departure. A flight that left earlier would be known to have left when its
own forecast is made."""

LocalTime = Annotated[pd.DatetimeTZDtype, "us", TIME_ZONE]
Utc = Annotated[pd.DatetimeTZDtype, "us", "UTC"]


class Table(pa.DataFrameModel):
    """What all tables share: no column but those that are named."""

    class Config:
        """What holds for the table as a whole."""

        strict = True


class Flights(Table):
    """One row for each flight that was to leave New York in 2013.

    Clock times are numbers, ``hhmm``, local to their airport; delays and ``air_time`` are minutes,
    ``distance`` miles.
    """

    flight_id: str = pa.Field(unique=True)
    scheduled_departure: LocalTime
    year: np.int16 = pa.Field(eq=2013)
    month: np.int8 = pa.Field(ge=1, le=12)
    day: np.int8 = pa.Field(ge=1, le=31)
    dep_time: pd.Int16Dtype = pa.Field(ge=0, le=2400, nullable=True)
    sched_dep_time: np.int16 = pa.Field(ge=0, le=2400)
    dep_delay: pd.Int16Dtype = pa.Field(ge=EARLIEST_MIN, nullable=True)
    arr_time: pd.Int16Dtype = pa.Field(ge=0, le=2400, nullable=True)
    sched_arr_time: np.int16 = pa.Field(ge=0, le=2400)
    arr_delay: pd.Int16Dtype = pa.Field(ge=-240, nullable=True)
    carrier: str = pa.Field(isin=CARRIERS)
    flight: np.int16 = pa.Field(ge=1)
    tailnum: str = pa.Field(nullable=True)
    origin: str = pa.Field(isin=tuple(ORIGINS))
    dest: str = pa.Field(str_matches=r"^[A-Z]{3}$")
    air_time: pd.Int16Dtype = pa.Field(gt=0, nullable=True)
    distance: np.int16 = pa.Field(gt=0)

    @pa.check("month", error="every month of the year has flights")
    def every_month(cls, month: pd.Series) -> bool:
        """Whether no month is missing, which no single row can show."""
        return set(range(1, 13)) <= set(month.unique())

    @pa.dataframe_check(error="a flight that arrived had left before")
    def arrival_after_departure(cls, flights: pd.DataFrame) -> pd.Series:
        """Whether what has an arrival has a departure."""
        return flights["arr_time"].isna() | flights["dep_time"].notna()

    @pa.dataframe_check(error="scheduled_departure and sched_dep_time are the same clock time")
    def one_clock(cls, flights: pd.DataFrame) -> pd.Series:
        """Whether the moment says the same as the timetable's number."""
        moment = flights["scheduled_departure"].dt
        same: pd.Series = moment.hour * 100 + moment.minute == flights["sched_dep_time"] % 2400
        return same


class Weather(Table):
    """One row for each airport and full hour, in UTC.

    Temperatures in °F, humidity in %, wind in degrees and mph, precipitation in inches, pressure
    in millibar, visibility in miles.
    """

    origin: str = pa.Field(isin=tuple(ORIGINS))
    time_hour: Utc
    temp: float = pa.Field(ge=-60, le=140, nullable=True)
    dewp: float = pa.Field(ge=-100, le=100, nullable=True)
    humid: float = pa.Field(ge=0, le=100, nullable=True)
    wind_dir: float = pa.Field(ge=0, le=360, nullable=True)
    wind_speed: float = pa.Field(ge=0, nullable=True)
    wind_gust: float = pa.Field(ge=0, nullable=True)
    precip: float = pa.Field(ge=0, nullable=True)
    pressure: float = pa.Field(ge=850, le=1100, nullable=True)
    visib: float = pa.Field(ge=0, nullable=True)

    class Config(Table.Config):
        """One record for each airport and hour."""

        unique: ClassVar = ["origin", "time_hour"]

    @pa.check("time_hour", error="a full hour")
    def full_hour(cls, hour: pd.Series) -> pd.Series:
        """Whether each moment is the beginning of an hour."""
        full: pd.Series = hour == hour.dt.floor("h")
        return full


class Planes(Table):
    """One row for each plane that is registered."""

    tailnum: str = pa.Field(unique=True)
    year: pd.Int16Dtype = pa.Field(ge=1903, le=2013, nullable=True)
    type: str
    manufacturer: str
    model: str
    engines: np.int8 = pa.Field(ge=1)
    seats: np.int16 = pa.Field(ge=1)
    speed: pd.Int16Dtype = pa.Field(gt=0, nullable=True)
    engine: str


class Airports(Table):
    """One row for each airport: degrees, feet above the sea, hours from UTC."""

    faa: str = pa.Field(unique=True)
    name: str
    lat: float = pa.Field(ge=-90, le=90)
    lon: float = pa.Field(ge=-180, le=180)
    alt: np.int64
    tz: np.int64 = pa.Field(ge=-12, le=14)
    dst: str = pa.Field(isin=("A", "N", "U"))
    tzone: str = pa.Field(nullable=True)


class Airlines(Table):
    """One row for each carrier that is known."""

    carrier: str = pa.Field(unique=True, isin=CARRIERS)
    name: str


class AirportDelays(Table):
    """One row for each instant at which the mean delay of an airport's last departures changes."""

    origin: str = pa.Field(isin=tuple(ORIGINS))
    changed: Utc
    airport_delay_min: float = pa.Field(ge=-120, nullable=True)
    airport_departures: np.int32 = pa.Field(ge=0)

    class Config(Table.Config):
        """A mean has one value at an instant."""

        unique: ClassVar = ["origin", "changed"]


class CarrierDelays(Table):
    """The same for each carrier at each airport."""

    origin: str = pa.Field(isin=tuple(ORIGINS))
    carrier: str = pa.Field(isin=CARRIERS)
    changed: Utc
    carrier_delay_min: float = pa.Field(ge=-120, nullable=True)
    carrier_departures: np.int32 = pa.Field(ge=0)

    class Config(Table.Config):
        """A mean has one value at an instant."""

        unique: ClassVar = ["origin", "carrier", "changed"]


class WeatherHours(Table):
    """One row for each airport and hour of weather, with the names and units of the features."""

    origin: str = pa.Field(isin=tuple(ORIGINS))
    weather_hour: Utc
    hour_over: Utc
    temperature_f: float = pa.Field(ge=-60, le=140, nullable=True)
    dew_point_f: float = pa.Field(ge=-100, le=100, nullable=True)
    humidity_pct: float = pa.Field(ge=0, le=100, nullable=True)
    wind_from_deg: float = pa.Field(ge=0, le=360, nullable=True)
    wind_mph: float = pa.Field(ge=0, le=HIGHEST_WIND_MPH, nullable=True)
    gust_mph: float = pa.Field(ge=0, nullable=True)
    rain_in: float = pa.Field(ge=0, nullable=True)
    pressure_mb: float = pa.Field(ge=850, le=1100, nullable=True)
    visibility_mi: float = pa.Field(ge=0, nullable=True)

    @pa.dataframe_check(error="a record is known when its hour is over")
    def known_when_over(cls, weather: pd.DataFrame) -> pd.Series:
        """Whether no record is known before its hour is over."""
        over: pd.Series = weather["hour_over"] == weather["weather_hour"] + pd.Timedelta(hours=1)
        return over


class DestinationZones(Table):
    """One row for each airport: its time zone, an IANA name."""

    dest: str = pa.Field(unique=True, str_matches=r"^[A-Z0-9]{3}$")
    since: Utc
    time_zone: str


class Timetable(pa.DataFrameModel):
    """What the timetable says about a flight; of a flight itself, features use nothing else."""

    carrier: str = pa.Field(isin=CARRIERS)
    origin: str = pa.Field(isin=tuple(ORIGINS))
    dest: str = pa.Field(str_matches=r"^[A-Z]{3}$")
    scheduled_departure: LocalTime
    sched_arr_time: np.int16 = pa.Field(ge=0, le=2400)
    distance: np.int16 = pa.Field(gt=0)


class Features(Table):
    """One row for each flight that arrived, with what was known when its forecast is made.

    Names of features end with their unit. ``sched_arr_time`` and ``distance`` are what the
    timetable gives: the features can be computed again from each row.
    """

    flight_id: str = pa.Field(unique=True)
    scheduled_departure: LocalTime
    forecast_at: LocalTime
    sched_arr_time: np.int16 = pa.Field(ge=0, le=2400)
    distance: np.int16 = pa.Field(gt=0)
    weather_hour: Utc = pa.Field(nullable=True)
    carrier: str = pa.Field(isin=CARRIERS)
    origin: str = pa.Field(isin=tuple(ORIGINS))
    dest: str = pa.Field(str_matches=r"^[A-Z]{3}$")
    departure_minute: float = pa.Field(ge=0, lt=24 * 60)
    departure_weekday: float = pa.Field(ge=0, le=6)
    distance_mi: float = pa.Field(gt=0)
    scheduled_minutes: float = pa.Field(gt=0, lt=24 * 60)
    airport_delay_min: float = pa.Field(nullable=True)
    carrier_delay_min: float = pa.Field(nullable=True)
    temperature_f: float = pa.Field(ge=-60, le=140, nullable=True)
    dew_point_f: float = pa.Field(ge=-100, le=100, nullable=True)
    humidity_pct: float = pa.Field(ge=0, le=100, nullable=True)
    wind_from_deg: float = pa.Field(ge=0, le=360, nullable=True)
    wind_mph: float = pa.Field(ge=0, le=HIGHEST_WIND_MPH, nullable=True)
    gust_mph: float = pa.Field(ge=0, nullable=True)
    rain_in: float = pa.Field(ge=0, nullable=True)
    pressure_mb: float = pa.Field(ge=850, le=1100, nullable=True)
    visibility_mi: float = pa.Field(ge=0, nullable=True)
    late: bool

    @pa.dataframe_check(error="a forecast is made an hour before the scheduled departure")
    def an_hour_ahead(cls, flights: pd.DataFrame) -> pd.Series:
        """Whether the instant of the forecast is the one that the timetable gives."""
        return flights["forecast_at"] == forecast_at(flights["scheduled_departure"])

    @pa.dataframe_check(error="weather from before the forecast")
    def nothing_from_the_future(cls, flights: pd.DataFrame) -> pd.Series:
        """Whether the hour of weather was over when the forecast is made."""
        over = flights["weather_hour"] + pd.Timedelta(hours=1)
        return over.isna() | (over <= flights["forecast_at"])


class Slices(Table):
    """One row for each carrier and airport that is scored: shares and scores with intervals."""

    kind: str = pa.Field(isin=("carrier", "origin"))
    slice: str = pa.Field(unique=True)
    flights: np.int64 = pa.Field(ge=1)
    late: float = pa.Field(ge=0, le=1)
    forecast: float = pa.Field(ge=0, le=1)
    auc: float = pa.Field(ge=0, le=1, nullable=True)
    auc_low: float = pa.Field(ge=0, le=1, nullable=True)
    auc_high: float = pa.Field(ge=0, le=1, nullable=True)
    log_loss: float = pa.Field(ge=0)
    log_loss_low: float = pa.Field(ge=0)
    log_loss_high: float = pa.Field(ge=0)
    brier: float = pa.Field(ge=0, le=1)
    brier_low: float = pa.Field(ge=0, le=1)
    brier_high: float = pa.Field(ge=0, le=1)
    scored: bool


class Forecasts(Table):
    """One row for each flight that is asked about: how probable either outcome is."""

    on_time: float = pa.Field(ge=0, le=1)
    late: float = pa.Field(ge=0, le=1)

    @pa.dataframe_check(error="the two probabilities add up to one")
    def add_up(cls, forecasts: pd.DataFrame) -> pd.Series:
        """Whether nothing is left for a third outcome."""
        off: pd.Series = (forecasts["on_time"] + forecasts["late"] - 1).abs()
        return off < 1e-9


class Labels(Table):
    """One row for each forecast of the replay: if the flight was late, and when that is known."""

    prediction: str = pa.Field(unique=True, str_matches=r"^[0-9a-f]{32}-0$")
    late: bool
    known: Utc
