"""Indexes and sizes that compiled code relies on: each class that trusts them is checked."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import scipy.sparse
from model_files import changed, codes
from sklearn.cluster import BisectingKMeans, KMeans, MiniBatchKMeans
from sklearn.dummy import DummyClassifier
from sklearn.ensemble import (
    GradientBoostingClassifier,
    GradientBoostingRegressor,
    HistGradientBoostingClassifier,
    IsolationForest,
)
from sklearn.feature_extraction import DictVectorizer, FeatureHasher
from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer
from sklearn.neighbors import (
    KNeighborsClassifier,
    KNeighborsRegressor,
    LocalOutlierFactor,
    RadiusNeighborsClassifier,
)
from sklearn.preprocessing import OneHotEncoder
from sklearn.svm import SVC, SVR
from sklearn.tree import DecisionTreeClassifier

RANDOM = np.random.default_rng(0)
X = RANDOM.normal(size=(60, 4))
Y = (X[:, 0] + X[:, 1] > 0).astype(int)
LETTERS = np.array([["a"], ["b"], ["c"], ["c"]] * 5, dtype=object)


def neighbours(kind: Any = KNeighborsClassifier, **attributes: Any) -> Any:
    return changed(kind(algorithm="brute").fit(X, Y), **attributes)


def outliers(**attributes: Any) -> Any:
    return changed(LocalOutlierFactor(novelty=True, algorithm="brute").fit(X), **attributes)


def without_number_of_features(model: Any) -> Any:
    """scikit-learn then takes rows of any width."""
    del model.n_features_in_
    return model


def bisected() -> Any:
    return BisectingKMeans(3, random_state=0).fit(X)


def with_short_centers(model: Any) -> Any:
    for node in (model._bisecting_tree.left, model._bisecting_tree.right):
        node.center = node.center[:1]
    return model


def boosted(classes: int = 2) -> Any:
    return GradientBoostingClassifier(n_estimators=2).fit(X, np.arange(60) % classes)


def with_columns(model: Any, count: int) -> Any:
    """Each stage writes into so many columns."""
    return changed(model, estimators_=np.repeat(model.estimators_, count, axis=1))


def with_first_of(model: Any, classes: int) -> Any:
    """The predictions that the trees add to have a column for each of so many classes."""
    return changed(model, init_=DummyClassifier().fit(X, np.arange(60) % classes))


def histogram(**attributes: Any) -> Any:
    model = HistGradientBoostingClassifier(max_iter=2, max_depth=3).fit(X, Y)
    return changed(model, **attributes)


def with_a_category(model: Any) -> Any:
    """A node looks its value up in a table of categories that the model does not have."""
    predictor = model._predictors[0][0]
    predictor.nodes["is_categorical"][0] = 1
    for name in ("raw_left_cat_bitsets", "binned_left_cat_bitsets"):
        setattr(predictor, name, np.zeros((1, 8), np.uint32))
    return model


def isolated(features: int) -> Any:
    model = IsolationForest(n_estimators=2, max_features=2).fit(X)
    return changed(model, estimators_features_=[np.arange(features)] * 2)


def sparse_machine(stored: bool) -> Any:
    model = SVC().fit(scipy.sparse.csr_matrix(X), Y)
    weights = model._dual_coef_
    return model if stored else changed(model, _dual_coef_=scipy.sparse.csr_matrix(weights.shape))


def shallow(depth: int) -> Any:
    """A tree whose paths are longer than it says."""
    model = DecisionTreeClassifier().fit(X, Y)
    state = model.tree_.__getstate__()
    model.tree_.__setstate__({**state, "max_depth": depth})
    return model


def letters(**attributes: Any) -> Any:
    encoder = OneHotEncoder(min_frequency=6, handle_unknown="infrequent_if_exist").fit(LETTERS)
    return changed(encoder, **attributes)


def words(kind: Any = CountVectorizer, **attributes: Any) -> Any:
    return changed(kind().fit(["a word here"]), **attributes)


ALTERED: dict[str, Callable[[], Any]] = {
    "a center with fewer features": lambda: changed(
        KMeans(2).fit(X), cluster_centers_=np.zeros((2, 1))
    ),
    "a center of small batches": lambda: changed(
        MiniBatchKMeans(2).fit(X), cluster_centers_=np.zeros((2, 1))
    ),
    "centers of any width": lambda: without_number_of_features(KMeans(2).fit(X)),
    "a center in a tree": lambda: with_short_centers(bisected()),
    "rows to compare with": lambda: neighbours(_fit_X=X[:, :1].copy()),
    "fewer rows than it says": lambda: neighbours(_fit_X=X[:5].copy()),
    "rows of regression": lambda: neighbours(KNeighborsRegressor, _fit_X=X[:, :1].copy()),
    "rows of outliers": lambda: outliers(_fit_X=X[:, :1].copy()),
    "a class that is not there": lambda: neighbours(_y=np.full(60, 10**9)),
    "a class before the first": lambda: neighbours(_y=np.full(60, -1)),
    "a class within a radius": lambda: neighbours(RadiusNeighborsClassifier, _y=np.full(60, 2)),
    "fewer answers than rows": lambda: neighbours(_y=np.zeros(1, dtype=int)),
    "neighbours of any width": lambda: without_number_of_features(neighbours()),
    "columns of stages": lambda: with_columns(
        GradientBoostingRegressor(n_estimators=2).fit(X, Y), 1000
    ),
    "columns of two classes": lambda: with_columns(boosted(), 3),
    "columns of three classes": lambda: with_columns(boosted(3), 2),
    "first predictions": lambda: with_first_of(boosted(3), 2),
    "features of a histogram": lambda: histogram(n_features_in_=1),
    "features of any width": lambda: without_number_of_features(histogram()),
    "a category of a number": lambda: with_a_category(histogram()),
    "features of an isolated tree": lambda: isolated(1),
    "classes of regression": lambda: changed(
        SVR().fit(X, Y), _n_support=np.zeros(100, dtype=np.int32)
    ),
    "weights that are not stored": lambda: sparse_machine(stored=False),
    "a path that is longer": lambda: shallow(0),
    "columns of categories": lambda: letters(_n_features_outs=[1]),
    "columns before the first": lambda: letters(_n_features_outs=[-5]),
    "a rare category's column": lambda: letters(
        _default_to_infrequent_mappings=[np.full(3, 10**9)]
    ),
    "a rare category": lambda: letters(_infrequent_indices=[np.array([10**9, 1])]),
    "a word's column": lambda: words(vocabulary_={"word": 10**9, "here": 1}),
    "a word's column before the first": lambda: words(vocabulary_={"word": -1, "here": 0}),
    "a weighted word's column": lambda: words(TfidfVectorizer, vocabulary_={"word": 7, "here": 1}),
    "a key's column": lambda: changed(DictVectorizer().fit([{"a": 1}]), vocabulary_={"a": 10**9}),
    "no columns to hash to": lambda: changed(FeatureHasher(), n_features=0),
}


@pytest.mark.parametrize("case", ALTERED)
def test_state_that_compiled_code_would_trust_is_refused(case: str) -> None:
    assert codes(ALTERED[case]()) == {"dangerous-state"}


@pytest.mark.parametrize(
    "make",
    [
        neighbours,
        lambda: neighbours(RadiusNeighborsClassifier),
        lambda: KNeighborsClassifier().fit(X, np.column_stack([Y, 1 - Y])),
        outliers,
        bisected,
        boosted,
        lambda: boosted(3),
        lambda: GradientBoostingClassifier(n_estimators=2, init="zero").fit(X, Y),
        histogram,
        lambda: IsolationForest(n_estimators=2, max_features=2).fit(X),
        lambda: sparse_machine(stored=True),
        letters,
        lambda: OneHotEncoder(drop="first", max_categories=2).fit(LETTERS),
        words,
        lambda: CountVectorizer(vocabulary=["word", "here"]).fit(["a word"]),
        FeatureHasher,
    ],
)
def test_the_same_models_are_accepted_as_they_were_fitted(make: Callable[[], Any]) -> None:
    assert codes(make()) == set()
