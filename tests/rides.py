"""A small project with features: its code as files, its tables, and a model, for tests."""

import importlib
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pandas as pd
from sklearn.linear_model import LinearRegression

from stagebook.model.package import package

NAME = "little_rides"
HELPER = "little_rides_times"

CODE = '''"""Features of rides."""

from datetime import timedelta

import pandas as pd
import pandera.pandas as pa

from little_rides_times import minutes
from stagebook.features import Entity, FeatureService, FeatureView, RequestSource, on_demand

UTC = {"unit": "us", "tz": "UTC"}
SHIFT = 0.5


class Weather(pa.DataFrameModel):
    station: str
    hour: pd.DatetimeTZDtype = pa.Field(dtype_kwargs=UTC)
    published: pd.DatetimeTZDtype = pa.Field(dtype_kwargs=UTC)
    rain_mm: float = pa.Field(nullable=True)
    gusts: int


class Ride(pa.DataFrameModel):
    station: str
    start: pd.DatetimeTZDtype = pa.Field(dtype_kwargs=UTC)
    distance: float = pa.Field(gt=0, le=200)


weather = FeatureView(
    "weather",
    Entity("station", keys=["station"]),
    table="weather.parquet",
    schema=Weather,
    event_time="hour",
    known_time="published",
    ttl=timedelta(hours=3),
)
request = RequestSource("ride", schema=Ride)


def shifted(values):
    return values + SHIFT


@on_demand("float64")
def start_minute(start: pd.Series) -> pd.Series:
    """The minute of the day."""
    return shifted(minutes(start))


@on_demand("float64")
def rain_by_distance(rain_mm: pd.Series, distance: pd.Series) -> pd.Series:
    return rain_mm / distance


service = FeatureService(
    "rides",
    [request["distance"], weather, start_minute, rain_by_distance],
    instant="start",
    helpers=[request["start"]],
)
'''

TIMES = '''"""Times of day."""


def minutes(times):
    return times.dt.hour * 60.0 + times.dt.minute
'''


def write_code(folder: Path, change: Callable[[str], str] = str, helper: str = TIMES) -> ModuleType:
    """Writes the project's code, changed, and imports it anew; its folder is on the path."""
    # Python takes code of one second and one length for the same
    shutil.rmtree(folder / "__pycache__", ignore_errors=True)
    (folder / f"{NAME}.py").write_text(change(CODE))
    (folder / f"{HELPER}.py").write_text(helper)
    return imported()


def forget() -> None:
    """Makes Python read the project's code again when it is imported."""
    for name in (NAME, HELPER):
        sys.modules.pop(name, None)
    importlib.invalidate_caches()


def imported() -> ModuleType:
    forget()
    return importlib.import_module(NAME)


def weather(rows: int = 600, stations: int = 5) -> pd.DataFrame:
    """A reading of each station now and then, some late, some corrected, some without a value."""
    random = np.random.default_rng(1)
    hours = random.integers(0, 500, rows)
    rain = np.where(random.random(rows) < 0.1, np.nan, random.random(rows))
    start = pd.Timestamp("2026-05-01", tz="UTC")
    hour = start + pd.to_timedelta(hours, "h")
    late = pd.to_timedelta(random.integers(0, 300, rows), "min")
    return pd.DataFrame(
        {
            "station": [f"s{number}" for number in random.integers(0, stations, rows)],
            "hour": pd.DatetimeIndex(hour).as_unit("us"),
            "published": pd.DatetimeIndex(hour + late).as_unit("us"),
            "rain_mm": rain,
            "gusts": random.integers(0, 50, rows),
        }
    )


def rides(rows: int = 400, stations: int = 6) -> pd.DataFrame:
    """Rides of stations, of which one has no weather."""
    random = np.random.default_rng(2)
    start = pd.Timestamp("2026-05-01", tz="UTC")
    minutes = np.sort(random.integers(0, 500 * 60, rows))
    return pd.DataFrame(
        {
            "ride": np.arange(rows),
            "station": [f"s{number}" for number in random.integers(0, stations, rows)],
            "start": pd.DatetimeIndex(start + pd.to_timedelta(minutes, "min")).as_unit("us"),
            "distance": random.random(rows) + 1,
        }
    )


def model(features: Any, table: pd.DataFrame) -> Any:
    """A model that has learned from some rows."""
    from sklearn.impute import SimpleImputer
    from sklearn.pipeline import make_pipeline

    pipeline = make_pipeline(SimpleImputer(strategy="constant", fill_value=0), LinearRegression())
    target = np.random.default_rng(3).random(len(table))
    return pipeline.fit(table[list(features)], target)


def write(folder: Path, service: Any, **changes: Any) -> Path:
    """Packages a model with its service; the tables are in the folder too."""
    history = weather()
    table = service.historical(rides(), {"weather": history})
    table["gusts"] = table["gusts"].astype("float64")  # as many models need it
    splits = {"train": folder / "train.parquet", "test": folder / "test.parquet"}
    table[:250].to_parquet(splits["train"], index=False)
    table[250:].to_parquet(splits["test"], index=False)
    options: dict[str, Any] = {
        "splits": splits,
        "key": "ride",
        "features": service,
        "tables": {"weather": history},
        "scores": {"mae": 0.3},
        **changes,
    }
    fitted = options.pop("model", None) or model(service.features, table[:250])
    package(fitted, folder / "rides", **options)
    return folder / "rides"
