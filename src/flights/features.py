"""What is known about a flight when it is scheduled to leave, and the answer to predict."""

import numpy as np
import numpy.typing as npt
import pandas as pd

from flights.source import TIME_ZONE, clock_minutes

KEY = "flight_id"
DEPARTURE = "scheduled_departure"
LABEL = "late"

SCHEDULE = (
    KEY,
    DEPARTURE,
    "carrier",
    "flight",
    "origin",
    "dest",
    "distance",
    "sched_dep_time",
    "sched_arr_time",
)
"""What the timetable says about a flight; of a flight itself, features use nothing else."""

RECENT = {"airport_delay_min": ["origin"], "carrier_delay_min": ["origin", "carrier"]}
"""Features that tell how late others have just left, and what those share with a flight."""

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

ATLANTIC_AIRPORTS = dict.fromkeys(("BQN", "PSE", "SJU", "STT"), "America/Puerto_Rico")
"""Destinations that the airports table lacks: Puerto Rico and the Virgin Islands."""


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


def scheduled_minutes(flights: pd.DataFrame, airports: pd.DataFrame) -> pd.Series:
    """Counts the minutes from scheduled departure to scheduled arrival, gate to gate.

    The timetable gives the arrival on the destination's clock and without a date. So the
    departure is read on that same clock; what is missing to the arrival, modulo a day, is the
    duration.

    Args:
        flights: Needs ``scheduled_departure``, ``sched_arr_time`` (``hhmm``, local) and ``dest``.
        airports: Needs ``faa`` and ``tzone``, an IANA time zone.

    Returns:
        Minutes, float64, 0 to 1439; missing where the destination's time zone is not known.
    """
    zones = dict(zip(airports["faa"], airports["tzone"], strict=True)) | ATLANTIC_AIRPORTS
    zone = flights["dest"].map(zones)
    departure = pd.Series(float("nan"), index=flights.index)
    for name, moments in flights[DEPARTURE].groupby(zone):
        there = moments.dt.tz_convert(str(name))
        departure.loc[moments.index] = (there.dt.hour * 60 + there.dt.minute).astype("float64")
    minutes: pd.Series = (clock_minutes(flights["sched_arr_time"]) - departure) % 1440
    return minutes


def last_full_hour(departure: pd.Series) -> pd.Series:
    """Gives the beginning of the last hour that is over at each scheduled departure.

    Args:
        departure: Timestamps with a time zone.

    Returns:
        Timestamps in UTC, microseconds: 5:15 and 5:00 in New York both give 4:00 there, in UTC.
    """
    utc = departure.dt.tz_convert("UTC").dt.as_unit("us")
    hour: pd.Series = utc.dt.floor("h") - pd.Timedelta(hours=1)
    return hour


def weather_before(flights: pd.DataFrame, weather: pd.DataFrame, bridge_hours: int) -> pd.DataFrame:
    """Finds for each flight the newest weather record that is complete when it should leave.

    Args:
        flights: Needs ``origin`` and ``scheduled_departure``; any index, any order.
        weather: Needs ``origin``, ``time_hour`` (UTC) and the measurements in ``WEATHER``.
        bridge_hours: How many hours further back to look where the last full hour has no record.

    Returns:
        One row for each flight, under its index: ``weather_hour`` (UTC, when the record's hour
        begins) and the columns ``WEATHER`` names, float64; all missing where no record is near
        enough. A wind no station ever measured is missing as well.
    """
    wanted = flights[["origin"]].assign(
        last_hour=last_full_hour(flights[DEPARTURE]), position=range(len(flights))
    )
    known = weather[["origin", "time_hour", *WEATHER]].rename(columns=WEATHER)
    known = known.assign(weather_hour=known["time_hour"].dt.as_unit("us"))
    known["wind_mph"] = known["wind_mph"].where(known["wind_mph"] <= HIGHEST_WIND_MPH)
    matched = pd.merge_asof(
        wanted.sort_values(["last_hour", "position"]),
        known.drop(columns="time_hour").sort_values(["weather_hour", "origin"]),
        left_on="last_hour",
        right_on="weather_hour",
        by="origin",
        direction="backward",
        tolerance=pd.Timedelta(hours=bridge_hours),
    ).sort_values("position")
    return matched[["weather_hour", *WEATHER.values()]].set_axis(flights.index)


