"""The arguments with which a pickle may call each function and class that makes values."""

import datetime
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from stagebook.model.formats import trusted

_SCALARS = (type(None), bool, int, float, complex, str, bytes)
_LONGEST_RANGE = 2**31


def _are_scalars(arguments: tuple[Any, ...]) -> bool:
    return all(isinstance(argument, _SCALARS) for argument in arguments)


def _are_small(arguments: tuple[Any, ...]) -> bool:
    are_integers = all(
        isinstance(argument, int) and abs(argument) <= _LONGEST_RANGE for argument in arguments
    )
    return are_integers and len(arguments) <= 3


def _is_list_of_keys(arguments: tuple[Any, ...]) -> bool:
    return not arguments or (
        len(arguments) == 1 and type(arguments[0]) in (list, tuple) and are_keys(arguments[0])
    )


def are_keys(values: Any) -> bool:
    """Whether values may be keys: of a kind whose hash runs no code and does not go deep."""
    return all(type(value) is str or _is_key(value) for value in values)


def _is_key(value: Any) -> bool:
    if type(value) is tuple:
        return all(isinstance(item, (*_SCALARS, np.generic)) for item in value)
    return isinstance(value, (*_SCALARS, np.generic))


def _is_plain_dtype(value: Any) -> bool:
    return isinstance(value, np.dtype) and not value.hasobject


def _makes_an_array(arguments: tuple[Any, ...]) -> bool:
    return len(arguments) == 3 and arguments[0] is np.ndarray and arguments[1:] == ((0,), b"b")


def _makes_a_masked_array(arguments: tuple[Any, ...]) -> bool:
    kinds = len(arguments) == 4 and arguments[0] is np.ma.MaskedArray
    return kinds and arguments[1] is np.ndarray and arguments[2:] == ((0,), "b")


def _is_a_buffer(arguments: tuple[Any, ...]) -> bool:
    return len(arguments) == 4 and _is_plain_dtype(arguments[1])


def _is_a_number(arguments: tuple[Any, ...]) -> bool:
    plain = len(arguments) == 2 and _is_plain_dtype(arguments[0])
    return plain and isinstance(arguments[1], bytes)


def _is_a_dtype(arguments: tuple[Any, ...]) -> bool:
    # the last one asks for a copy, without which the state would go to NumPy's own object
    return len(arguments) == 3 and isinstance(arguments[0], str) and arguments[1:] == (False, True)


def _is_a_generator(arguments: tuple[Any, ...]) -> bool:
    return all(
        argument is None
        or isinstance(argument, str | np.random.BitGenerator)
        or (isinstance(argument, type) and issubclass(argument, np.random.BitGenerator))
        for argument in arguments
    )


def _is_a_seed(arguments: tuple[Any, ...]) -> bool:
    return len(arguments) == 3 and arguments[0] is np.random.bit_generator.SeedSequence


def _is_a_compiled_class(arguments: tuple[Any, ...]) -> bool:
    kind = arguments[0] if len(arguments) == 1 else None
    return isinstance(kind, type) and kind.__module__ in WITH_NEW_OBJECTS


WITH_NEW_OBJECTS = (
    "sklearn.metrics._dist_metrics",
    "sklearn.neighbors._ball_tree",
    "sklearn.neighbors._kd_tree",
)


def _is_a_tree(arguments: tuple[Any, ...]) -> bool:
    if len(arguments) != 3:
        return False
    features, classes, outputs = arguments
    are_integers = isinstance(features, int) and isinstance(outputs, int) and 0 < outputs <= 10_000
    arrays = isinstance(classes, np.ndarray) and classes.dtype == np.intp
    return are_integers and arrays and classes.shape == (outputs,)


def _is_a_zone(arguments: tuple[Any, ...]) -> bool:
    return len(arguments) == 1 and type(arguments[0]) is datetime.timedelta


