"""Small projects that define features, on disk."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pandas as pd
from folders import write

RIDES = """from datetime import timedelta

import pandas as pd
import pandera.pandas as pa

from stagebook.features import Entity, FeatureService, FeatureView, RequestSource, on_demand

UTC = {"unit": "us", "tz": "UTC"}
STATION = Entity("station", keys=["station"])


class Weather(pa.DataFrameModel):
    station: str
    hour: pd.DatetimeTZDtype = pa.Field(dtype_kwargs=UTC)
    published: pd.DatetimeTZDtype = pa.Field(dtype_kwargs=UTC)
    rain_mm: float
    wind_mph: float


class Ride(pa.DataFrameModel):
    station: str
    start: pd.DatetimeTZDtype = pa.Field(dtype_kwargs=UTC)


weather = FeatureView(
    "weather",
    STATION,
    table="data/weather.parquet",
    schema=Weather,
    event_time="hour",
    known_time="published",
    ttl=timedelta(hours=3),
)
request = RequestSource("ride", schema=Ride)


@on_demand("float64")
def start_hour(start: pd.Series) -> pd.Series:
    return start.dt.hour


service = FeatureService(
    "rides",
    [request["station"], weather["rain_mm"], start_hour],
    instant="start",
    helpers=[request["start"]],
)
"""
VIEW_LINE = RIDES[: RIDES.index("weather = FeatureView(")].count("\n") + 1
SERVICE_LINE = RIDES[: RIDES.index("service = FeatureService(")].count("\n") + 1


def settings(*modules: str, more: str = "") -> str:
    """A ``pyproject.toml`` whose setting ``features`` names some modules, on its line 5."""
    named = ", ".join(f'"{module}"' for module in modules)
    return f'[project]\nname = "rides"\n\n[tool.stagebook]\nfeatures = [{named}]\n{more}'


def project(root: Path, **files: str) -> Path:
    """Writes a project whose module ``ride_features`` defines features.

    Args:
        root: Its folder.
        files: Texts of other modules, by name.
    """
    modules = {"ride_features": RIDES, **files}
    write(root, {"pyproject.toml": settings(*modules)})
    write(root, {f"src/{name}.py": text for name, text in modules.items()})
    return root


def weather(*rows: tuple[str, str, float]) -> pd.DataFrame:
    """The table of the view: station, hour of the first of May, rain; known an hour later."""
    table = pd.DataFrame(rows, columns=["station", "hour", "rain_mm"])
    hours = pd.to_datetime("2026-05-01 " + table["hour"], utc=True).dt.as_unit("us")
    published = hours + pd.Timedelta("1h")
    return table.assign(hour=hours, published=published, wind_mph=1.0)


def put_weather(root: Path, *rows: tuple[str, str, float]) -> Path:
    """Writes the table of the view."""
    path = root / "data/weather.parquet"
    path.parent.mkdir(parents=True, exist_ok=True)
    weather(*rows).to_parquet(path, index=False)
    return path


@contextmanager
def forgotten(folder: Path) -> Iterator[None]:
    """Forgets the modules below a folder at the end: another test has others of their names."""
    yield
    for name, module in list(sys.modules.items()):
        file = getattr(module, "__file__", None)
        if file is not None and Path(file).is_relative_to(folder):
            del sys.modules[name]
