"""What a model's file may make when it is opened: the loader's own list, never the package's."""

import importlib
from collections.abc import Collection

FUNCTIONS = frozenset(
    {
        "_codecs.encode",
        "copyreg._reconstructor",
        "functools.partial",
        "numpy._core.multiarray._reconstruct",
        "numpy._core.multiarray.scalar",
        "numpy._core.numeric._frombuffer",
        "numpy.core.multiarray._reconstruct",
        "numpy.core.multiarray.scalar",
        "numpy.core.numeric._frombuffer",
        "numpy.random._pickle.__bit_generator_ctor",
        "numpy.random._pickle.__generator_ctor",
        "numpy.random._pickle.__randomstate_ctor",
        "numpy.random.bit_generator.__pyx_unpickle_SeedSequence",
        "sklearn.utils.validation.check_array",
    }
)
"""Functions that only make values of what they are given."""

CLASSES = frozenset(
    {
        *(f"builtins.{name}" for name in ("bytearray", "complex", "frozenset", "object")),
        *(f"builtins.{name}" for name in ("range", "set", "slice")),
        "collections.OrderedDict",
        "collections.defaultdict",
        "datetime.date",
        "datetime.datetime",
        "datetime.timedelta",
        "decimal.Decimal",
        "fractions.Fraction",
        "numpy.dtype",
        "numpy.ndarray",
        "numpy.random._mt19937.MT19937",
        "numpy.random._pcg64.PCG64",
        "numpy.random.bit_generator.SeedSequence",
        "numpy.random.mtrand.RandomState",
        "sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor",
        "sklearn.tree._tree.Tree",
        "sklearn.utils._bunch.Bunch",
    }
)
"""Classes whose instances do nothing when they are made."""

_LOSSES = frozenset(f"sklearn._loss.{name}" for name in ("loss", "link", "_loss"))
"""Modules of scikit-learn whose own classes are loss functions and their links."""


def spelled(module: str, name: str) -> str:
    """How a name in a module is called here: ``module.Name``, or ``module:Outer.inner``.

    A pickle follows the dots in a name from one object to the next, out of the module and into
    whatever it has imported. With a colon it is in no list, so it has to be trusted by itself.
    """
    return f"{module}{':' if '.' in name else '.'}{name}"


def untrusted(names: Collection[str], also: Collection[str] = ()) -> tuple[str, ...]:
    """Those of some names that no loader should make, sorted.

    Args:
        names: Dotted names of classes and functions.
        also: Names that the person who loads trusts besides.
    """
    return tuple(sorted({name for name in names if name not in also and not _is_trusted(name)}))


def _is_trusted(name: str) -> bool:
    if name in FUNCTIONS or name in CLASSES:
        return True
    module, _, short = name.rpartition(".")
    if module in _LOSSES:
        return _is_loss(module, short)
    if module == "numpy" or module.startswith("numpy.dtypes"):
        return _is_class(module, short, "numpy", ("generic", "dtype"))
    if module.startswith("sklearn."):
        return _is_class(module, short, "sklearn.base", ("BaseEstimator",))
    return False


def _is_loss(module: str, name: str) -> bool:
    """Whether a name is a class of the losses, or Cython's function that makes one again."""
    if name.startswith("__pyx_unpickle_"):
        return True
    found = getattr(importlib.import_module(module), name, None)
    return isinstance(found, type) and found.__module__ in _LOSSES


def _is_class(module: str, name: str, home: str, bases: tuple[str, ...]) -> bool:
    """Whether a name of a library that is trusted as such is a class below one of some bases."""
    try:
        found = getattr(importlib.import_module(module), name)
        classes = tuple(getattr(importlib.import_module(home), base) for base in bases)
    except (ImportError, AttributeError):
        return False
    return isinstance(found, type) and issubclass(found, classes)
