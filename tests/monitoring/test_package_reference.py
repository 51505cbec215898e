"""A real package's log is counted on the package's own profiles."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from refusals import problem
from sklearn.compose import make_column_transformer
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OrdinalEncoder
from watched_logs import profile_of

import stagebook
from stagebook.data.profiles import profile as profiles
from stagebook.model.policy import Policy
from stagebook.model.refused_rows import RefusedRowsError
from stagebook.model.scoring_options import ScoringOptions
from stagebook.monitoring.day_store import DayStore
from stagebook.monitoring.day_summary import merge
from stagebook.monitoring.package_reference import INPUT, OUTPUT, PackageReference
from stagebook.serving.scorer import Scorer

FEATURES = ["city", "km", "stops", "express"]


def trips(rows: int, seed: int) -> pd.DataFrame:
    random = np.random.default_rng(seed)
    km = np.where(random.random(rows) < 0.2, np.nan, random.uniform(1, 100, rows))
    return pd.DataFrame(
        {
            "id": np.arange(rows) + 1000 * seed,
            "city": random.choice(["Bern", "Graz", "Lyon"], rows),
            "km": km,
            "stops": random.integers(0, 10, rows),
            "express": random.random(rows) < 0.3,
            "late": np.nan_to_num(km, nan=60.0) > 50,
        }
    )


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("watched")
    files = {name: folder / f"{name}.parquet" for name in ("train", "test")}
    for seed, file in enumerate(files.values()):
        trips(200, seed).to_parquet(file, index=False)
    learn = pd.read_parquet(files["train"])
    columns = make_column_transformer((OrdinalEncoder(), ["city"]), remainder="passthrough")
    model = make_pipeline(columns, HistGradientBoostingClassifier(max_iter=5))
    stagebook.package(
        model.fit(learn[FEATURES], learn["late"]),
        folder / "late",
        splits=files,
        key="id",
        features=FEATURES,
        scores={"auc": 0.9},
        method="predict_proba",
    )
    return folder / "late"


def test_the_rows_of_a_real_log_fit_the_profiles_of_the_package(
    package: Path, tmp_path: Path
) -> None:
    rows, bad = trips(50, 7)[FEATURES], trips(2, 8)[FEATURES].drop(columns="km")
    options = ScoringOptions(validation=True, log=tmp_path / "log")
    scorer = Scorer.open(package, Policy(materials="ignore", isolate="never"), options)
    predictions = [scorer.predict(part) for part in (rows, rows.head(1))]
    with pytest.raises(RefusedRowsError):
        scorer.predict(bad)
    scorer.close()
    watched = PackageReference.read(package, score=predictions[0].columns[-1])
    log = DayStore(tmp_path / "state", tmp_path / "log", watched).read_all()
    summary = merge(log.of(watched.digest))
    assert log.problems == ()
    assert (summary.requests, summary.rows, summary.statuses) == (3, 51, {200: 2, 422: 1})
    assert list(summary.refusals) == [("missing-column", "km")]
    assert summary.features is not None
    assert summary.answers is not None
    assert (summary.features.others, summary.answers.others) == ((), ())
    assert (dict(summary.features.absent), dict(summary.answers.absent)) == ({}, {})
    sent = pd.concat([rows, rows.head(1)], ignore_index=True)
    assert summary.inputs is not None
    own = profile_of(sent, watched.inputs)
    for name in FEATURES:
        assert summary.inputs.column(name) == own.column(name)
    assert summary.scores is not None
    assert summary.scores.rows == 51


def test_a_reference_has_the_profiles_of_the_package(package: Path) -> None:
    watched = PackageReference.read(package)
    assert watched.inputs == profiles.read(package / INPUT)
    assert watched.predictions == profiles.read(package / OUTPUT)
    assert len(watched.digest) == 64


def test_a_folder_without_a_package_is_refused(tmp_path: Path) -> None:
    assert problem(PackageReference.read, tmp_path).code == "no-package"
