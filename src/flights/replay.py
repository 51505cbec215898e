"""Flights as traffic: when each forecast is asked for, and when it is known whether it was late."""

import pandas as pd

from flights.features import DEPARTURE, FORECAST, KEY


def landed(flights: pd.DataFrame, arrivals: pd.DataFrame) -> pd.Series:
    """Gives the instant at which each flight reached its gate: then its label is known.

    Args:
        flights: Features of n flights that arrived: needs ``flight_id``, ``scheduled_departure``
            and ``scheduled_minutes``.
        arrivals: Needs ``flight_id`` and ``arr_delay``, minutes after schedule.

    Returns:
        n timestamps in UTC, microseconds, under the index of ``flights``.

    Raises:
        ValueError: A flight has no arrival.
    """
    delay = arrivals.set_index(KEY)["arr_delay"].reindex(flights[KEY])
    if delay.isna().any():
        raise ValueError(f"{int(delay.isna().sum())} flights have no arrival")
    minutes = flights["scheduled_minutes"] + delay.astype("float64").to_numpy()
    departure: pd.Series = flights[DEPARTURE].dt.tz_convert("UTC")
    arrived: pd.Series = departure + pd.to_timedelta(minutes, unit="min")
    known: pd.Series = arrived.dt.as_unit("us")
    return known.rename("known")


def month(flights: pd.DataFrame) -> pd.Series:
    """Gives the month (UTC) in which the forecast of each flight is made, such as ``2013-10``."""
    names: pd.Series = flights[FORECAST].dt.tz_convert("UTC").dt.strftime("%Y-%m")
    return names.rename("month")
