"""Decides whether every part of an opened model is allowed, in any format."""

import datetime
import decimal
import fractions
import types
from collections import OrderedDict, defaultdict
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from stagebook.model.formats import fields, native, trusted
from stagebook.project.errors import Problem, Where

_PLAIN: frozenset[type] = frozenset(
    {
        *(type(None), bool, int, float, complex, str, bytes, slice, range),
        *(datetime.date, datetime.datetime, datetime.timedelta),
        *(decimal.Decimal, fractions.Fraction),
    }
)
_LISTS: tuple[type, ...] = (list, tuple, set, frozenset)
_TABLES: tuple[type, ...] = (dict, OrderedDict, defaultdict)
_REFERENCES = (
    *(type, types.FunctionType, types.BuiltinFunctionType, types.MethodType, np.ufunc),
    *(types.ModuleType, types.MethodWrapperType, types.WrapperDescriptorType, type(np.mean)),
)
_MADE_HERE = frozenset({"scipy.interpolate._interpolate.interp1d"})
"""Classes that no file may name: scikit-learn makes their objects when it sets a state."""
_SHOWN = 20


@dataclass(frozen=True, slots=True)
class _Place:
    """A value in a model.

    Attributes:
        value: The value.
        path: How Python reaches it.
        attribute: The attribute that holds it, or holds what it is in.
    """

    value: Any
    path: str
    attribute: str


@dataclass(slots=True)
class _Review:
    """A walk over everything that a model holds, each object once.

    Attributes:
        file: The model's file, for messages.
        also: Names that the person who loads trusts besides.
        seen: Ids of the objects that were visited; ``visited`` keeps them alive.
    """

    file: str
    also: frozenset[str]
    seen: set[int] = field(default_factory=set)
    visited: list[Any] = field(default_factory=list)

    def problems(self, model: Any) -> Iterator[Problem]:
        places = [_Place(model, "model", "")]
        while places:
            place = places.pop()
            if type(place.value) not in _PLAIN and id(place.value) not in self.seen:
                self.seen.add(id(place.value))
                self.visited.append(place.value)
                yield from self._of(place, places)

    def _of(self, place: _Place, places: list[_Place]) -> Iterator[Problem]:
        value, kind = place.value, type(place.value)
        if isinstance(value, np.generic | np.dtype):
            if isinstance(value, np.void) and value.dtype.hasobject:
                yield self._unknown(place, "numpy.void")
        elif kind in _LISTS:
            places += _items(place, value)
        elif kind in _TABLES:
            yield from self._table(place, places)
        elif kind in (np.ndarray, np.ma.MaskedArray):
            yield from self._array(place, places)
        elif isinstance(value, _REFERENCES):
            name = _name(value)
            if name not in self.also and not trusted.may_hold(place.attribute, name):
                yield self._field(place.path, f"is {name}, which a model must not call")
        else:
            yield from self._object(place, places)

    def _table(self, place: _Place, places: list[_Place]) -> Iterator[Problem]:
        value = place.value
        if isinstance(value, defaultdict) and value.default_factory is not None:
            yield self._field(place.path, "has a default factory")
        places += _items(place, value)
        for key, item in value.items():
            if type(item) not in _PLAIN:
                places.append(_Place(item, f"{place.path}[{key!r:.40}]", place.attribute))

    def _array(self, place: _Place, places: list[_Place]) -> Iterator[Problem]:
        value = place.value
        if isinstance(value, np.ma.MaskedArray):
            value = value.data
        if value.dtype == object:
            places += _items(place, value.ravel())
        elif value.dtype.hasobject:
            yield self._field(place.path, "has objects among its fields")

    def _object(self, place: _Place, places: list[_Place]) -> Iterator[Problem]:
        kind = type(place.value)
        name = _name(kind)
        own = name in self.also
        if name in _MADE_HERE or name in trusted.COMPLETE:
            return
        if name in trusted.TUPLES:
            places += _items(place, place.value)
            return
        if not own and not trusted.is_held(name) and name not in trusted.CALLED:
            yield self._unknown(place, name)
            return
        state = _state(place.value)
        for attribute, value in state.items():
            path = f"{place.path}.{attribute}"
            chosen = isinstance(value, _REFERENCES) and _name(value) in self.also
            reason = fields.refusal(kind, attribute, None if chosen else value)
            if reason and not own:
                yield self._field(path, reason)
            else:
                places.append(_Place(value, path, str(attribute)))
        if name in native.CHECKS:
            yield from self._native(place, name)

    def _native(self, place: _Place, name: str) -> Iterator[Problem]:
        try:
            native.CHECKS[name](place.value)
        except Exception as error:  # whatever inconsistent state raises is a reason against it
            yield self._field(place.path, f"is damaged: {error}")

    def _unknown(self, place: _Place, name: str) -> Problem:
        message = f"`{place.path}` is a {name}, which this loader does not trust."
        hint = f'If you know that this type is harmless: stagebook.load(..., trusted=["{name}"]).'
        return Problem("unknown-type", message, hint, Where(self.file))

    def _field(self, path: str, reason: str) -> Problem:
        message = f"`{path}` {reason}."
        return Problem("dangerous-state", message, _HINT, Where(self.file))


_HINT = (
    "Remove this value before packaging: a loader would open, call or read what it names. "
    "If it is a function that you know is harmless: stagebook.load(..., trusted=[…])."
)


def _items(place: _Place, values: Iterable[Any]) -> Iterator[_Place]:
    """The places of values in a list, or of keys, but for plain ones, of which there are many."""
    path = f"{place.path}[…]"
    return (_Place(value, path, place.attribute) for value in values if type(value) not in _PLAIN)


def _name(kind: Any) -> str:
    module = getattr(kind, "__module__", None) or "builtins"
    if isinstance(kind, np.ufunc):
        module = "numpy"
    if isinstance(kind, types.MethodType | types.BuiltinFunctionType) and not isinstance(
        kind.__self__, types.ModuleType | type(None)
    ):
        return f"{_name(type(kind.__self__))}:{kind.__name__}"
    if isinstance(kind, types.ModuleType):
        return f"module:{kind.__name__}"
    name = str(getattr(kind, "__qualname__", None) or getattr(kind, "__name__", "?"))
    return _PUBLIC.get(f"{module}.{name}", trusted.spelled(module, name))


_PUBLIC = {"numpy.ma.core.MaskedArray": "numpy.ma.MaskedArray"}
"""Names under which classes are pickled, where those are not the ones that they give."""


def _state(value: Any) -> dict[Any, Any]:
    """The attributes of an object; of compiled ones, what their state is made of."""
    state = dict(getattr(value, "__dict__", None) or {})
    if isinstance(value, dict):
        state |= {f"[{key!r:.40}]": item for key, item in value.items()}
    return state


def problems(model: Any, file: str, also: Collection[str]) -> tuple[Problem, ...]:
    """A problem for each part of a model that may not be there, or not with its value.

    Args:
        model: The model, opened and not yet used.
        file: Its file, for messages.
        also: Names that the person who loads trusts besides.
    """
    first_problems = []
    for problem in _Review(file, frozenset(also)).problems(model):
        first_problems.append(problem)
        if len(first_problems) == _SHOWN:
            break
    return tuple(first_problems)
