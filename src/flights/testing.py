"""Invented flights, airports and hours of weather, for tests."""

import pandas as pd

from flights.source import TIME_ZONE, flights_table

AIRPORTS = pd.DataFrame(
    {
        "faa": ["LAX", "ORD", "BOS"],
        "tzone": ["America/Los_Angeles", "America/Chicago", TIME_ZONE],
    }
)
"""Three destinations in three time zones."""


def flight(
    day: str,
    departs: int,
    *,
    arrives: int = 0,
    number: int = 1,
    carrier: str = "UA",
    origin: str = "EWR",
    dest: str = "BOS",
    dep_delay: int | None = 0,
    arr_delay: int | None = 0,
) -> dict[str, object]:
    """Makes one row as the source has it; ``departs`` and ``arrives`` are ``hhmm``."""
    date = pd.Timestamp(day)
    return {
        "year": date.year,
        "month": date.month,
        "day": date.day,
        "dep_time": None if dep_delay is None else departs,
        "sched_dep_time": departs,
        "dep_delay": dep_delay,
        "arr_time": None if arr_delay is None else arrives,
        "sched_arr_time": arrives,
        "arr_delay": arr_delay,
        "carrier": carrier,
        "flight": number,
        "tailnum": "N1",
        "origin": origin,
        "dest": dest,
        "air_time": 40,
        "distance": 200,
        "hour": departs // 100,
        "minute": departs % 100,
        "time_hour": "",
    }


def flights(*rows: dict[str, object]) -> pd.DataFrame:
    """Makes a table of such rows as ``ingest`` stores them."""
    nullable = dict.fromkeys(("dep_time", "dep_delay", "arr_time", "arr_delay"), "Int16")
    return flights_table(pd.DataFrame(list(rows)).astype(nullable))


def weather(*hours: str, origin: str = "EWR") -> pd.DataFrame:
    """Makes records for these UTC hours; each has its place in the list as temperature."""
    table = pd.DataFrame({"origin": origin, "time_hour": pd.to_datetime(list(hours), utc=True)})
    table["time_hour"] = table["time_hour"].dt.as_unit("us")
    measured = ("dewp", "humid", "wind_dir", "wind_speed", "wind_gust", "precip", "pressure")
    return table.assign(
        temp=[float(place) for place in range(1, len(hours) + 1)],
        **dict.fromkeys((*measured, "visib"), 1.0),
    )
