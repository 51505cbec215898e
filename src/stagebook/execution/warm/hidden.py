"""Modules that a zygote has imported: hidden in its forks until these import them.

A fork takes all modules out of ``sys.modules``. When it imports one of them, that module comes back
with all that a first import of it brings, and with nothing else.
"""

import _thread
import contextlib
import os
import sys
import warnings
from collections.abc import Mapping
from enum import Enum
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

_OWN = ("stagebook.notebook.environment_scan",)
_PACKAGE, _SHARED = "stagebook.execution.warm.", "stagebook.execution.warm.pools"
"""Modules that only the zygote uses, and that a new process would not have."""


class EventKind(Enum):
    """What a module did while it was imported."""

    IMPORT = "import"
    SET = "set a variable"
    UNSET = "unset a variable"
    FILTERS = "put warning filters in front of the others"


Event = tuple[EventKind, Any]


class Hidden:
    """What a zygote has imported.

    Args:
        modules: The modules by name.
        events: What each of them did while it was imported, in order.
        filters: The warning filters as they were before.
        environment: The environment as it was before.
    """

    def __init__(
        self,
        modules: Mapping[str, ModuleType | None],
        events: Mapping[str, list[Event]],
        filters: list[Any],
        environment: Mapping[str, str],
    ) -> None:
        self.environment = environment
        self._modules, self._events = dict(modules), dict(events)
        self._filters = filters
        self._lock = _thread.RLock()

    def module(self, name: str) -> ModuleType | None:
        """A module that was imported, whether it is hidden or not."""
        return self._modules.get(name) or sys.modules.get(name)

    def hide(self) -> None:
        """Takes all imported modules out of this process's sight, with the filters they set."""
        for name in [name for name in sys.modules if name in _OWN or _is_of_zygote(name)]:
            del sys.modules[name]
        for name, module in self._modules.items():
            sys.modules.pop(name, None)
            above, _, last = name.rpartition(".")
            parent = self._modules.get(above) or sys.modules.get(above)
            if parent is not None and module is not None and namespace(parent).get(last) is module:
                delattr(parent, last)
        warnings.filters[:] = self._filters  # type: ignore[index]
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
        with self._lock:  # another thread may import at the same time
            self._reveal(name)

    def _reveal(self, name: str) -> None:
        """As Python does it: first the package, then what the module imports, then the module."""
        above, _, last = name.rpartition(".")
        if above:
            self._reveal(above)
        for kind, value in self._events.pop(name, ()):
            self._repeat(kind, value)
        if name not in self._modules:
            return
        module = self._modules.pop(name)
        sys.modules[name] = module  # type: ignore[assignment]
        parent = sys.modules.get(above)
        if module is not None and parent is not None and last not in namespace(parent):
            setattr(parent, last, module)

    def _repeat(self, kind: EventKind, value: Any) -> None:
        if kind is EventKind.IMPORT:
            self._reveal(value)
        elif kind is EventKind.SET:
            os.environ[value[0]] = value[1]
        elif kind is EventKind.UNSET:
            os.environ.pop(value[0], None)
        elif kind is EventKind.FILTERS:
            for item in reversed(value):
                with contextlib.suppress(ValueError):
                    warnings.filters.remove(item)  # type: ignore[attr-defined]
                warnings.filters.insert(0, item)  # type: ignore[attr-defined]
            _forget_matches()


class Revealer:
    """Finds hidden modules; stands first in ``sys.meta_path``.

    Args:
        hidden: The modules.
    """

    def __init__(self, hidden: Hidden) -> None:
        self._hidden = hidden

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> ModuleSpec | None:
        """The spec of a hidden module, as its own but for the loader; None for any other."""
        if not self._hidden.hides(name):
            return None
        original = self._hidden.spec(name)
        spec = ModuleSpec(name, _Loader(self._hidden, original))  # type: ignore[arg-type]
        if original is not None:
            spec.origin, spec.cached = original.origin, original.cached
            spec.submodule_search_locations = original.submodule_search_locations
            spec.has_location = original.has_location
        return spec


class _Loader:
    """Loads one hidden module."""

    def __init__(self, hidden: Hidden, original: Any) -> None:
        self._hidden, self._original = hidden, original

    def create_module(self, spec: ModuleSpec) -> None:
        """Leaves it to Python to make a module, which the hidden one then replaces.

        If it were the hidden module, Python would set and look up attributes of it.
        """

    def exec_module(self, module: ModuleType) -> None:
        """Puts the hidden module into ``sys.modules``, from where Python takes it."""
        self._hidden.reveal(module.__name__)

    def __getattr__(self, name: str) -> Any:
        """What callers of ``find_spec`` ask a loader for, such as the module's code."""
        return getattr(self._original.loader, name)


def namespace(module: Any) -> dict[str, Any]:
    """A module's own names; a look-up of an attribute could import."""
    return getattr(module, "__dict__", {})


def _is_of_zygote(name: str) -> bool:
    """Whether a module is one that only a zygote has."""
    return name.startswith(_PACKAGE) and name != _SHARED


def _forget_matches() -> None:
    """Lets Python look at changed warning filters again."""
    with warnings.catch_warnings():
        pass
