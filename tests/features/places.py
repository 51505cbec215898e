"""Definitions about airports, for tests of features."""

from datetime import timedelta
from typing import Any

import pandas as pd
import pandera.pandas as pa

from stagebook.features import Entity, FeatureView, RequestSource, on_demand

AIRPORT = Entity("airport", keys=["origin"])


class Weather(pa.DataFrameModel):
    """One row for each airport and hour."""

    origin: str
    hour: pd.DatetimeTZDtype = pa.Field(dtype_kwargs={"unit": "us", "tz": "UTC"})
    hour_end: pd.DatetimeTZDtype = pa.Field(dtype_kwargs={"unit": "us", "tz": "UTC"})
    wind_mph: float = pa.Field(nullable=True)
    gusts: int


class Untyped(Weather):
    """The same columns, with airports and winds of any type."""

    origin: object
    wind_mph: object


class Timetable(pa.DataFrameModel):
    """The columns of a request."""

    carrier: str
    distance: float
    departure: pd.DatetimeTZDtype = pa.Field(dtype_kwargs={"unit": "us", "tz": "UTC"})


def weather(**changed: Any) -> FeatureView:
    """A view of the weather, with some things changed."""
    values = {
        "table": "data/weather.parquet",
        "schema": Weather,
        "event_time": "hour",
        "known_time": "hour_end",
        "ttl": timedelta(hours=3),
    }
    return FeatureView("weather", AIRPORT, **{**values, **changed})


TIMETABLE = RequestSource("timetable", schema=Timetable)


@on_demand("float64")
def departure_hour(departure: pd.Series) -> pd.Series:
    """The hour of the day, in UTC."""
    return departure.dt.hour


@on_demand("float64")
def wind_by_distance(wind_mph: pd.Series, distance: pd.Series) -> pd.Series:
    """A feature of a feature and a column of the request."""
    return wind_mph / distance


def moment(text: str) -> pd.Timestamp:
    """An instant of the first of May in UTC."""
    return pd.Timestamp(f"2013-05-01 {text}", tz="UTC")


def readings(*rows: tuple[str, str, float | None, int], known_after: str = "1h") -> pd.DataFrame:
    """A table of the weather: airport, hour, wind and gusts of each row."""
    table = pd.DataFrame(rows, columns=["origin", "hour", "wind_mph", "gusts"])
    hours = pd.to_datetime("2013-05-01 " + table["hour"], utc=True).dt.as_unit("us")
    return table.assign(hour=hours, hour_end=hours + pd.Timedelta(known_after))
