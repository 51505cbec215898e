"""A small model and its data, the same each time."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from stagebook.model.package import package

FEATURES = ["height", "weight"]


def table(first: int, rows: int) -> pd.DataFrame:
    """Rows with numbers from ``first`` on, one an hour."""
    random = np.random.default_rng(first)
    height, weight = random.normal(size=rows), random.normal(size=rows)
    return pd.DataFrame(
        {
            "id": np.arange(first, first + rows),
            "at": pd.Timestamp("2013-01-01") + pd.to_timedelta(np.arange(first, first + rows), "h"),
            "height": height,
            "weight": weight,
            "tall": height + random.normal(size=rows) > 0,
        }
    )


def split_files(folder: Path) -> dict[str, Path]:
    """Training and test rows on disk."""
    files = {"train": folder / "train.parquet", "test": folder / "test.parquet"}
    table(0, 400).to_parquet(files["train"], index=False)
    table(400, 300).to_parquet(files["test"], index=False)
    return files


def fitted() -> Any:
    """A model that has learned from the training rows."""
    learn = table(0, 400)
    model = make_pipeline(StandardScaler(), LogisticRegression())
    return model.fit(learn[FEATURES], learn["tall"])


def write(model: Any, path: Path, files: dict[str, Path], **changes: Any) -> str:
    """Packages a model with all that is needed, some of it changed."""
    told: dict[str, Any] = {
        "splits": files,
        "key": "id",
        "time": "at",
        "features": FEATURES,
        "scores": {"auc": 0.8, "auc_low": 0.75, "auc_high": 0.85},
        "baseline": {"auc": 0.5},
        "method": "predict_proba",
        "purpose": "Tells the tall from the small.",
    }
    return package(model, path, **{**told, **changes})
