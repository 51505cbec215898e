"""Small packages that are compared, each with more or less of the signal."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from sklearn.linear_model import LinearRegression, LogisticRegression

from stagebook.model.package import package


def people(first: int, rows: int) -> pd.DataFrame:
    """People with numbers from ``first`` on, of three cities, some of them tall."""
    random = np.random.default_rng(first)
    height, weight = random.normal(size=rows), random.normal(size=rows)
    return pd.DataFrame(
        {
            "id": np.arange(first, first + rows),
            "city": random.choice(["Bern", "Graz", "Lyon"], rows),
            "height": height,
            "weight": weight,
            "tall": height + 0.5 * random.normal(size=rows) > 0,
            "size": 10 * height + weight,
        }
    )


def write(
    folder: Path, features: list[str], label: str = "tall", model: Any = None, **changes: Any
) -> Path:
    """A package of a model that sees some features, in a folder of their names."""
    files = {part: folder / f"{part}.parquet" for part in ("train", "test")}
    for first, (part, rows) in zip((0, 400), (("train", 400), ("test", 300)), strict=True):
        if not files[part].exists():
            people(first, rows).to_parquet(files[part], index=False)
    learn = people(0, 400)
    if model is None:
        model = LogisticRegression() if label == "tall" else LinearRegression()
    options: dict[str, Any] = {
        "splits": files,
        "key": "id",
        "features": features,
        "scores": {"score": 0.8},
        "method": "predict_proba" if label == "tall" else "predict",
    }
    target = folder / "-".join([label, *features])
    package(model.fit(learn[features], learn[label]), target, **{**options, **changes})
    return target
