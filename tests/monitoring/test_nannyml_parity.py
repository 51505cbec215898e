"""Estimates are those of NannyML, on the example that it ships; in an environment of its own."""

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import pytest

from stagebook.data.profiles.score_histogram import ScoreHistogram, merge
from stagebook.monitoring.calibration import Calibration
from stagebook.monitoring.cbpe import estimate

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.version_info >= (3, 13), reason="NannyML needs Python below 3.13"),
]

REQUIREMENTS = ["nannyml==0.13.1", "pandas==3.1.1", "scikit-learn==1.9.1", "statsmodels"]
"""NannyML imports statsmodels and does not require it. The others are those compared with."""

UNUSED = 'nvidia-nccl-cu12; python_version < "3"\n'
"""600 MB for XGBoost on graphics cards."""

CHUNK = 5000
TOLERANCE = {"as_shipped": 1e-8, "continuous": 2e-4}
"""Scores that are shipped have two digits, so none shares a bin with another score."""

METRICS = ["roc_auc", "accuracy", "precision", "recall", "specificity", "f1"]


@dataclass(frozen=True)
class Compared:
    """The rows of an example and both estimates, chunk by chunk.

    Attributes:
        name: Of the example.
        rows: Of the analysis.
        calibration: Ours.
        theirs: NannyML's estimates and standard errors.
    """

    name: str
    rows: pd.DataFrame
    calibration: Calibration
    theirs: pd.DataFrame

    @property
    def chunks(self) -> list[ScoreHistogram]:
        """Our histograms."""
        scores = self.rows["score"]
        return [ScoreHistogram.of(scores[at : at + CHUNK]) for at in range(0, len(scores), CHUNK)]

    def ours(self, metric: str, attribute: str) -> list[float]:
        """Our estimates of a metric."""
        name = metric.removeprefix("roc_")
        estimates = [estimate(chunk, self.calibration).figures[name] for chunk in self.chunks]
        return [getattr(item, attribute) for item in estimates]


@pytest.fixture(scope="module")
def estimated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with NannyML's estimates."""
    folder = tmp_path_factory.mktemp("nannyml")
    home, overrides = folder / "environment", folder / "overrides.txt"
    overrides.write_text(UNUSED)
    uv = str(Path(sys.executable).with_name("uv"))
    subprocess.run([uv, "venv", "--quiet", "--python", sys.executable, str(home)], check=True)
    words = ["--quiet", "--python", str(home), "--override", str(overrides), *REQUIREMENTS]
    subprocess.run([uv, "pip", "install", *words], check=True)
    side = Path(__file__).with_name("nannyml_side.py")
    environment = {**os.environ, "NML_DISABLE_USAGE_LOGGING": "1"}
    python = home / "bin" / "python"
    subprocess.run([python, side, folder], check=True, env=environment)
    return folder


@pytest.fixture(scope="module", params=sorted(TOLERANCE))
def compared(request: pytest.FixtureRequest, estimated: Path) -> Compared:
    """An example with both estimates."""
    tables = {
        part: pd.read_parquet(estimated / f"{request.param}.{part}.parquet")
        for part in ("reference", "analysis", "estimates")
    }
    reference = tables["reference"]
    sides = [ScoreHistogram.of(reference["score"][reference["repaid"] == side]) for side in (1, 0)]
    return Compared(request.param, tables["analysis"], Calibration.of(*sides), tables["estimates"])


def test_estimates_of_each_chunk_are_those_of_nannyml(compared: Compared) -> None:
    assert len(compared.chunks) == len(compared.theirs) == 10
    for metric in METRICS:
        theirs = compared.theirs[f"{metric}_value"].tolist()
        tolerance = TOLERANCE[compared.name]
        assert compared.ours(metric, "value") == pytest.approx(theirs, abs=tolerance), metric


def test_scores_are_calibrated_where_nannyml_calibrates_them(compared: Compared) -> None:
    assert compared.calibration.calibrated
    assert compared.theirs["calibrated"].all()


def test_standard_errors_of_shares_are_about_those_of_nannyml(compared: Compared) -> None:
    # NannyML's are those of the reference, ours those of the chunk. Its errors of F1 and of the
    # AUC are not compared: docs/adr/0049-performance-from-histograms.md
    for metric in ("accuracy", "precision", "recall", "specificity"):
        theirs = compared.theirs[f"{metric}_sampling_error"].tolist()
        assert compared.ours(metric, "standard_error") == pytest.approx(theirs, rel=0.35), metric


def test_the_estimate_of_all_chunks_together_is_that_of_all_rows(compared: Compared) -> None:
    whole = estimate(ScoreHistogram.of(compared.rows["score"]), compared.calibration)
    assert estimate(merge(compared.chunks), compared.calibration) == whole
