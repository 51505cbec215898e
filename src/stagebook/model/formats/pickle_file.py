"""Models in pickles, of which no name is called that the loader does not trust."""

import io
import pickle
import pickletools
from collections.abc import Collection, Iterator
from typing import Any

from stagebook.model.formats import trusted as lists

_STRINGS = frozenset({"SHORT_BINUNICODE", "BINUNICODE", "BINUNICODE8", "UNICODE"})
_GETS = frozenset({"BINGET", "LONG_BINGET", "GET"})
_PUTS = frozenset({"BINPUT", "LONG_BINPUT", "PUT"})
UNREADABLE = "a name that is put together while the pickle is read"
"""Stands for what only running the pickle would tell."""


class DistrustedError(pickle.UnpicklingError):
    """A pickle calls something that is not trusted.

    Args:
        name: Its dotted name.
    """

    def __init__(self, name: str) -> None:
        super().__init__(f"{name} is not trusted")
        self.name = name


def dump(model: Any) -> bytes:
    """A model's file."""
    return pickletools.optimize(pickle.dumps(model, protocol=5))


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
            known = all(isinstance(one, str) for one in last)
            yield lists.spelled(*last) if known else UNREADABLE
            last = [None, None]
        elif name in ("EXT1", "EXT2", "EXT4", "PERSID", "BINPERSID"):
            yield UNREADABLE
        elif name not in ("PROTO", "FRAME", "MARK"):
            last = [last[-1], None]


def load(data: bytes, trusted: Collection[str]) -> Any:
    """The model in a pickle.

    Raises:
        DistrustedError: It calls something that is not trusted.
    """
    return _Unpickler(io.BytesIO(data), frozenset(trusted)).load()


class _Unpickler(pickle.Unpickler):
    """Finds only what is trusted."""

    def __init__(self, file: io.BytesIO, also: frozenset[str]) -> None:
        super().__init__(file)
        self._also = also

    def find_class(self, module: str, name: str) -> Any:
        if lists.untrusted([lists.spelled(module, name)], self._also):
            raise DistrustedError(lists.spelled(module, name))
        return super().find_class(module, name)
