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


def write(folder: Path, name: str = "duration", trees: int = 5) -> Path:
    """A package, in a folder of its name.

    Args:
        folder: The folder to write into.
        name: The model's name.
        trees: How many trees the model has; another number makes another package.
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
        contract=Trips,
        purpose="Says how long a trip takes.",
    )
    return folder / name


def fitted(trees: int) -> Any:
    """A model that has learned from the training rows."""
    learn = trips(0, 300)
    columns = make_column_transformer((OneHotEncoder(), ["city"]), remainder="passthrough")
    forest = RandomForestRegressor(trees, random_state=0, max_depth=5)
    return make_pipeline(columns, forest).fit(learn[FEATURES].fillna(0), learn["minutes"])
