"""Modules that a zygote has imported: hidden in its forks until these import them.

While a zygote imports, each module's own imports are recorded, with the variables and warning
filters that it sets. A fork takes all modules out of ``sys.modules``. When it imports one of them,
that module comes back with all that a first import of it brings, and nothing else.
"""

import builtins
import contextlib
import importlib
import os
import sys
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from importlib.machinery import ExtensionFileLoader, ModuleSpec, SourceFileLoader
from types import ModuleType
from typing import Any

_IMPORT, _SET, _UNSET, _FILTERS, _BY_HAND = "import", "set", "unset", "filters", "by hand"
_BORROWED = ("gc",)
"""Modules of Python that only the zygote uses before its imports."""

_OWN = ("stagebook.notebook.environment_scan",)
_PACKAGE, _SHARED = "stagebook.execution.warm.", "stagebook.execution.warm.pools"

_Event = tuple[str, Any]


@dataclass(slots=True)
class _Load:
    """What happened while a module was executed, in order."""

    name: str
    events: list[_Event] = field(default_factory=list)


class Recorder:
    """Records imports, and hides and reveals what was imported."""

    def __init__(self) -> None:
        self.environment = dict(os.environ)
        self._before = frozenset(sys.modules)
        self._known = set(sys.modules)
        self._loads: dict[str, _Load] = {}
        self._stack: list[_Load] = [_Load("")]
        self._filters: list[Any] = list(warnings.filters)
        self._filters_before = list(warnings.filters)
        self._modules: dict[str, ModuleType | None] = {}

    @property
    def imported(self) -> Iterable[ModuleType]:
        """The modules that were imported."""
        known = self._modules or {name: sys.modules.get(name) for name in self._known_new()}
        return [module for module in known.values() if module is not None]

    def module(self, name: str) -> ModuleType | None:
        """A module that was imported, hidden or not."""
        return self._modules.get(name) or sys.modules.get(name)

    def _known_new(self) -> list[str]:
        return [name for name in sys.modules if name not in self._before]

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
                (os, "putenv", self._watched_variable(_SET, os.putenv)),
                (os, "unsetenv", self._watched_variable(_UNSET, os.unsetenv)),
            ):
                stack.enter_context(_replaced(owner, name, replacement))
            yield

    def _watched_import(self, function: Callable[..., Any]) -> Callable[..., Any]:
        def __import__(  # noqa: N807
            name: str,
            globals: Any = None,  # noqa: A002
            locals: Any = None,  # noqa: A002
            fromlist: Sequence[str] | None = (),
            level: int = 0,
        ) -> Any:
            whole = name if not level else _absolute(name, globals or {}, level)
            events = self._stack[-1].events
            events.append((_IMPORT, whole))
            result = function(name, globals, locals, fromlist, level)
            for item in _submodules(whole, fromlist or ()):
                events.append((_IMPORT, item))
            return result

        return __import__

    def _watched_import_module(self, function: Callable[..., Any]) -> Callable[..., Any]:
        def import_module(name: str, package: str | None = None) -> ModuleType:
            whole = importlib.util.resolve_name(name, package) if name.startswith(".") else name
            self._stack[-1].events.append((_IMPORT, whole))
            module: ModuleType = function(name, package)
            return module

        return import_module

    def _watched_load(self, function: Callable[..., Any]) -> Callable[..., Any]:
        def load(loader: Any, target: Any) -> Any:
            spec = target if isinstance(target, ModuleSpec) else target.__spec__
            with self._executing(spec.name):
                return function(loader, target)

        return load

    def _watched_variable(self, kind: str, function: Callable[..., Any]) -> Callable[..., Any]:
        def change(name: bytes, *value: bytes) -> None:
            function(name, *value)
            self._stack[-1].events.append((kind, tuple(map(os.fsdecode, (name, *value)))))

        return change

    @contextlib.contextmanager
    def _executing(self, name: str) -> Iterator[None]:
        self._note_changes()
        self._stack[-1].events.append((_IMPORT, name))  # native code imports by other functions
        load = self._loads.setdefault(name, _Load(name))
        self._known.add(name)
        self._stack.append(load)
        try:
            yield
        finally:
            self._note_changes()
            self._stack.pop()

    def _note_changes(self) -> None:
        """Notes what the module being executed did besides its imports."""
        events = self._stack[-1].events
        if warnings.filters != self._filters:
            events.append((_FILTERS, _in_front(self._filters, list(warnings.filters))))
            self._filters = list(warnings.filters)
        if len(sys.modules) != len(self._known) or sys.modules.keys() != self._known:
            new = [name for name in sys.modules if name not in self._known]
            self._known.update(new)
            events.extend((_BY_HAND, name) for name in new)

    def finish(self) -> None:
        """Ends the recording: from here on, the modules can be hidden."""
        names = (*self._known_new(), *_BORROWED)
        self._modules = {name: sys.modules[name] for name in names if name in sys.modules}

    def hide(self) -> None:
        """Takes all imported modules out of this process's sight, with the filters they set."""
        for name in [name for name in sys.modules if name in _OWN or _is_of_zygote(name)]:
            del sys.modules[name]
        for name, module in self._modules.items():
            sys.modules.pop(name, None)
            above, _, last = name.rpartition(".")
            parent = self._modules.get(above) or sys.modules.get(above)
            if parent is not None and module is not None and _namespace(parent).get(last) is module:
                delattr(parent, last)
        warnings.filters[:] = self._filters_before  # type: ignore[index]
        _forget_matches()
        sys.meta_path.insert(0, Revealer(self))

    def hides(self, name: str) -> bool:
        """Whether a module is hidden."""
        return self._modules.get(name) is not None

    def spec(self, name: str) -> Any:
        """The spec that a hidden module was imported by."""
        return getattr(self._modules[name], "__spec__", None)

    def reveal(self, name: str) -> None:
        """Brings a hidden module back, with all that a first import of it brings."""
        # as Python does it: first the package, then what the module imports, then the module
        above, _, last = name.rpartition(".")
        if above:
            self.reveal(above)
        load = self._loads.pop(name, None)
        for kind, value in load.events if load else ():
            self._repeat(kind, value)
        if name not in self._modules:
            return
        module = self._modules.pop(name)
        sys.modules[name] = module  # type: ignore[assignment]
        parent = sys.modules.get(above)
        if module is not None and parent is not None and last not in _namespace(parent):
            setattr(parent, last, module)

    def _repeat(self, kind: str, value: Any) -> None:
        if kind in (_IMPORT, _BY_HAND):
            self.reveal(value)
        elif kind == _SET:
            os.environ[value[0]] = value[1]
        elif kind == _UNSET:
            os.environ.pop(value[0], None)
        elif kind == _FILTERS:
            for item in reversed(value):
                with contextlib.suppress(ValueError):
                    warnings.filters.remove(item)  # type: ignore[attr-defined]
                warnings.filters.insert(0, item)  # type: ignore[attr-defined]
            _forget_matches()


