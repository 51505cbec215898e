"""Checks of trees and of ensembles of trees, whose compiled code follows indexes unseen."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from stagebook.model.formats.bounds import is_fitted, require, require_features

_NO_CHILD = -1
_BITSET_WORDS = 8  # of 32 bits, for 256 categories


def check_tree(tree: Any) -> None:
    """Checks a tree of scikit-learn: each child comes after its parent and is in the tree."""
    state = tree.__getstate__()
    nodes, count = state["nodes"], state["node_count"]
    require(0 < count == len(nodes) == len(state["values"]), "the number of nodes")
    places = np.arange(count)
    left, right = nodes["left_child"], nodes["right_child"]
    leaves = left == _NO_CHILD
    require(np.array_equal(leaves, right == _NO_CHILD), "a child of a leaf")
    for children in (left, right):
        inner = children[~leaves]
        require(np.all((inner > places[~leaves]) & (inner < count)), "a child")
    features = nodes["feature"][~leaves]
    require(np.all((features >= 0) & (features < tree.n_features)), "a feature")
    require(_depth(left, right) <= tree.max_depth < count, "the depth")


def _depth(left: Any, right: Any) -> int:
    """How many steps the longest way down a tree takes; children come after their parents."""
    level, depth = np.zeros(1, dtype=np.intp), 0
    while len(inner := level[left[level] != _NO_CHILD]):
        level, depth = np.concatenate((left[inner], right[inner])), depth + 1
        # two parents of one child would double a level with each step
        require(len(level) <= len(left), "a child")
    return depth


def check_predictor(predictor: Any) -> None:
    """Checks a tree of histogram gradient boosting, without its number of features."""
    nodes = predictor.nodes
    count = len(nodes)
    inner = nodes[nodes["is_leaf"] == 0]
    places = np.flatnonzero(nodes["is_leaf"] == 0)
    for side in ("left", "right"):
        children = inner[side].astype(np.int64)
        require(np.all((children > places) & (children < count)), "a child")
    require(count > 0 and np.all(inner["feature_idx"] >= 0), "a feature")
    split = inner[inner["is_categorical"] != 0]
    for name in ("raw_left_cat_bitsets", "binned_left_cat_bitsets"):
        sets = getattr(predictor, name)
        require(sets.ndim == 2 and sets.shape[1] == _BITSET_WORDS, "a set of categories")
        require(np.all(split["bitset_idx"] < len(sets)), "a set of categories")


def check_forest(model: Any) -> None:
    """Checks that an ensemble gives each of its trees as many features as that reads."""
    if is_fitted(model, "estimators_"):
        for estimator in np.asarray(model.estimators_, dtype=object).ravel():
            require_features(model, estimator.tree_.n_features)


def check_gradient_boosting(model: Any) -> None:
    """Checks that the trees of gradient boosting write into columns that are there."""
    if not is_fitted(model, "estimators_"):
        return
    check_forest(model)
    stages, columns = model.estimators_, model.n_trees_per_iteration_
    require(isinstance(stages, np.ndarray) and stages.ndim == 2, "a stage")
    classes = len(model.classes_) if hasattr(model, "classes_") else 0
    require(stages.shape[1] == columns == (classes if classes > 2 else 1), "a column")
    first = model.init_
    if isinstance(first, str) or not classes:
        return  # a column of zeros for each, or of a regressor's predictions
    require(len(first.classes_) == classes, "a class")


def check_isolation_forest(model: Any) -> None:
    """Checks that each tree of an isolation forest reads features that are there."""
    if not is_fitted(model, "estimators_"):
        return
    require(len(model.estimators_) == len(model.estimators_features_), "a tree")
    uses_all_features = model._max_features == model.n_features_in_
    for estimator, features in zip(model.estimators_, model.estimators_features_, strict=True):
        count = model.n_features_in_ if uses_all_features else len(features)
        require(estimator.tree_.n_features == count, "a feature")
        require(vars(estimator).get("n_features_in_") == count, "a feature")


def check_single_tree(model: Any) -> None:
    """Checks that a decision tree is given as many features as it reads."""
    if is_fitted(model, "tree_"):
        require_features(model, model.tree_.n_features)


def check_boosting(model: Any) -> None:
    """Checks that each tree of histogram gradient boosting reads features that are there."""
    if not is_fitted(model, "_predictors"):
        return
    categorical = np.asarray(model._bin_mapper.is_categorical_, dtype=bool)
    features = len(categorical)
    require(features == model._n_features, "a feature")
    require_features(model, features)
    for predictor in (item for stage in model._predictors for item in stage):
        inner = predictor.nodes[predictor.nodes["is_leaf"] == 0]
        require(np.all(inner["feature_idx"] < features), "a feature")
        split = inner["feature_idx"][inner["is_categorical"] != 0]
        require(np.all(categorical[split]), "a category")


_GRADIENT = "sklearn.ensemble._hist_gradient_boosting"
CHECKS: Mapping[str, Callable[[Any], None]] = {
    f"{_GRADIENT}.gradient_boosting.HistGradientBoostingClassifier": check_boosting,
    f"{_GRADIENT}.gradient_boosting.HistGradientBoostingRegressor": check_boosting,
    f"{_GRADIENT}.predictor.TreePredictor": check_predictor,
    "sklearn.ensemble._forest.ExtraTreesClassifier": check_forest,
    "sklearn.ensemble._forest.ExtraTreesRegressor": check_forest,
    "sklearn.ensemble._forest.RandomForestClassifier": check_forest,
    "sklearn.ensemble._forest.RandomForestRegressor": check_forest,
    "sklearn.ensemble._forest.RandomTreesEmbedding": check_forest,
    "sklearn.ensemble._gb.GradientBoostingClassifier": check_gradient_boosting,
    "sklearn.ensemble._gb.GradientBoostingRegressor": check_gradient_boosting,
    "sklearn.ensemble._iforest.IsolationForest": check_isolation_forest,
    **{
        f"sklearn.tree._classes.{kind}Tree{task}": check_single_tree
        for kind in ("Decision", "Extra")
        for task in ("Classifier", "Regressor")
    },
    "sklearn.tree._tree.Tree": check_tree,
}
"""For each class of a tree or of trees: its check."""
