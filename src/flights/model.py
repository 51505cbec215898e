"""The classifier, and how its error falls from tree to tree."""

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.metrics import log_loss
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import OrdinalEncoder

from flights.features import CATEGORICAL, NUMERIC


def late_arrival_model(
    max_iter: int, max_leaf_nodes: int, learning_rate: float, random_state: int
) -> Pipeline:
    """Builds the unfitted pipeline: names to numbers, then gradient boosted trees.

    Carrier, origin and destination are numbered in alphabetical order and treated as categories.
    A name that training never saw counts as missing, as do missing measurements; trees send both
    where training found it best.

    Args:
        max_iter: The number of trees.
        max_leaf_nodes: The most leaves a tree may have, 2 or more.
        learning_rate: How much of each tree's correction is taken, above 0, at most 1.
        random_state: The seed of the sample that bins are computed from.
    """
    names = OrdinalEncoder(
        handle_unknown="use_encoded_value", unknown_value=np.nan, encoded_missing_value=np.nan
    )
    columns = ColumnTransformer(
        [("names", names, list(CATEGORICAL)), ("numbers", "passthrough", list(NUMERIC))],
        verbose_feature_names_out=False,
    )
    trees = HistGradientBoostingClassifier(
        max_iter=max_iter,
        max_leaf_nodes=max_leaf_nodes,
        learning_rate=learning_rate,
        min_samples_leaf=100,
        categorical_features=list(range(len(CATEGORICAL))),
        early_stopping=False,
        random_state=random_state,
    )
    return Pipeline([("columns", columns), ("trees", trees)])


def staged_log_loss(
    model: Pipeline, table: pd.DataFrame, late: pd.Series
) -> npt.NDArray[np.float64]:
    """Measures the log loss after each tree.

    Args:
        model: A fitted ``late_arrival_model``.
        table: The features, n rows.
        late: n booleans.

    Returns:
        Shape (number of trees,), in nats per flight.
    """
    columns, trees = model[:-1], model[-1]
    stages = trees.staged_predict_proba(columns.transform(table))
    return np.array([log_loss(late, stage[:, 1]) for stage in stages])
