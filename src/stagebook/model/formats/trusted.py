"""The loader's own list of names that a model's file may hold; no package widens it.

It is derived from scikit-learn: every public estimator of the installed version is on it, and the
private classes, functions and NumPy's makers that fitted estimators are made of, each reviewed.
"""

import importlib
from collections.abc import Collection, Mapping

_NUMPY_MAKERS = frozenset(
    f"numpy.{core}.{name}"
    for core in ("_core", "core")
    for name in ("multiarray._reconstruct", "multiarray.scalar", "numeric._frombuffer")
)


def _pandas(name: str, module: str) -> tuple[str, str]:
    """The names that a class of pandas gives itself: in pandas 3, and before."""
    return f"pandas.{name}", f"pandas.{module}.{name}"


PANDAS_MAKERS = frozenset(
    {
        *_pandas("Index", "core.indexes.base"),
        *_pandas("RangeIndex", "core.indexes.range"),
        "pandas._libs.tslibs.timestamps._unpickle_timestamp",
        "pandas._libs.tslibs.timedeltas._timedelta_unpickle",
    }
)
"""What makes pandas' values in a pickle that ``pickle_file`` wrote."""

CALLED = frozenset(
    {
        *_NUMPY_MAKERS,
        *(f"builtins.{name}" for name in ("complex", "frozenset", "range", "set", "slice")),
        "collections.OrderedDict",
        "collections.defaultdict",
        "datetime.date",
        "datetime.datetime",
        "datetime.timedelta",
        "datetime.timezone",
        "decimal.Decimal",
        "fractions.Fraction",
        "functools.partial",
        "numpy.dtype",
        "numpy.ma.core._mareconstruct",
        "numpy.random._pickle.__bit_generator_ctor",
        "numpy.random._pickle.__generator_ctor",
        "numpy.random._pickle.__randomstate_ctor",
        "numpy.random.bit_generator.__pyx_unpickle_SeedSequence",
        "sklearn._loss._loss.__pyx_unpickle_CyHalfMultinomialLoss",
        "sklearn.metrics._dist_metrics.newObj",
        "sklearn.neighbors._ball_tree.newObj",
        "sklearn.neighbors._kd_tree.newObj",
        "sklearn.tree._tree.Tree",
    }
    | PANDAS_MAKERS
)
"""Functions and classes that a pickle may call, with arguments that ``calls`` checks."""

COMPLETE = frozenset(
    {
        *_pandas("Index", "core.indexes.base"),
        *_pandas("RangeIndex", "core.indexes.range"),
        *_pandas("Timestamp", "_libs.tslibs.timestamps"),
        *_pandas("Timedelta", "_libs.tslibs.timedeltas"),
        *_pandas("NA", "_libs.missing"),
        *_pandas("NAType", "_libs.missing"),
        "pandas.api.typing.NAType",
        "datetime.timezone",
    }
)
"""Values of pandas and Python that are complete once they are made: they are given no state."""

TUPLES = frozenset({"sklearn.impute._iterative._ImputerTriplet"})
"""Named tuples that fitted estimators hold."""

