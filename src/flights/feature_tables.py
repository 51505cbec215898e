"""The tables of the feature views: what changed at which instant, and when it could be known."""

import numpy as np
import pandas as pd

from flights.features import DEPARTURE, HIGHEST_WIND_MPH, KEY, WEATHER

ATLANTIC_AIRPORTS = dict.fromkeys(("BQN", "PSE", "SJU", "STT"), "America/Puerto_Rico")
"""Destinations that the airports table lacks: Puerto Rico and the Virgin Islands."""

TIMETABLE_KNOWN = pd.Timestamp("2013-01-01", tz="America/New_York")
"""When the time zones of the destinations are known: before the first flight."""


def departures(flights: pd.DataFrame) -> pd.DataFrame:
    """Lists which flights really left, when, and how late.

    Args:
        flights: Needs ``flight_id``, ``origin``, ``carrier``, ``scheduled_departure`` and
            ``dep_delay``, minutes after schedule, missing where a flight never left.

    Returns:
        One row for each flight that left, in the order of leaving: ``flight_id``, ``origin``,
        ``carrier``, ``known`` (UTC, microseconds) and ``delay`` (minutes, int64). Clocks show
        minutes, so a departure is known when the minute in which the flight left is over.
    """
    flown = flights.loc[flights["dep_delay"].notna()]
    delay = flown["dep_delay"].astype("int64")
    left = flown[DEPARTURE].dt.tz_convert("UTC") + pd.to_timedelta(delay, unit="min")
    known = (left + pd.Timedelta(minutes=1)).dt.as_unit("us")
    table = flown[[KEY, "origin", "carrier"]].assign(known=known, delay=delay)
    return table.sort_values(["known", KEY], ignore_index=True)


def window_means(
    departed: pd.DataFrame, by: list[str], window: pd.Timedelta, prefix: str
) -> pd.DataFrame:
    """Gives the mean delay of the last departures at each instant at which it changes.

    A departure counts from the instant at which it is known, for the length of the window. So the
    mean at any instant is that of the last row at or before it.

    Args:
        departed: From ``departures``.
        by: The columns that the departures of a mean share: the keys of the table.
        window: How long a departure counts.
        prefix: What the names of the columns of values begin with.

    Returns:
        The columns ``by``, ``changed`` (UTC, microseconds), ``<prefix>_delay_min`` (float64,
        missing where the window is empty) and ``<prefix>_departures`` (int32, how many count),
        sorted by key and instant. A key has one row for each instant.
    """
    entering = departed[by].assign(changed=departed["known"], number=1, delay=departed["delay"])
    leaving = departed[by].assign(
        changed=departed["known"] + window, number=-1, delay=-departed["delay"]
    )
    changes = pd.concat([entering, leaving]).groupby([*by, "changed"], sort=True).sum()
    totals = changes.groupby(level=by).cumsum()
    means = (totals["delay"] / totals["number"].where(totals["number"] > 0)).astype("float64")
    values = {
        f"{prefix}_delay_min": means,
        f"{prefix}_departures": totals["number"].astype(np.int32),
    }
    return pd.DataFrame(values).reset_index()


def weather_hours(weather: pd.DataFrame) -> pd.DataFrame:
    """Gives each weather record under the names of the features, and when it is known.

    Args:
        weather: Needs ``origin``, ``time_hour`` (UTC, when the hour begins) and the measurements
            in ``WEATHER``.

    Returns:
        One row for each record: ``origin``, ``weather_hour``, ``hour_over`` (both UTC) and the
        columns that ``WEATHER`` names, float64. A record is known when its hour is over. A wind
        that no station ever measured is missing.
    """
    hour = weather["time_hour"].dt.as_unit("us")
    table = weather[["origin", *WEATHER]].rename(columns=WEATHER)
    table["wind_mph"] = table["wind_mph"].where(table["wind_mph"] <= HIGHEST_WIND_MPH)
    table.insert(1, "weather_hour", hour)
    table.insert(2, "hour_over", hour + pd.Timedelta(hours=1))
    return table


def destination_zones(airports: pd.DataFrame) -> pd.DataFrame:
    """Gives the time zone of each destination.

    Args:
        airports: Needs ``faa`` and ``tzone``, an IANA time zone.

    Returns:
        One row for each airport with a time zone: ``dest``, ``since`` (UTC) and ``time_zone``.
    """
    named = airports.loc[airports["tzone"].notna(), ["faa", "tzone"]]
    zones = dict(zip(named["faa"], named["tzone"], strict=True)) | ATLANTIC_AIRPORTS
    table = pd.DataFrame({"dest": list(zones), "time_zone": list(zones.values())}, dtype="str")
    table.insert(1, "since", TIMETABLE_KNOWN.tz_convert("UTC").as_unit("us"))
    return table.sort_values("dest", ignore_index=True)