class Revealer:
    """Finds hidden modules; stands first in ``sys.meta_path``.

    Args:
        recorder: What hides them.
    """

    def __init__(self, recorder: Recorder) -> None:
        self._recorder = recorder

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> ModuleSpec | None:
        """The spec of a hidden module, as its own but for the loader; None for any other."""
        if not self._recorder.hides(name):
            return None
        original = self._recorder.spec(name)
        spec = ModuleSpec(name, _Loader(self._recorder, original))
        if original is not None:
            spec.origin, spec.cached = original.origin, original.cached
            spec.submodule_search_locations = original.submodule_search_locations
            spec.has_location = original.has_location
        return spec


class _Loader:
    """Loads one hidden module."""

    def __init__(self, recorder: Recorder, original: Any) -> None:
        self._recorder, self._original = recorder, original

    def create_module(self, spec: ModuleSpec) -> None:
        """Leaves it to Python to make a module, which the hidden one then replaces.

        If it were the hidden module, Python would set and look up attributes of it.
        """

    def exec_module(self, module: ModuleType) -> None:
        """Puts the hidden module into ``sys.modules``, from where Python takes it."""
        self._recorder.reveal(module.__name__)

    def __getattr__(self, name: str) -> Any:
        """What callers of ``find_spec`` ask a loader for, such as the module's code."""
        return getattr(self._original.loader, name)


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


def _namespace(module: Any) -> dict[str, Any]:
    """A module's own names; a look-up of an attribute could import."""
    return getattr(module, "__dict__", {})


def _absolute(name: str, namespace: Any, level: int) -> str:
    """The whole name of a relative import."""
    package = namespace.get("__package__") or ""
    if not package:
        package = str(namespace.get("__name__", ""))
        if "__path__" not in namespace:
            package = package.rpartition(".")[0]
    base = package.rsplit(".", level - 1)[0] if level > 1 else package
    return f"{base}.{name}" if name else base


def _is_of_zygote(name: str) -> bool:
    """Whether a module is one that only a zygote has."""
    return name.startswith(_PACKAGE) and name != _SHARED


def _submodules(whole: str, names: Sequence[str]) -> list[str]:
    """The submodules among the names of a ``from`` import."""
    module = sys.modules.get(whole)
    listed = getattr(module, "__all__", ()) if "*" in names and module else ()
    found = []
    for name in (*names, *listed):
        submodule = sys.modules.get(f"{whole}.{name}") if isinstance(name, str) else None
        if submodule is not None and _namespace(module).get(name) is submodule:
            found.append(f"{whole}.{name}")
    return found


def _in_front(old: list[Any], new: list[Any]) -> list[Any]:
    """The filters that were put in front of the others."""
    for count in range(len(new) + 1):
        front = new[:count]
        if [item for item in old if item not in front] == new[count:]:
            return front
    return new


def _forget_matches() -> None:
    """Lets Python look at changed warning filters again."""
    with warnings.catch_warnings():
        pass
