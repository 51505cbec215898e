"""Code of somebody's own that models are put together from."""

from typing import Any

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, TransformerMixin


class Squares(TransformerMixin, BaseEstimator):
    """A step that no converter knows."""

    def fit(self, rows: pd.DataFrame, answers: Any = None) -> "Squares":
        return self

    def transform(self, rows: pd.DataFrame) -> Any:
        return np.asarray(rows) ** 2


class Rule:
    """A model that has nothing of scikit-learn."""

    def predict(self, rows: pd.DataFrame) -> Any:
        return rows["height"] > 0
