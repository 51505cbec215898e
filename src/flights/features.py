"""Names of what is known about a flight an hour before it leaves, and the answer to predict."""

from datetime import timedelta

import pandas as pd

KEY = "flight_id"
DEPARTURE = "scheduled_departure"
FORECAST = "forecast_at"
"""The instant of a forecast: what is known then may be used."""
LABEL = "late"

FORECAST_AHEAD = timedelta(hours=1)
"""A forecast is made an hour before the scheduled departure. No flight has left by then."""

RECENT = ("airport_delay_min", "carrier_delay_min")
"""Features that tell how late flights have just left."""

WEATHER = {
    "temp": "temperature_f",
    "dewp": "dew_point_f",
    "humid": "humidity_pct",
    "wind_dir": "wind_from_deg",
    "wind_speed": "wind_mph",
    "wind_gust": "gust_mph",
    "precip": "rain_in",
    "pressure": "pressure_mb",
    "visib": "visibility_mi",
}
"""A weather record's columns at the source, and as features."""

CATEGORICAL = ("carrier", "origin", "dest")
NUMERIC = (
    "departure_minute",
    "departure_weekday",
    "distance_mi",
    "scheduled_minutes",
    *RECENT,
    *WEATHER.values(),
)
FEATURES = CATEGORICAL + NUMERIC

HIGHEST_WIND_MPH = 231.0
"""The highest wind speed measured at a surface station (Mount Washington, 1934)."""


def forecast_at(departure: pd.Series) -> pd.Series:
    """Gives the instant at which the forecast of each flight is made.

    Args:
        departure: Scheduled departures, timestamps with a time zone.

    Returns:
        Timestamps of the same time zone, microseconds, under the index of ``departure``.
    """
    return (departure - FORECAST_AHEAD).dt.as_unit("us").rename(FORECAST)


def late(flights: pd.DataFrame, late_minutes: int) -> pd.Series:
    """Tells which flights arrived late.

    Args:
        flights: Needs ``arr_delay``, minutes after schedule (negative: early).
        late_minutes: A flight at least this late counts as late.

    Returns:
        Nullable booleans; missing where a flight has no arrival to judge.
    """
    delay: pd.Series = flights["arr_delay"].astype("Int64")
    return delay.ge(late_minutes).rename(LABEL)
