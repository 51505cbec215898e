"""Small packages that are served, the same each time."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pandera.pandas as pa
from sklearn.compose import make_column_transformer
from sklearn.ensemble import RandomForestRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder

from stagebook.model.package import package

FEATURES = ["city", "stops", "km", "express"]


class Trips(pa.DataFrameModel):
    """What a trip is."""

    city: str = pa.Field(isin=["Bern", "Graz", "Lyon"])
    stops: int = pa.Field(ge=0, le=20)
    km: float = pa.Field(gt=0, nullable=True)
    express: bool


def trips(first: int, rows: int) -> pd.DataFrame:
    """Trips with numbers from ``first`` on."""
    random = np.random.default_rng(first)
    km = random.uniform(1, 100, rows)
    stops = random.integers(0, 10, rows)
    express = random.random(rows) < 0.3
    return pd.DataFrame(
        {
            "trip": np.arange(first, first + rows),
            "city": random.choice(["Bern", "Graz", "Lyon"], rows),
            "stops": stops,
            "km": km,
            "express": express,
            "minutes": km * np.where(express, 0.5, 1.0) + 2.0 * stops,
        }
    )


def write(
    folder: Path,
    name: str = "duration",
    trees: int = 5,
    contract: type[pa.DataFrameModel] | None = Trips,
) -> Path:
    """A package, in a folder of its name.

    Args:
        folder: The folder to write into.
        name: The model's name.
        trees: How many trees the model has; another number makes another package.
        contract: What a trip is; without it, the model fails for another city.
    """
    files = {part: folder / f"{name}.{part}.parquet" for part in ("train", "test")}
    trips(0, 300).to_parquet(files["train"], index=False)
    trips(300, 200).to_parquet(files["test"], index=False)
    package(
        fitted(trees),
        folder / name,
        splits=files,
        key="trip",
        features=FEATURES,
        scores={"mae": 3.0},
        contract=contract,
        purpose="Says how long a trip takes.",
    )
    return folder / name


def fitted(trees: int) -> Any:
    """A model that has learned from the training rows."""
    learn = trips(0, 300)
    columns = make_column_transformer((OneHotEncoder(), ["city"]), remainder="passthrough")
    forest = RandomForestRegressor(trees, random_state=0, max_depth=5)
    return make_pipeline(columns, forest).fit(learn[FEATURES].fillna(0), learn["minutes"])


EVERY_TYPE = {
    "boolean": "bool",
    "integer": "int32",
    "long": "int64",
    "float": "float32",
    "double": "float64",
    "binary": "object",
    "datetime": "M8[ns]",
    "string": "str",
    "day": "object",
    "maybe": "float64",
    "maybe_text": "str",
    "maybe_time": "M8[us]",
}
"""The columns of ``write_every_type``, and the types that pandas gives them."""


def of_every_type(rows: int) -> pd.DataFrame:
    """Rows with a column of each type of MLflow; in every third row, the last columns are empty."""
    numbers = np.arange(rows)
    days = pd.Timestamp("2021-01-01") + pd.to_timedelta(numbers % 28, "D")
    empty = numbers % 3 == 0
    values: dict[str, Any] = {
        "boolean": numbers % 2 == 0,
        "integer": numbers % 99,
        "long": numbers * 7 % 101,
        "float": numbers / 7,
        "double": numbers / 3,
        "binary": [bytes([number % 256]) * 90 for number in numbers],
        "datetime": days,
        "string": [f"text {number}" for number in numbers],
        "day": list(days.date),
        "maybe": np.where(empty, np.nan, numbers / 11),
        "maybe_text": np.where(empty, None, "text"),
        "maybe_time": pd.Series(days).where(~empty),
    }
    return pd.DataFrame(
        {name: pd.Series(some, dtype=EVERY_TYPE[name]) for name, some in values.items()}
    )


def write_every_type(folder: Path) -> Path:
    """A package whose rows have every type of MLflow; the model uses the numbers."""
    rows = of_every_type(300).assign(row=range(300))
    rows["y"] = rows["double"] + rows["long"]
    files = {part: folder / f"types.{part}.parquet" for part in ("train", "test")}
    rows[:200].to_parquet(files["train"], index=False)
    rows[200:].to_parquet(files["test"], index=False)
    numbers = ["boolean", "integer", "long", "float", "double"]
    columns = make_column_transformer(("passthrough", numbers), remainder="drop")
    model = make_pipeline(columns, RandomForestRegressor(5, random_state=0))
    package(
        model.fit(rows[:200][list(EVERY_TYPE)], rows[:200]["y"]),
        folder / "types",
        splits=files,
        key="row",
        features=list(EVERY_TYPE),
        scores={"mae": 3.0},
        purpose="Has a column of each type.",
    )
    return folder / "types"
