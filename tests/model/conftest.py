"""One small model, packaged once; each test works on a copy."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from stagebook.model import manifest
from stagebook.model.manifest import Manifest
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


@pytest.fixture(scope="session")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("made")
    write(fitted(), folder / "tall", split_files(folder))
    return folder


@pytest.fixture
def files(tmp_path: Path) -> dict[str, Path]:
    return split_files(tmp_path)


@pytest.fixture
def packaged(original: Path, tmp_path: Path) -> Path:
    """A package that a test may spoil."""
    return Path(shutil.copytree(original / "tall", tmp_path / "tall"))


@pytest.fixture
def rehash() -> Callable[[Path], None]:
    """Makes the manifest fit the files again, as somebody who wants to deceive would."""

    def renew(folder: Path) -> None:
        then = manifest.read(folder)
        made = Manifest.of(folder, then.name, then.model)
        (folder / manifest.FILE).write_text(manifest.render(made))

    return renew
