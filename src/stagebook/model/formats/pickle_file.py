"""Models in pickles, of which no name is called that the loader does not trust."""

import io
import pickle
import pickletools
import struct
import types as types_of_python
from collections.abc import Callable, Collection, Iterator
from typing import Any, ClassVar

import pandas as pd

from stagebook.model.formats import arguments, calls
from stagebook.model.formats import trusted as lists
from stagebook.model.formats.calls import DistrustedError

_STRINGS = frozenset({"SHORT_BINUNICODE", "BINUNICODE", "BINUNICODE8", "UNICODE"})
_GETS = frozenset({"BINGET", "LONG_BINGET", "GET"})
_PUTS = frozenset({"BINPUT", "LONG_BINPUT", "PUT"})
_REFUSED = frozenset(
    {"BINPERSID", "EXT1", "EXT2", "EXT4", "INST", "NEXT_BUFFER", "OBJ", "PERSID"}
    | {"READONLY_BUFFER"}
)
UNREADABLE = "a name that is computed while the pickle is read"
"""Stands for what only running the pickle would tell."""


def dump(model: Any) -> bytes:
    """A model's file."""
    buffer = io.BytesIO()
    _Pickler(buffer, protocol=5).dump(model)
    return pickletools.optimize(buffer.getvalue())


class _Pickler(pickle.Pickler):
    """A pickler that writes some values in a simpler way, which a loader can check."""

    def reducer_override(self, value: Any) -> Any:
        """How a value is made again; NotImplemented for the usual way."""
        if type(value) in _INDEXES:
            return _index(value)
        if own := _own_methods(value):
            reduced = value.__reduce_ex__(5)
            state = {name: item for name, item in reduced[2].items() if name not in own}
            return (*reduced[:2], state, *reduced[3:])
        return NotImplemented


_INDEXES = (pd.Index, pd.RangeIndex)


def _index(index: Any) -> Any:
    """An index of pandas as a call with plain values: its own way would hold memory of Arrow's."""
    if type(index) is pd.RangeIndex:
        return pd.RangeIndex, (index.start, index.stop, index.step, None, False, index.name)
    if str(index.dtype) not in arguments.KINDS_OF_INDEX:
        return NotImplemented
    return pd.Index, (index.tolist(), str(index.dtype), False, index.name)


def _own_methods(value: Any) -> set[str]:
    """Attributes of an object that are its own methods, which its class gives it anyway.

    Histogram gradient boosting keeps ``_raw_predict`` so when it stops early by a score.
    """
    if not hasattr(type(value), "__sklearn_tags__"):
        return set()
    return {
        name
        for name, method in vars(value).items()
        if isinstance(method, types_of_python.MethodType)
        and method.__self__ is value
        and method.__func__ is getattr(type(value), name, None)
    }


def types(data: bytes) -> tuple[str, ...]:
    """The classes and functions that a pickle names, sorted; it is read and not run."""
    return tuple(sorted(set(_names(data))))


def _names(data: bytes) -> Iterator[str]:
    memo: dict[int, Any] = {}
    last: list[Any] = [None, None]  # the two strings that were put on the stack last
    for operation, argument, _ in pickletools.genops(data):
        name = operation.name
        if name == "MEMOIZE":
            memo[len(memo)] = last[-1]
        elif name in _PUTS:
            memo[int(str(argument))] = last[-1]
        elif name in _STRINGS:
            last = [last[-1], argument]
        elif name in _GETS:
            last = [last[-1], memo.get(int(str(argument)))]
        elif name in ("GLOBAL", "INST"):
            yield lists.spelled(*str(argument).split(" ", 1))
            last = [last[-1], None]
        elif name == "STACK_GLOBAL":
            are_strings = all(isinstance(item, str) for item in last)
            yield lists.spelled(*last) if are_strings else UNREADABLE
            last = [None, None]
        elif name in ("EXT1", "EXT2", "EXT4", "PERSID", "BINPERSID"):
            yield UNREADABLE
        elif name not in ("PROTO", "FRAME", "MARK"):
            last = [last[-1], None]


def load(data: bytes, trusted: Collection[str]) -> Any:
    """The model in a pickle.

    Raises:
        DistrustedError: It calls, or sets, something that is not trusted.
    """
    return _Unpickler(io.BytesIO(data), len(data), frozenset(trusted)).load()


_PythonUnpickler: Any = pickle._Unpickler


