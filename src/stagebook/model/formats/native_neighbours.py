"""Checks of neighbours and clusters, whose compiled code measures distances unseen."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np

from stagebook.model.formats.bounds import is_fitted, require, require_features


def check_neighbours(tree: Any) -> None:
    """Checks a k-d tree or a ball tree."""
    data, order, nodes, bounds, leaf_size, levels, count = tree.__getstate__()[:7]
    rows = len(data)
    require(0 < levels < 64 and count == 2**levels - 1 == len(nodes), "the number of nodes")
    require(bounds.ndim == 3 and bounds.shape[1] >= count, "the bounds of a node")
    require(bounds.shape[2] == data.shape[1] and leaf_size > 0, "the bounds of a node")
    require(len(order) == rows and np.all((order >= 0) & (order < rows)), "a row")
    start, end = nodes["idx_start"], nodes["idx_end"]
    require(np.all((start >= 0) & (start <= end) & (end <= rows)), "the rows of a node")
    _check_distance(tree.__getstate__()[11], data.shape[1])
    half = count // 2  # nodes from here on have no children
    require(np.all(nodes["is_leaf"][half:] != 0), "a leaf")


def _check_distance(distance: Any, features: int) -> None:
    """Checks a distance, whose weights are read for each feature."""
    _, vector, matrix = distance.__getstate__()
    kind = type(distance).__name__
    if kind.startswith("SEuclidean"):
        require(len(vector) == features, "the weights of a distance")
    elif kind.startswith("Minkowski"):
        require(len(vector) in (0, features), "the weights of a distance")
    elif kind.startswith("Mahalanobis"):
        require(matrix.shape == (features, features), "the weights of a distance")
    elif kind.startswith("Haversine"):
        require(features == 2, "the weights of a distance")


def check_neighbourhood(model: Any) -> None:
    """Checks that an estimator compares rows with as many features, and that each has an answer."""
    if not is_fitted(model, "_fit_X"):
        return
    rows, features = model._fit_X.shape
    require_features(model, features)
    require(model.n_samples_fit_ == rows, "a row")
    if model._tree is not None:
        require(np.asarray(model._tree.data).shape == (rows, features), "a row")
    answers = vars(model).get("_y")
    if answers is None:
        return
    require(len(answers) == rows, "an answer")
    if is_fitted(model, "classes_"):
        _check_answers(np.asarray(answers), model.classes_)


def _check_answers(answers: Any, classes: Any) -> None:
    """Checks that answers are places in a list of classes; of many, a column for each list."""
    lists = classes if isinstance(classes, list) else [classes]
    columns = answers.reshape(len(answers), -1)
    require(columns.shape[1] == len(lists) and answers.dtype.kind == "i", "an answer")
    for column, kinds in zip(columns.T, lists, strict=True):
        require(np.all((column >= 0) & (column < len(kinds))), "an answer")


def check_centers(model: Any) -> None:
    """Checks that rows are compared with centers of as many features."""
    if is_fitted(model, "cluster_centers_"):
        centers = model.cluster_centers_
        require(isinstance(centers, np.ndarray) and centers.ndim == 2, "a center")
        require_features(model, centers.shape[1])


def check_bisection(model: Any) -> None:
    """The same of centers that lie in a tree."""
    check_centers(model)
    if is_fitted(model, "_bisecting_tree"):
        for center in _centers(model._bisecting_tree):
            require(np.shape(center) == (model.n_features_in_,), "a center")


def _centers(node: Any) -> Iterator[Any]:
    nodes = [node]
    while nodes:
        node = nodes.pop()
        yield node.center
        nodes += [child for child in (node.left, node.right) if child is not None]


CHECKS: Mapping[str, Callable[[Any], None]] = {
    "sklearn.cluster._bisect_k_means.BisectingKMeans": check_bisection,
    "sklearn.cluster._kmeans.KMeans": check_centers,
    "sklearn.cluster._kmeans.MiniBatchKMeans": check_centers,
    "sklearn.neighbors._ball_tree.BallTree": check_neighbours,
    "sklearn.neighbors._kd_tree.KDTree": check_neighbours,
    **{
        f"sklearn.neighbors._{module}": check_neighbourhood
        for module in (
            "classification.KNeighborsClassifier",
            "classification.RadiusNeighborsClassifier",
            "graph.KNeighborsTransformer",
            "graph.RadiusNeighborsTransformer",
            "lof.LocalOutlierFactor",
            "regression.KNeighborsRegressor",
            "regression.RadiusNeighborsRegressor",
            "unsupervised.NearestNeighbors",
        )
    },
}
"""For each class of neighbours or centers: its check."""
