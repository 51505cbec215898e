"""Generators of random numbers, and the system's entropy, in a kernel that is observed."""

import hashlib
import os
import random
import sys
import uuid
from collections.abc import Callable
from importlib.machinery import ModuleSpec
from typing import Any

from stagebook.execution.probe.conditions import Influence
from stagebook.execution.probe.observer import Observer

_NUMPY = "numpy.random.mtrand"
_KIND = Influence.GENERATOR


class Generators:
    """The global generators, and the sources of new seeds.

    Args:
        observer: The observer of the kernel.
    """

    def __init__(self, observer: Observer) -> None:
        self._observer = observer
        self._bytes = 0
        self._seeded: set[str] = set()
        self._states: dict[str, bytes] = {}
        self._urandom = os.urandom
        self._seed = random.Random.seed
        self._global: Any = random.seed.__self__  # type: ignore[attr-defined]
        self._numpy: dict[str, Callable[..., Any]] = {}

    def install(self) -> None:
        """From here on, seeds that nobody gave are noted, and fixed where that is asked for."""
        os.urandom = random._urandom = self._entropy  # type: ignore[attr-defined]
        random.Random.seed = self._python_seed()  # type: ignore[method-assign]
        random.seed = self._global.seed
        random.setstate = self._marking("random", random.setstate)
        uuid.uuid1 = self._uuid1(uuid.uuid1)
        sys.meta_path.insert(0, _AfterImport(self._numpy_imported))
        self._observer.before.append(self._begin)
        self._observer.after.append(self._end)

    def _stream(self, size: int) -> bytes:
        """The next fixed bytes of this cell; no two calls return the same."""
        self._bytes += 1
        cell = self._observer.cell or 0
        return hashlib.shake_128(f"{cell}/{self._bytes}".encode()).digest(size)

    def _entropy(self, size: int, /) -> bytes:
        if (asker := self._observer.asker()) is None:
            return self._urandom(size)
        self._observer.note(_KIND, "a seed from the system", asker.line)
        return self._stream(size) if self._observer.fixes(_KIND) else self._urandom(size)

    def _python_seed(self) -> Callable[..., None]:
        def seed(generator: random.Random, a: Any = None, version: int = 2) -> None:
            is_global = generator is self._global
            if is_global:
                self._mark("random", given=a is not None)
            if a is None and (asker := self._observer.asker()) is not None:
                self._observer.note(_KIND, "random.Random()", asker.line)
                if self._observer.fixes(_KIND):
                    a = self._stream(16)
            self._seed(generator, a, version)

        return seed

    def _uuid1(self, real: Callable[..., uuid.UUID]) -> Callable[..., uuid.UUID]:
        def uuid1(*args: Any, **kwargs: Any) -> uuid.UUID:
            if (asker := self._observer.asker()) is not None:
                self._observer.note(Influence.CLOCK, "uuid.uuid1()", asker.line)
                if self._observer.fixes(Influence.CLOCK):
                    return uuid.UUID(bytes=self._stream(16), version=1)
            return real(*args, **kwargs)

        return uuid1

    def _mark(self, name: str, *, given: bool) -> None:
        (self._seeded.add if given else self._seeded.discard)(name)

    def _marking(self, name: str, real: Callable[..., Any]) -> Callable[..., Any]:
        """A function that gives a global generator its state, noted as such."""

        def marking(*args: Any, **kwargs: Any) -> Any:
            given = [*args, *kwargs.values()]
            self._mark(name, given=bool(given) and given[0] is not None)
            return real(*args, **kwargs)

        return marking

    def _numpy_imported(self, module: Any) -> None:
        self._numpy = {name: getattr(module, name) for name in ("seed", "get_state")}
        for function in ("seed", "set_state"):
            setattr(module, function, self._marking("numpy", getattr(module, function)))
        self._begin_one("numpy")

    def _begin(self) -> None:
        self._bytes = 0
        for name in ("random", "numpy"):
            self._begin_one(name)

    def _begin_one(self, name: str) -> None:
        """Gives a global generator that nobody seeded the state of this cell."""
        if name == "numpy" and not self._numpy:
            return
        cell = self._observer.cell or 0
        if name not in self._seeded:
            if self._observer.fixes(_KIND):
                self._reseed(name, cell)
            elif self._observer.exempts(_KIND):
                self._reseed(name, int.from_bytes(self._urandom(4), "big"))
        self._states[name] = self._state(name)

    def _reseed(self, name: str, seed: int) -> None:
        if name == "random":
            self._seed(self._global, seed)
        else:
            self._numpy["seed"](seed)

    def _state(self, name: str) -> bytes:
        if name == "random":
            return repr(random.getstate()).encode()
        state = self._numpy["get_state"](legacy=False)
        return repr(state["state"]["key"].tobytes()).encode() + repr(state).encode()

    def _end(self) -> None:
        """Notes a global generator that a cell drew from and nobody seeded."""
        words = {"random": "random without a seed", "numpy": "numpy.random without a seed"}
        for name, before in self._states.items():
            if name not in self._seeded and self._state(name) != before:
                self._observer.note(_KIND, words[name])


class _AfterImport:
    """Calls a function with NumPy's generators once their module is imported."""

    def __init__(self, call: Callable[[Any], None]) -> None:
        self._call = call

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> ModuleSpec | None:
        """The module's usual spec, whose loader calls the function."""
        if name != _NUMPY:
            return None
        sys.meta_path.remove(self)
        import importlib.util

        spec = importlib.util.find_spec(name)
        if spec is not None and spec.loader is not None:
            loader: Any = spec.loader
            execute = loader.exec_module

            def exec_module(module: Any) -> None:
                execute(module)
                self._call(module)

            loader.exec_module = exec_module
        return spec