class _Unpickler(_PythonUnpickler):  # type: ignore[misc]  # Python's and not C's
    """Python's own unpickler, whose every step can be looked at before it is made.

    Args:
        file: The pickle.
        size: Its bytes.
        also: Names that the person who loads trusts besides.
    """

    dispatch: ClassVar[dict[int, Callable[[Any], None]]] = dict(_PythonUnpickler.dispatch)

    def __init__(self, file: io.BytesIO, size: int, also: frozenset[str]) -> None:
        super().__init__(file)
        self._size = size
        self._also = also
        self._named: dict[int, tuple[str, Any]] = {}

    def find_class(self, module: str, name: str) -> Any:
        """A class or function, if its name is trusted."""
        spelled = lists.spelled(module, name)
        if lists.untrusted([spelled], self._also):
            raise DistrustedError(spelled)
        value = super().find_class(module, name)
        self._named[id(value)] = spelled, value
        return value

    def _name(self, value: Any) -> str:
        """The name by which the pickle has found something; a DistrustedError if it has not."""
        name, same = self._named.get(id(value), ("", None))
        if not name or same is not value:
            raise DistrustedError(type(value).__name__, "is called in a way that hides its name")
        return name

    def load_reduce(self) -> None:
        """Calls a function, if it is one that makes values."""
        called, args = self.stack[-2:]
        if (name := self._name(called)) not in self._also:
            calls.require_call(name, args)
        super().load_reduce()

    def load_newobj(self) -> None:
        """Makes an object of a class without calling its ``__init__``."""
        kind, args = self.stack[-2:]
        self._require_instances(kind, args)
        super().load_newobj()

    def load_newobj_ex(self) -> None:
        """The same with arguments by name."""
        kind, args, named = self.stack[-3:]
        self._require_instances(kind, (args, named) if args or named else ())
        super().load_newobj_ex()

    def _require_instances(self, kind: Any, args: Any) -> None:
        name = self._name(kind)
        plain = lists.is_held(name) and type(args) is tuple and not args
        items = name in lists.TUPLES and type(args) is tuple
        if name not in self._also and not (plain or items):
            raise DistrustedError(name, "is created in an unexpected way")

    def load_build(self) -> None:
        """Gives an object its state: never a class, a function or a module."""
        target, state = self.stack[-2:]
        name = self._name_of(target)
        if calls.is_shared(target):
            raise DistrustedError(getattr(target, "__qualname__", name), "would be changed")
        if name not in self._also:
            calls.require_state(target, state, name)
        super().load_build()

    def load_bytearray8(self) -> None:
        """Bytes that can be changed, as many as there are."""
        (length,) = struct.unpack("<Q", self.read(8))
        data = self.read(length) if length <= self._size else b""
        if len(data) != length:
            raise pickle.UnpicklingError("the pickle is cut off")
        self.append(bytearray(data))

    def load_setitem(self) -> None:
        """Sets an item of a table."""
        self._require_table(self.stack[-3], self.stack[-2:-1])
        super().load_setitem()

    def load_setitems(self) -> None:
        """Sets items of a table, which lies below the mark."""
        self._require_table(self.metastack[-1][-1], self.stack[::2])
        super().load_setitems()

    def _require_table(self, table: Any, keys: Any) -> None:
        if not isinstance(table, dict) and self._name_of(table) not in self._also:
            raise DistrustedError(self._name_of(table), "is not a dictionary")
        self._require_keys(keys)

    def load_dict(self) -> None:
        """Makes a table."""
        self._require_keys(self.stack[::2])
        super().load_dict()

    def load_additems(self) -> None:
        """Adds to a set."""
        self._require_keys(self.stack)
        super().load_additems()

    def load_frozenset(self) -> None:
        """Makes a set that does not change."""
        self._require_keys(self.stack)
        super().load_frozenset()

    def _require_keys(self, keys: Any) -> None:
        if not arguments.are_keys(keys):
            raise DistrustedError("builtins.dict", "has unexpected keys")

    def load_append(self) -> None:
        """Adds to a list."""
        self._require_list(self.stack[-2])
        super().load_append()

    def load_appends(self) -> None:
        """Adds to a list, which lies below the mark."""
        self._require_list(self.metastack[-1][-1])
        super().load_appends()

    def _require_list(self, value: Any) -> None:
        if type(value) is not list and self._name_of(value) not in self._also:
            raise DistrustedError(self._name_of(value), "is not a list")

    @staticmethod
    def _name_of(value: Any) -> str:
        return lists.spelled(type(value).__module__, type(value).__qualname__)

    def _refuse(self) -> None:
        """Stands for steps of old pickles, of persistent ids and of buffers elsewhere."""
        raise DistrustedError("pickle", "has an unexpected step")

    for _operation in pickletools.opcodes:
        _step = locals().get(f"load_{_operation.name.lower()}")
        if _step is not None:
            dispatch[ord(_operation.code)] = _step
        elif _operation.name in _REFUSED:
            dispatch[ord(_operation.code)] = _refuse
    del _operation, _step
