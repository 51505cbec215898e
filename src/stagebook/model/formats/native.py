"""State that compiled code reads without looking: indexes and sizes, checked before it does."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from stagebook.model.formats import native_columns, native_neighbours, native_trees, trusted
from stagebook.model.formats.bounds import is_fitted, require, require_features

_TWISTER_WORDS = 624  # of MT19937


def check_sparse(matrix: Any) -> None:
    """Checks a compressed sparse matrix; a ValueError if it is inconsistent."""
    require(all(isinstance(part, np.ndarray) for part in _parts(matrix)), "a sparse matrix")
    require(all(not part.dtype.hasobject for part in _parts(matrix)), "a sparse matrix")
    matrix.check_format(full_check=True)


def _parts(matrix: Any) -> tuple[Any, Any, Any]:
    return matrix.data, matrix.indices, matrix.indptr


def check_spline(spline: Any) -> None:
    """Checks a B-spline of SciPy."""
    t, c, k = spline._t, spline._c, spline.k
    require(isinstance(k, int | np.integer) and 0 <= k <= 20, "the degree of a spline")
    require(t.ndim == 1 and t.dtype == np.float64 and np.all(np.diff(t) >= 0), "a knot")
    require(len(t) - k - 1 > k and len(c) >= len(t) - k - 1, "the coefficients of a spline")


def check_random(random: Any) -> None:
    """Checks the source of NumPy's random numbers."""
    source = getattr(random, "_bit_generator", random)
    if isinstance(source, np.random.MT19937):
        check_twister(source)


def check_twister(generator: Any) -> None:
    """Checks NumPy's Mersenne Twister, which reads the word at its place."""
    require(0 <= generator.state["state"]["pos"] <= _TWISTER_WORDS, "the place of a generator")


def check_partial(partial: Any) -> None:
    """Checks that a function with arguments is the one that gradient boosting has."""
    arguments = partial.keywords.values()
    values = [part for value in arguments for part in (value if type(value) is list else [value])]
    plain = all(isinstance(value, int | float | str | type(None) | type) for value in values)
    require(trusted.is_partly_given(partial.func) and not partial.args and plain, "a function")
    kinds = [value for value in values if isinstance(value, type)]
    require(all(issubclass(kind, np.generic) for kind in kinds), "a type")


def check_support_vectors(model: Any) -> None:
    """Checks a support vector machine of libsvm."""
    if not is_fitted(model, "support_"):
        return
    count, classes = len(model.support_), len(model._n_support)
    vectors, weights = model.support_vectors_, model._dual_coef_
    if model.kernel == "precomputed":
        inside = (model.support_ >= 0) & (model.support_ < model.shape_fit_[0])
        require(np.all(inside) and model.n_features_in_ == model.shape_fit_[0], "a support vector")
    else:
        require(vectors.shape == (count, model.shape_fit_[1]), "a support vector")
        require_features(model, vectors.shape[1])
    regression = model._impl in ("one_class", "epsilon_svr", "nu_svr")
    require(not regression or classes == 2, "a class")
    require(weights.shape == (1 if regression else classes - 1, count), "a weight")
    if model._sparse:  # libsvm reads the weights that are stored as if all were
        require(len(weights.data) == weights.shape[0] * count, "a weight")
    require(np.all(model._n_support >= 0), "a number of support vectors")
    require(regression or int(model._n_support.sum()) == count, "a number of support vectors")
    pairs = 1 if regression else classes * (classes - 1) // 2
    require(len(model._intercept_) == pairs, "an intercept")
    require(len(model._probA) in (0, pairs) and len(model._probB) in (0, pairs), "a probability")


CHECKS: Mapping[str, Callable[[Any], None]] = {
    **native_columns.CHECKS,
    **native_neighbours.CHECKS,
    **native_trees.CHECKS,
    "functools.partial": check_partial,
    "numpy.random._generator.Generator": check_random,
    "numpy.random._mt19937.MT19937": check_random,
    "numpy.random.mtrand.RandomState": check_random,
    "scipy.interpolate._bsplines.BSpline": check_spline,
    **{
        f"scipy.sparse._{form}.{form}_{kind}": check_sparse
        for form in ("csc", "csr")
        for kind in ("array", "matrix")
    },
    **{
        f"sklearn.svm._classes.{name}": check_support_vectors
        for name in ("NuSVC", "NuSVR", "OneClassSVM", "SVC", "SVR")
    },
}
"""For each class whose compiled code trusts its state: its check."""