def departures(flights: pd.DataFrame) -> pd.DataFrame:
    """Lists who really left, when, and how late.

    Args:
        flights: Needs ``flight_id``, ``origin``, ``carrier``, ``scheduled_departure`` and
            ``dep_delay``, minutes after schedule, missing where a flight never left.

    Returns:
        One row for each flight that left, in the order of leaving: ``flight_id``, ``origin``,
        ``carrier``, ``left`` (minutes since 1970 in UTC, int64) and ``delay`` (minutes, int64).
    """
    flown = flights.loc[flights["dep_delay"].notna()]
    delay = flown["dep_delay"].astype("int64")
    left = _epoch_minutes(flown[DEPARTURE]) + delay
    table = flown[[KEY, "origin", "carrier"]].assign(left=left, delay=delay)
    return table.sort_values(["left", KEY], ignore_index=True)


def recent_delay(
    flights: pd.DataFrame, departed: pd.DataFrame, by: list[str], window_minutes: int
) -> pd.Series:
    """Averages the delay of what has just left, as it is known at each scheduled departure.

    What counts has left in the window that ends right before the scheduled departure. A flight
    that left ahead of its own schedule would be in its own window: it is taken out.

    Args:
        flights: Needs ``flight_id``, ``scheduled_departure`` and the columns ``by``.
        departed: From ``departures``, in any selection that keeps its order.
        by: The columns that a departure has to share with a flight to count.
        window_minutes: How far the window reaches back.

    Returns:
        Minutes, float64, under the index of ``flights``; missing where nothing left in the window.
    """
    own = departed.set_index(KEY)[["left", "delay"]].reindex(flights[KEY])
    table = flights[by].assign(
        end=_epoch_minutes(flights[DEPARTURE]),
        own_left=own["left"].to_numpy(),
        own_delay=own["delay"].to_numpy(),
    )
    past = dict(iter(departed.groupby(by)))
    mean = pd.Series(float("nan"), index=flights.index)
    for key, group in table.groupby(by):
        if key in past:
            mean.loc[group.index] = _mean_before(group, past[key], window_minutes)
    return mean


def _mean_before(table: pd.DataFrame, past: pd.DataFrame, window: int) -> npt.NDArray[np.float64]:
    end, left = table["end"].to_numpy(), past["left"].to_numpy()
    first, last = np.searchsorted(left, end - window), np.searchsorted(left, end)
    total = np.concatenate([[0], np.cumsum(past["delay"].to_numpy())])
    own = (table["own_left"] >= end - window) & (table["own_left"] < end)
    count = (last - first) - own.to_numpy()
    minutes = total[last] - total[first] - table["own_delay"].where(own, 0).to_numpy()
    mean = np.full(len(count), np.nan)
    np.divide(minutes, count, out=mean, where=count > 0)
    return mean


def _epoch_minutes(moments: pd.Series) -> pd.Series:
    minutes: pd.Series = moments.dt.tz_convert("UTC").dt.as_unit("s").astype("int64") // 60
    return minutes


def features(
    flights: pd.DataFrame,
    departed: pd.DataFrame,
    weather: pd.DataFrame,
    airports: pd.DataFrame,
    *,
    window_minutes: int,
    bridge_hours: int,
) -> pd.DataFrame:
    """Builds one row of features for each flight.

    Args:
        flights: Needs the columns of ``SCHEDULE``; whatever else it holds is not looked at.
        departed: From ``departures``: everything that left, these flights and others.
        weather: As for ``weather_before``.
        airports: As for ``scheduled_minutes``.
        window_minutes: As for ``recent_delay``.
        bridge_hours: As for ``weather_before``.

    Returns:
        ``flight_id``, ``scheduled_departure``, ``weather_hour`` (UTC) and ``FEATURES``:
        three columns of text, the others float64 in the unit their name ends with;
        ``departure_minute`` counts from local midnight, ``departure_weekday`` from Monday, 0.
    """
    timetable = flights[list(SCHEDULE)]
    local = timetable[DEPARTURE].dt.tz_convert(TIME_ZONE)
    table = timetable[[KEY, DEPARTURE, *CATEGORICAL]].assign(
        departure_minute=(local.dt.hour * 60 + local.dt.minute).astype("float64"),
        departure_weekday=local.dt.day_of_week.astype("float64"),
        distance_mi=timetable["distance"].astype("float64"),
        scheduled_minutes=scheduled_minutes(timetable, airports),
    )
    for name, by in RECENT.items():
        table[name] = recent_delay(timetable, departed, by, window_minutes)
    table = table.join(weather_before(timetable, weather, bridge_hours))
    return table[[KEY, DEPARTURE, "weather_hour", *FEATURES]]
