"""Records what each module does while it is imported: its own imports, and what they set."""

import builtins
import contextlib
import importlib
import importlib.util
import os
import sys
import warnings
from collections.abc import Callable, Iterator, Sequence
from importlib.machinery import ExtensionFileLoader, ModuleSpec, SourceFileLoader
from types import ModuleType
from typing import Any

from stagebook.execution.warm.hidden import Event, EventKind, Hidden, namespace

_BORROWED = ("gc",)
"""Modules of Python that only the zygote uses before its imports."""


class Recorder:
    """Records the imports of a process, so that its forks can hide them."""

    def __init__(self) -> None:
        self._environment = dict(os.environ)
        self._before = frozenset(sys.modules)
        self._known = set(sys.modules)
        self._events: dict[str, list[Event]] = {}
        self._stack: list[list[Event]] = [[]]
        self._filters: list[Any] = list(warnings.filters)
        self._filters_before = list(self._filters)

    @contextlib.contextmanager
    def recording(self) -> Iterator[None]:
        """In the block, imports are recorded."""
        with contextlib.ExitStack() as stack:
            for owner, name, replacement in (
                (builtins, "__import__", self._watched_import(builtins.__import__)),
                (importlib, "import_module", self._watched_import_module(importlib.import_module)),
                (SourceFileLoader, "exec_module", self._watched_load(SourceFileLoader.exec_module)),
                *(
                    (
                        ExtensionFileLoader,
                        name,
                        self._watched_load(getattr(ExtensionFileLoader, name)),
                    )
                    for name in ("create_module", "exec_module")
                ),
                (os, "putenv", self._watched_variable(EventKind.SET, os.putenv)),
                (os, "unsetenv", self._watched_variable(EventKind.UNSET, os.unsetenv)),
            ):
                stack.enter_context(_replaced(owner, name, replacement))
            yield

    def _watched_import(self, function: Callable[..., Any]) -> Callable[..., Any]:
        def __import__(  # noqa: A001, N807
            name: str,
            globals: Any = None,  # noqa: A002
            locals: Any = None,  # noqa: A002
            fromlist: Sequence[str] | None = (),
            level: int = 0,
        ) -> Any:
            whole = name if not level else _absolute(name, globals or {}, level)
            events = self._stack[-1]
            events.append((EventKind.IMPORT, whole))
            result = function(name, globals, locals, fromlist, level)
            for item in _submodules(whole, fromlist or ()):
                events.append((EventKind.IMPORT, item))
            return result

        return __import__

    def _watched_import_module(self, function: Callable[..., Any]) -> Callable[..., Any]:
        def import_module(name: str, package: str | None = None) -> ModuleType:
            whole = importlib.util.resolve_name(name, package) if name.startswith(".") else name
            self._stack[-1].append((EventKind.IMPORT, whole))
            module: ModuleType = function(name, package)
            return module

        return import_module

    def _watched_load(self, function: Callable[..., Any]) -> Callable[..., Any]:
        def load(loader: Any, target: Any) -> Any:
            spec = target if isinstance(target, ModuleSpec) else target.__spec__
            with self._executing(spec.name):
                return function(loader, target)

        return load

    def _watched_variable(
        self, kind: EventKind, function: Callable[..., Any]
    ) -> Callable[..., Any]:
        def change(name: bytes, *value: bytes) -> None:
            function(name, *value)
            self._stack[-1].append((kind, tuple(map(os.fsdecode, (name, *value)))))

        return change

    @contextlib.contextmanager
    def _executing(self, name: str) -> Iterator[None]:
        self._note_changes()
        self._stack[-1].append((EventKind.IMPORT, name))  # native code imports by other functions
        self._known.add(name)
        self._stack.append(self._events.setdefault(name, []))
        try:
            yield
        finally:
            self._note_changes()
            self._stack.pop()

    def _note_changes(self) -> None:
        """Notes what the module being executed did besides its imports."""
        events = self._stack[-1]
        if warnings.filters != self._filters:
            events.append((EventKind.FILTERS, _in_front(self._filters, list(warnings.filters))))
            self._filters = list(warnings.filters)
        if len(sys.modules) != len(self._known) or sys.modules.keys() != self._known:
            new = [name for name in sys.modules if name not in self._known]
            self._known.update(new)
            events.extend((EventKind.IMPORT, name) for name in new)

    def finish(self) -> Hidden:
        """What was imported, which can be hidden from here on."""
        new = [name for name in sys.modules if name not in self._before]
        names = [*new, *(name for name in _BORROWED if name in sys.modules)]
        modules = {name: sys.modules[name] for name in names}
        return Hidden(modules, self._events, self._filters_before, self._environment)


@contextlib.contextmanager
def _replaced(owner: Any, name: str, replacement: Any) -> Iterator[None]:
    own = name in vars(owner)
    original = getattr(owner, name)
    setattr(owner, name, replacement)
    try:
        yield
    finally:
        if own:
            setattr(owner, name, original)
        else:
            delattr(owner, name)


def _absolute(name: str, namespace: Any, level: int) -> str:
    """The whole name of a relative import."""
    package = namespace.get("__package__") or ""
    if not package:
        package = str(namespace.get("__name__", ""))
        if "__path__" not in namespace:
            package = package.rpartition(".")[0]
    base = package.rsplit(".", level - 1)[0] if level > 1 else package
    return f"{base}.{name}" if name else base


def _submodules(whole: str, names: Sequence[str]) -> list[str]:
    """The submodules among the names of a ``from`` import."""
    module = sys.modules.get(whole)
    listed = getattr(module, "__all__", ()) if "*" in names and module else ()
    found = []
    for name in (*names, *listed):
        submodule = sys.modules.get(f"{whole}.{name}") if isinstance(name, str) else None
        if submodule is not None and namespace(module).get(name) is submodule:
            found.append(f"{whole}.{name}")
    return found


def _in_front(old: list[Any], new: list[Any]) -> list[Any]:
    """The filters that were put in front of the others."""
    for count in range(len(new) + 1):
        front = new[:count]
        if [item for item in old if item not in front] == new[count:]:
            return front
    return new