_HELD = frozenset(
    {
        "numpy.ndarray",
        "numpy.ma.MaskedArray",
        "numpy.random._mt19937.MT19937",
        "numpy.random._pcg64.PCG64",
        "numpy.random._pcg64.PCG64DXSM",
        "numpy.random._philox.Philox",
        "numpy.random._sfc64.SFC64",
        "numpy.random._generator.Generator",
        "numpy.random.bit_generator.SeedSequence",
        "numpy.random.mtrand.RandomState",
        "scipy.interpolate._bsplines.BSpline",
        "scipy.sparse._csc.csc_array",
        "scipy.sparse._csc.csc_matrix",
        "scipy.sparse._csr.csr_array",
        "scipy.sparse._csr.csr_matrix",
        "sklearn.calibration._CalibratedClassifier",
        "sklearn.calibration._SigmoidCalibration",
        "sklearn.calibration._TemperatureScaling",
        "sklearn.cluster._birch._CFNode",
        "sklearn.cluster._birch._CFSubcluster",
        "sklearn.cluster._bisect_k_means._BisectingTree",
        "sklearn.compose._column_transformer.make_column_selector",
        "sklearn.ensemble._hist_gradient_boosting.binning._BinMapper",
        "sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor",
        "sklearn.gaussian_process._gpc._BinaryGaussianProcessClassifierLaplace",
        "sklearn.metrics._scorer._CurveScorer",
        "sklearn.metrics._scorer._PassthroughScorer",
        "sklearn.metrics._scorer._Scorer",
        "sklearn.multiclass._ConstantPredictor",
        "sklearn.neighbors._ball_tree.BallTree",
        "sklearn.neighbors._kd_tree.KDTree",
        "sklearn.neural_network._stochastic_optimizers.AdamOptimizer",
        "sklearn.neural_network._stochastic_optimizers.SGDOptimizer",
        "sklearn.utils._bunch.Bunch",
        "sklearn.utils._metadata_requests.MetadataRequest",
        "sklearn.utils._metadata_requests.MethodMetadataRequest",
    }
)
"""Classes, besides the derived ones, of objects that fitted estimators hold."""

_OWN_CLASSES = frozenset(
    {
        *(f"sklearn._loss.{name}" for name in ("loss", "link", "_loss")),
        "sklearn.linear_model._sgd_fast",
        "sklearn.metrics._dist_metrics",
        "sklearn.model_selection._split",
    }
)
"""Modules of scikit-learn whose own classes are losses, links, distances and ways to split."""

_FUNCTIONS_OF = frozenset(
    {f"sklearn.feature_selection._{name}" for name in ("mutual_info", "univariate_selection")}
    | {f"sklearn.metrics._{name}" for name in ("classification", "ranking", "regression")}
    | {f"sklearn.metrics.cluster._{name}" for name in ("supervised", "unsupervised")}
)
"""Modules of scikit-learn whose public functions are scores."""

CHECK_ARRAY = "sklearn.utils.validation.check_array"
"""What gradient boosting calls before its categories are encoded, with arguments by name."""

_KINDS_OF_COLUMNS = frozenset(
    {
        *(f"builtins.{name}" for name in ("bool", "bytes", "complex", "float", "int")),
        *(f"builtins.{name}" for name in ("object", "str")),
        *(
            name
            for kind in ("CategoricalDtype", "DatetimeTZDtype", "PeriodDtype")
            for name in _pandas(kind, "core.dtypes.dtypes")
        ),
        *_pandas("BooleanDtype", "core.arrays.boolean"),
        *_pandas("StringDtype", "core.arrays.string_"),
        "datetime.datetime",
        "datetime.timedelta",
    }
)
"""Types by which an estimator chooses columns; it calls none of them."""

REFERENCES: Mapping[str, frozenset[str]] = {
    "_asarray": frozenset({"scipy._lib.array_api_compat.numpy._aliases.asarray"}),
    "_kmeans_single": frozenset(
        f"sklearn.cluster._kmeans._kmeans_single_{name}" for name in ("elkan", "lloyd")
    ),
    **dict.fromkeys(("dtype", "dtype_include", "dtype_exclude"), _KINDS_OF_COLUMNS),
    "partial": frozenset({CHECK_ARRAY}),
    "pooling_func": frozenset(f"numpy.{name}" for name in ("max", "mean", "median", "min")),
}
"""Functions and classes that an attribute may hold as its value, by the attribute."""

_SCORES = frozenset({"_score_func", "score_func", "scoring"})
"""Attributes that may hold a score, which only fitting calls."""


