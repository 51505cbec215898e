"""Runs in NannyML's environment: writes its example's rows and what NannyML estimates of them."""

import sys
from pathlib import Path

import nannyml
import numpy as np
import pandas as pd

CHUNK = 5000
METRICS = ["roc_auc", "accuracy", "precision", "recall", "specificity", "f1"]


def estimated(reference: pd.DataFrame, analysis: pd.DataFrame) -> pd.DataFrame:
    """NannyML's estimates and standard errors, by metric and chunk of the analysis."""
    estimator = nannyml.CBPE(
        problem_type="classification_binary",
        y_pred_proba="score",
        y_pred="predicted",
        y_true="repaid",
        metrics=METRICS,
        chunk_size=CHUNK,
    )
    result = estimator.fit(reference).estimate(analysis).filter(period="analysis").to_df()
    columns = {
        f"{metric}_{kind}": result[(metric, kind)]
        for metric in METRICS
        for kind in ("value", "sampling_error")
    }
    return pd.DataFrame(columns).assign(calibrated=estimator.needs_calibration)


def rows(table: pd.DataFrame, spread: float) -> pd.DataFrame:
    """The score, the prediction and the label; scores are moved by up to ``spread``."""
    noise = np.random.default_rng(7).uniform(-spread, spread, len(table))
    score = (table["y_pred_proba"] + noise).clip(0, 1)
    return pd.DataFrame(
        {"score": score, "predicted": (score >= 0.5).astype(int), "repaid": table["repaid"]}
    )


def main(folder: Path) -> None:
    reference, analysis, labels = nannyml.load_synthetic_car_loan_dataset()
    analysis = analysis.merge(labels, on="id")
    for name, spread in (("as_shipped", 0.0), ("continuous", 0.005)):
        before, after = rows(reference, spread), rows(analysis, spread)
        before.to_parquet(folder / f"{name}.reference.parquet")
        after.to_parquet(folder / f"{name}.analysis.parquet")
        estimated(before, after.drop(columns="repaid")).to_parquet(
            folder / f"{name}.estimates.parquet"
        )


if __name__ == "__main__":
    main(Path(sys.argv[1]))