def _is_a_timestamp(arguments: tuple[Any, ...]) -> bool:
    if len(arguments) != 4:
        return False
    value, frequency, zone, unit = arguments
    plain = type(value) is int and frequency is None and unit in _UNITS
    return plain and (zone is None or type(zone) is datetime.timezone)


def _is_a_timedelta(arguments: tuple[Any, ...]) -> bool:
    return len(arguments) == 2 and type(arguments[0]) is int and arguments[1] in _UNITS


_UNITS = (7, 8, 9, 10)  # NumPy's numbers of the units from seconds to nanoseconds


def _is_an_index(arguments: tuple[Any, ...]) -> bool:
    if len(arguments) != 4 or type(arguments[0]) is not list:
        return False
    values, kind, copy, name = arguments
    named = kind in KINDS_OF_INDEX and copy is False and isinstance(name, _SCALARS)
    return named and all(type(value) in _SCALARS for value in values)


KINDS_OF_INDEX = ("str", "string", "object", "int64", "float64", "bool")
"""Types of an index of pandas that a pickle may hold, as pandas writes them."""


def _is_a_range(arguments: tuple[Any, ...]) -> bool:
    if len(arguments) != 6 or not all(type(argument) is int for argument in arguments[:3]):
        return False
    return _are_small(arguments[:3]) and arguments[3:5] == (None, False)


def _is_a_loss(arguments: tuple[Any, ...]) -> bool:
    kind = arguments[0] if len(arguments) == 3 else None
    is_loss = isinstance(kind, type) and kind.__module__ == "sklearn._loss._loss"
    return is_loss and type(arguments[1]) is int and arguments[2] in ((), None)


_RULES: Mapping[str, Callable[[tuple[Any, ...]], bool]] = {
    "builtins.frozenset": _is_list_of_keys,
    "builtins.range": _are_small,
    "builtins.set": _is_list_of_keys,
    "collections.OrderedDict": lambda arguments: not arguments,
    "collections.defaultdict": lambda arguments: arguments in ((), (None,)),
    "datetime.timezone": _is_a_zone,
    "functools.partial": lambda arguments: (
        len(arguments) == 1 and trusted.is_partly_given(arguments[0])
    ),
    "numpy.dtype": _is_a_dtype,
    "numpy.ma.core._mareconstruct": _makes_a_masked_array,
    **{
        f"numpy.{core}.{name}": rule
        for core in ("_core", "core")
        for name, rule in (
            ("multiarray._reconstruct", _makes_an_array),
            ("multiarray.scalar", _is_a_number),
            ("numeric._frombuffer", _is_a_buffer),
        )
    },
    "numpy.random._pickle.__bit_generator_ctor": _is_a_generator,
    "numpy.random._pickle.__generator_ctor": _is_a_generator,
    "numpy.random._pickle.__randomstate_ctor": _is_a_generator,
    "numpy.random.bit_generator.__pyx_unpickle_SeedSequence": _is_a_seed,
    "pandas._libs.tslibs.timestamps._unpickle_timestamp": _is_a_timestamp,
    "pandas._libs.tslibs.timedeltas._timedelta_unpickle": _is_a_timedelta,
    **dict.fromkeys(("pandas.Index", "pandas.core.indexes.base.Index"), _is_an_index),
    **dict.fromkeys(("pandas.RangeIndex", "pandas.core.indexes.range.RangeIndex"), _is_a_range),
    "sklearn._loss._loss.__pyx_unpickle_CyHalfMultinomialLoss": _is_a_loss,
    "sklearn.metrics._dist_metrics.newObj": _is_a_compiled_class,
    "sklearn.neighbors._ball_tree.newObj": _is_a_compiled_class,
    "sklearn.neighbors._kd_tree.newObj": _is_a_compiled_class,
    "sklearn.tree._tree.Tree": _is_a_tree,
}


def are_usual(name: str, arguments: tuple[Any, ...]) -> bool:
    """Whether models have calls of a function or class with these arguments.

    Args:
        name: Its dotted name.
        arguments: The arguments.
    """
    return _RULES.get(name, _are_scalars)(arguments)