def spelled(module: str, name: str) -> str:
    """How a name in a module is called here: ``module.Name``, or ``module:Outer.inner``.

    A pickle follows the dots in a name from one object to the next, out of the module and into
    whatever it has imported. With a colon it is in no list, so it has to be trusted by itself.
    """
    return f"{module}{':' if '.' in name else '.'}{name}"


def untrusted(names: Collection[str], also: Collection[str] = ()) -> tuple[str, ...]:
    """Those of some names that no loader should find, sorted.

    Args:
        names: Dotted names of classes and functions.
        also: Names that the person who loads trusts besides.
    """
    return tuple(sorted({name for name in names if name not in also and not _is_trusted(name)}))


def _is_trusted(name: str) -> bool:
    is_value = name in CALLED or name in COMPLETE or name in TUPLES
    return is_value or is_held(name) or _is_number(name) or _is_referenced(name)


def is_held(name: str) -> bool:
    """Whether a name is a class whose instances a fitted estimator may hold."""
    module, _, short = name.rpartition(".")
    if name in _HELD:
        return True
    if module in _OWN_CLASSES:
        value = _find(module, short)
        return isinstance(value, type) and value.__module__ in _OWN_CLASSES
    return module.startswith("sklearn.") and _is_public(module, short)


def _is_public(module: str, name: str) -> bool:
    """Whether a name is an estimator, or a kernel, that scikit-learn's documentation lists."""
    parts = module.split(".")
    private = next((i for i, part in enumerate(parts) if part.startswith("_")), len(parts))
    if name.startswith("_") or not _OTHER_PARTS.isdisjoint(parts):
        return False
    public = ".".join(parts[:private])
    value = _find(public, name) or _find(module, name)
    if not isinstance(value, type) or value.__module__ != module:
        return False
    base = _find(module, "Kernel") if module == _KERNELS else _find("sklearn.base", "BaseEstimator")
    return isinstance(base, type) and issubclass(value, base)


_KERNELS = "sklearn.gaussian_process.kernels"
_OTHER_PARTS = frozenset({"conftest", "datasets", "externals", "inspection", "tests", "utils"})
"""Parts of scikit-learn without estimators that a model is made of."""


def _is_number(name: str) -> bool:
    """Whether a name is one of NumPy's types of numbers or of its ``dtype`` classes."""
    module, _, short = name.rpartition(".")
    if module not in ("numpy", "numpy.dtypes"):
        return False
    value = _find(module, short)
    bases = (_find("numpy", name) for name in ("generic", "dtype"))
    return isinstance(value, type) and any(
        isinstance(base, type) and issubclass(value, base) for base in bases
    )


def _is_referenced(name: str) -> bool:
    return any(name in names for names in REFERENCES.values()) or _is_score(name)


def _is_score(name: str) -> bool:
    module, _, short = name.rpartition(".")
    if module not in _FUNCTIONS_OF or short.startswith("_"):
        return False
    value = _find(module, short)
    return callable(value) and getattr(value, "__module__", None) == module


def may_hold(attribute: str, name: str) -> bool:
    """Whether an attribute may have a function or class as its value.

    Args:
        attribute: The attribute's name.
        name: Dotted name of the function or class.
    """
    if name in REFERENCES.get(attribute, ()) or _is_number(name):
        return True
    if attribute == "cv":
        return name.startswith("sklearn.model_selection._split.") and is_held(name)
    return attribute in _SCORES and _is_score(name)


def is_partly_given(value: object) -> bool:
    """Whether a value is a function that estimators hold with some of its arguments.

    That is scikit-learn's function that checks an array, or one of its scores.
    """
    module, name = getattr(value, "__module__", ""), getattr(value, "__qualname__", "")
    is_score = _is_score(f"{module}.{name}") and value is _find(module, name)
    return is_score or value is _find(*CHECK_ARRAY.rsplit(".", 1))


def _find(module: str, name: str) -> object:
    """The value of a name in a module; None if the name or the module is missing."""
    try:
        return getattr(importlib.import_module(module), name, None)
    except ImportError:
        return None
