"""What a pickle may call, with which arguments, and which state it may set."""

import functools
import types
from typing import Any

import numpy as np

from stagebook.model.formats import fields, trusted
from stagebook.model.formats.arguments import WITH_NEW_OBJECTS, are_usual


class DistrustedError(ValueError):
    """A pickle does something that is not trusted.

    Args:
        name: What it does it with, by its dotted name.
        reason: What is wrong with it, if it is more than the name.
    """

    def __init__(self, name: str, reason: str = "") -> None:
        super().__init__(f"{name} {reason or 'is not trusted'}")
        self.name = name
        self.reason = reason


def require_call(name: str, arguments: Any) -> None:
    """Raises a DistrustedError where a trusted name may not be called, or not with arguments."""
    compiled = name.startswith(_COMPILED) and trusted.is_held(name)
    if not (compiled or name in trusted.CALLED):
        raise DistrustedError(
            name, "is called, but only functions that create values may be called"
        )
    if not isinstance(arguments, tuple) or not are_usual(name, arguments):
        raise DistrustedError(name, "is called with unexpected arguments")


_COMPILED = ("sklearn._loss._loss.", "sklearn.linear_model._sgd_fast.")
"""Losses in compiled code, which are made by calling their class with numbers."""


def require_state(target: Any, state: Any, name: str) -> None:
    """Raises a DistrustedError where an object may not be given a state.

    Args:
        target: The object.
        state: The state.
        name: Dotted name of the object's class.
    """
    if name in trusted.COMPLETE or name in trusted.TUPLES:
        raise DistrustedError(name, "is given a state, but never has one")
    if isinstance(target, np.dtype):
        _require_dtype(target, state)
    elif type(target) in (np.ndarray, np.ma.MaskedArray):
        _require_array(target, state, name)
    elif type(target) is functools.partial:
        _require_partial(state)
    elif type(target).__module__ not in _COMPILED_STATE:
        _require_attributes(target, state, name)


_COMPILED_STATE = (
    *WITH_NEW_OBJECTS,
    "numpy.random._mt19937",
    "numpy.random._pcg64",
    "numpy.random._philox",
    "numpy.random._sfc64",
    "numpy.random.bit_generator",
    "sklearn.tree._tree",
)
"""Modules whose classes check the types in a state themselves; ``native`` checks its values."""


def _require_partial(state: Any) -> None:
    plain = isinstance(state, tuple) and len(state) == 4 and state[1] == () and not state[3]
    if not plain or not trusted.is_partly_given(state[0]) or not isinstance(state[2], dict):
        raise DistrustedError("functools.partial", "has an unexpected function")


def _require_attributes(target: Any, state: Any, name: str) -> None:
    if not isinstance(state, dict):
        raise DistrustedError(name, "has a state that is not a dictionary of attributes")
    for attribute in state:
        # a rule on the value looks at it when all of it is there; this is about the name
        if reason := fields.shadowing(type(target), attribute):
            raise DistrustedError(name, f"with `{attribute!s:.40}` {reason}")


def _require_array(target: Any, state: Any, name: str) -> None:
    """Refuses bytes for an array of objects, which would be addresses, and missing bytes."""
    kinds = isinstance(state, tuple) and len(state) == (5 if type(target) is np.ndarray else 7)
    if not kinds or target.size or not isinstance(state[2], np.dtype):
        raise DistrustedError(name, "has a state that is invalid for an array")
    shape, dtype, data = state[1], state[2], state[4]
    is_shape = isinstance(shape, tuple) and all(isinstance(n, int) and n >= 0 for n in shape)
    size = int(np.prod(shape, dtype=object)) if is_shape else -1
    if dtype.hasobject:
        fits = dtype.kind == "O" and isinstance(data, list) and len(data) == size
    else:
        fits = isinstance(data, bytes | bytearray) and len(data) == size * dtype.itemsize
    if not fits:
        raise DistrustedError(name, "has a state that does not match its type")


def _require_dtype(target: Any, state: Any) -> None:
    """Refuses a type of NumPy's that is not as NumPy itself would make it."""
    try:
        expected = _expected_dtype(target, state)
    except (TypeError, ValueError, KeyError, IndexError) as error:
        raise DistrustedError("numpy.dtype", "has a state that is invalid for a dtype") from error
    size, alignment, flags = state[5:8]
    same = flags == expected.flags and (size < 0 or size == expected.itemsize)
    if not same or (alignment >= 0 and alignment != expected.alignment):
        raise DistrustedError("numpy.dtype", "has a state that is invalid for a dtype")


def _expected_dtype(target: Any, state: Any) -> Any:
    version, order, base, names, parts, size, alignment, flags = state[:8]
    are_integers = all(isinstance(item, int) for item in (version, size, alignment, flags))
    if not are_integers or version not in (3, 4) or order not in ("<", ">", "=", "|"):
        raise ValueError("a state of another version")
    if base is not None:
        return np.dtype((_as_dtype(base[0]), tuple(base[1])))
    if names is not None:
        formats = [_as_dtype(parts[name][0]) for name in names]
        offsets = [int(parts[name][1]) for name in names]
        table: Any = {
            "names": list(names),
            "formats": formats,
            "offsets": offsets,
            "itemsize": size,
        }
        if set(parts) != set(names) or size > _LARGEST_ITEM:
            raise ValueError("other fields")
        return np.dtype(table, align=bool(flags & 0x80))
    if len(state) > 8 and target.kind not in "mM":
        raise ValueError("with metadata")
    return target if size < 0 else np.dtype(f"{target.char}{_letters(target, size)}")


_LARGEST_ITEM = 1_000_000


def _letters(target: Any, size: int) -> int:
    if target.kind not in "SUV" or size > _LARGEST_ITEM:
        raise ValueError("of another size")
    return size // 4 if target.kind == "U" else size


def _as_dtype(value: Any) -> Any:
    if not isinstance(value, np.dtype):
        raise TypeError("not a type")
    return value


def is_shared(value: Any) -> bool:
    """Whether an object does not belong to the model alone: a class, a function or a module."""
    shared = (type, types.ModuleType, types.FunctionType, types.BuiltinFunctionType, np.ufunc)
    return isinstance(value, shared) or type(value).__name__ == "cython_function_or_method"
