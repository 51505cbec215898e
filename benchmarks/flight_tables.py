"""Tables and feature views like those of the flights, for the benchmarks of features.

Three views: the delay of each departure by airport and by carrier, known when the flight has left,
and the weather of each hour, known five minutes after it. The tables are made of the flights of a
build, or with a seed.
"""

from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pandera.pandas as pa

from stagebook.features import Entity, FeatureService, FeatureView, RequestSource

ORIGINS = ["EWR", "JFK", "LGA"]
CARRIERS = [f"{first}{second}" for first in "ABCD" for second in "WXYZ"]
WEATHER = [
    "temp",
    "dewp",
    "humid",
    "wind_dir",
    "wind_speed",
    "wind_gust",
    "precip",
    "pressure",
    "visib",
]
LAG = pd.Timedelta(minutes=65)
WEATHER_TTL = pd.Timedelta(hours=6)
DELAY_TTL = pd.Timedelta(hours=2)
KEYS = {
    "airport_delay": ["origin"],
    "carrier_delay": ["origin", "carrier"],
    "weather": ["origin"],
}
FEATURES = {"airport_delay": ["airport_delay_min"], "carrier_delay": ["carrier_delay_min"]} | {
    "weather": WEATHER
}
UTC = {"unit": "us", "tz": "UTC"}


def write(folder: Path, rows: int, raw: Path | None) -> None:
    """Writes the spine and the table of each view as Parquet files.

    Args:
        folder: Where to write.
        rows: Rows of the spine, at most.
        raw: The folder ``data/raw`` of a build; None to make flights with a seed.
    """
    flights, weather = _read(raw) if raw else _made(rows)
    delays = flights.dropna(subset="dep_delay").assign(
        event=lambda table: table["departure"],
        known=lambda table: (
            table["departure"] + pd.to_timedelta(table["dep_delay"], "min").dt.as_unit("us")
        ),
    )
    for view in ("airport_delay", "carrier_delay"):
        name = FEATURES[view][0]
        columns = [*KEYS[view], "event", "known", name]
        table = delays.assign(**{name: delays["dep_delay"].astype("float64")})[columns]
        table.to_parquet(folder / f"{view}.parquet", index=False)
    weather["known"] = weather["event"] + LAG
    weather.to_parquet(folder / "weather.parquet", index=False)
    spine = flights[flights["arrived"]][["flight_id", "origin", "carrier", "departure"]].head(rows)
    spine.to_parquet(folder / "spine.parquet", index=False)


def _read(raw: Path) -> tuple[pd.DataFrame, pd.DataFrame]:
    flights = pd.read_parquet(raw / "flights.parquet")
    departure = flights["scheduled_departure"].dt.tz_convert("UTC").dt.as_unit("us")
    flights = flights.assign(departure=departure, arrived=flights["arr_delay"].notna())
    weather = pd.read_parquet(raw / "weather.parquet").rename(columns={"time_hour": "event"})
    return flights, weather[["origin", "event", *WEATHER]]


def _made(rows: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    random = np.random.default_rng(0)
    count = int(rows * 1.03) + 1
    start = pd.Timestamp("2013-01-01", tz="UTC").as_unit("us")
    minutes = np.sort(random.integers(0, 365 * 1440, count))
    delay = np.where(random.random(count) < 0.025, np.nan, random.gamma(0.5, 40, count) // 1 - 8)
    flights = pd.DataFrame(
        {
            "flight_id": [f"flight {number}" for number in range(count)],
            "origin": random.choice(ORIGINS, count),
            "carrier": random.choice(CARRIERS, count),
            "departure": start + pd.to_timedelta(minutes, "min").as_unit("us"),
            "dep_delay": delay,
            "arrived": ~np.isnan(delay),
        }
    )
    hours = pd.date_range(start, periods=8760, freq="h", unit="us")
    weather = pd.DataFrame({"origin": np.repeat(ORIGINS, 8760), "event": np.tile(hours, 3)})
    return flights, weather.assign(**{name: random.normal(50, 9, 26280) for name in WEATHER})


def schema(name: str, event: str) -> pa.DataFrameSchema:
    """The schema of a view's table."""
    times = dict.fromkeys((event, "known"), pd.DatetimeTZDtype("us", "UTC"))
    dtypes = dict.fromkeys(KEYS[name], "str") | times | dict.fromkeys(FEATURES[name], "float64")
    columns = {each: pa.Column(dtype, nullable=True) for each, dtype in dtypes.items()}
    return pa.DataFrameSchema(columns, name=name)


def service(folder: Path, event: str = "event") -> FeatureService:
    """The service of the three views.

    Args:
        folder: Where ``write`` has written.
        event: The column of event times. ``known`` makes both times the same.
    """
    ttls = {"weather": WEATHER_TTL, "airport_delay": DELAY_TTL, "carrier_delay": DELAY_TTL}
    entities = {tuple(keys): Entity("_".join(keys), keys=keys) for keys in KEYS.values()}
    views = [
        FeatureView(
            name,
            entities[tuple(keys)],
            table=str(folder / f"{name}.parquet"),
            schema=schema(name, event),
            event_time=event,
            known_time="known",
            ttl=timedelta(seconds=ttls[name].total_seconds()),
        )
        for name, keys in KEYS.items()
    ]
    columns = {name: pa.Column("str") for name in ("flight_id", "origin", "carrier")}
    columns["departure"] = pa.Column(pd.DatetimeTZDtype("us", "UTC"))
    request = RequestSource("flight", schema=pa.DataFrameSchema(columns))
    return FeatureService("flights", views, instant="departure", helpers=[request])


def by_hand(spine: pd.DataFrame, tables: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """The point-in-time join of the three views with ``merge_asof``.

    Args:
        spine: The flights.
        tables: The table of each view.
    """
    order = np.argsort(spine["departure"].to_numpy(), kind="stable")
    joined = spine.iloc[order]
    for name, keys in KEYS.items():
        table = tables[name].sort_values(["known", "event"], kind="stable")
        newest = table.groupby(keys)["event"].cummax()
        table = table[table["event"] == newest]
        joined = pd.merge_asof(
            joined,
            table if name != "weather" else table.drop(columns="event"),
            left_on="departure",
            right_on="known",
            by=keys,
            tolerance=WEATHER_TTL - LAG if name == "weather" else None,
        ).drop(columns="known")
        if name != "weather":  # the age counts from the event, not from the known time
            feature = FEATURES[name][0]
            is_fresh = joined["departure"] - joined["event"] <= DELAY_TTL
            joined[feature] = joined[feature].where(is_fresh)
            joined = joined.drop(columns="event")
    back = np.empty_like(order)
    back[order] = np.arange(len(order))
    return joined.iloc[back].set_axis(spine.index)
