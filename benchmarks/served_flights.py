"""A package like that of the flights: boosted trees of fifteen columns, made with a seed."""

from pathlib import Path

import numpy as np
import pandas as pd
import pandera.pandas as pa
from sklearn.compose import make_column_transformer
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OrdinalEncoder

import stagebook

CATEGORICAL = {
    "carrier": ["AA", "B6", "DL", "EV", "UA"],
    "origin": ["EWR", "JFK", "LGA"],
    "dest": ["ATL", "BOS", "MIA", "ORD"],
}
NUMERIC = [
    "minute",
    "weekday",
    "distance",
    "scheduled",
    "airport_delay",
    "carrier_delay",
    "temperature",
    "dew_point",
    "humidity",
    "wind",
    "rain",
    "pressure",
]
FEATURES = [*CATEGORICAL, *NUMERIC]
TRAIN_ROWS = 5_000


def flights(first: int, rows: int) -> pd.DataFrame:
    """Flights with numbers from ``first`` on."""
    random = np.random.default_rng(first)
    table: dict[str, object] = {"flight": np.arange(first, first + rows)}
    table |= {name: random.choice(values, rows) for name, values in CATEGORICAL.items()}
    numbers = {name: random.uniform(0, 100, rows).round(2) for name in NUMERIC}
    score = numbers["airport_delay"] + numbers["wind"] + random.normal(0, 20, rows)
    return pd.DataFrame(table | numbers | {"late": score > 120})


class Flight(pa.DataFrameModel):
    """What the columns must be like."""

    carrier: str = pa.Field(isin=CATEGORICAL["carrier"])
    origin: str = pa.Field(isin=CATEGORICAL["origin"])
    dest: str = pa.Field(isin=CATEGORICAL["dest"])
    minute: float = pa.Field(ge=0, nullable=True)
    weekday: float = pa.Field(ge=0, nullable=True)
    distance: float = pa.Field(ge=0, nullable=True)
    scheduled: float = pa.Field(ge=0, nullable=True)
    airport_delay: float = pa.Field(ge=0, nullable=True)
    carrier_delay: float = pa.Field(ge=0, nullable=True)
    temperature: float = pa.Field(ge=0, nullable=True)
    dew_point: float = pa.Field(ge=0, nullable=True)
    humidity: float = pa.Field(ge=0, nullable=True)
    wind: float = pa.Field(ge=0, nullable=True)
    rain: float = pa.Field(ge=0, nullable=True)
    pressure: float = pa.Field(ge=0, nullable=True)


def write(folder: Path, trees: int = 100) -> Path:
    """Writes the package, and returns its folder.

    Args:
        folder: Where to write.
        trees: How many trees the model has.
    """
    files = {part: folder / f"{part}.parquet" for part in ("train", "test")}
    train = flights(0, TRAIN_ROWS)
    train.to_parquet(files["train"], index=False)
    flights(TRAIN_ROWS, 2_000).to_parquet(files["test"], index=False)
    names = OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=np.nan)
    columns = make_column_transformer((names, list(CATEGORICAL)), remainder="passthrough")
    boosted = HistGradientBoostingClassifier(
        max_iter=trees,
        max_leaf_nodes=15,
        categorical_features=[0, 1, 2],
        early_stopping=False,
        random_state=0,
    )
    model = make_pipeline(columns, boosted).fit(train[FEATURES], train["late"])
    stagebook.package(
        model,
        folder / "late",
        splits=files,
        key="flight",
        features=FEATURES,
        scores={"accuracy": 0.5},
        method="predict_proba",
        contract=Flight,
    )
    return folder / "late"
