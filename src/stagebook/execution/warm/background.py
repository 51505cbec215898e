"""What an import does besides defining: threads, warnings, output, errors, project code."""

import builtins
import contextlib
import os
import signal
import sys
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from stagebook.execution.warm import late_streams

_LEAN = {"papermill", "nbformat", "jupytext", "nbclient", "nbconvert"}


@dataclass(frozen=True, slots=True)
class Effect:
    """Why an import is left out.

    Attributes:
        words: What it does.
        remains: Whether the process keeps the effect, so that it must be replaced.
    """

    words: str
    remains: bool


def threads() -> int:
    """How many threads this process has, those of native code included."""
    return len(os.listdir("/proc/self/task"))


def effect_of(target: str, root: str, *, quiet: bool, in_kernel: bool) -> Effect | None:
    """Imports a module, and returns why it must be left out, if it must.

    Args:
        target: The import: ``module`` or ``module:name,name``.
        root: The project's root, whose modules must not be imported.
        quiet: Whether it must not print or warn, which a person would see.
        in_kernel: Whether it is imported for kernels, whose shell it may look for.
    """
    size, hooks = _written(), _hooks()
    shown: list[str] = []
    shell: list[str] = []
    try:
        with contextlib.ExitStack() as stack:
            stack.enter_context(_noted_warnings(shown))
            if in_kernel:
                stack.enter_context(_shell(shell))
            if in_kernel and quiet:
                stack.enter_context(late_streams.installed())
            _import(target)
    except BaseException as error:
        return Effect(f"its import fails: {type(error).__name__}: {error}"[:200], remains=False)
    if threads() != 1:
        return Effect("its import starts a thread", remains=True)
    if quiet and shell:
        return Effect("its import depends on the shell of the notebook", remains=True)
    if quiet and shown:
        return Effect(f"its import warns: {shown[0]}"[:200], remains=True)
    if quiet and _hooks() != hooks:
        return Effect("its import replaces a hook of Python or a handler of signals", remains=True)
    if quiet and _written() != size:
        return Effect("its import prints", remains=True)
    if module := project_module(root):
        return Effect(module, remains=True)
    return None


def _import(target: str) -> None:
    from stagebook.notebook.lean import lean_import

    module, _, names = target.partition(":")
    if module.partition(".")[0] in _LEAN:
        lean_import(module)
    __import__(module, {}, {}, names.split(",") if names else [])


@contextlib.contextmanager
def _noted_warnings(shown: list[str]) -> Iterator[None]:
    def note(message: Any, category: type[Warning], *_: Any, **__: Any) -> None:
        shown.append(f"{category.__name__}: {message}")

    original = warnings.showwarning
    warnings.showwarning = note
    try:
        yield
    finally:
        warnings.showwarning = original


class _Shell:
    """Stands for the shell of a kernel, which pandas recognises by its attribute ``kernel``.

    Args:
        asked: The list to add each other attribute to that code asks for.
    """

    def __init__(self, asked: list[str]) -> None:
        self._asked = asked

    @property
    def kernel(self) -> "_Shell":
        """Stands for the kernel."""
        return self

    def __getattr__(self, name: str) -> Any:
        self._asked.append(name)
        raise AttributeError(name)


@contextlib.contextmanager
def _shell(asked: list[str]) -> Iterator[None]:
    """In the block, code that looks for the shell of a kernel finds that there is one.

    What it asks about the shell beyond that is noted: in a kernel it may define something else.
    """

    def initialized(_: Any) -> bool:
        asked.append("initialized")
        return False

    shell = getattr(sys.modules.get("IPython.core.interactiveshell"), "InteractiveShell", None)
    vars(builtins)["get_ipython"] = lambda: _Shell(asked)
    if shell is not None:  # which IPython's own function asks
        shell.initialized = classmethod(initialized)
    try:
        yield
    finally:
        del vars(builtins)["get_ipython"]
        if shell is not None:
            del shell.initialized


def _written() -> int:
    """How many bytes the standard output and error of this process have, which are one file."""
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    return os.fstat(1).st_size


def _hooks() -> list[Any]:
    """What a kernel sets at its start, and an import in it would replace or wrap."""
    handlers = (signal.getsignal(number) for number in sorted(signal.valid_signals()))
    return [sys.excepthook, sys.displayhook, sys.unraisablehook, *handlers]


def project_module(root: str) -> str:
    """In words, that a module of the project is imported; empty if none is."""
    own = os.path.join(str(Path(__file__).parents[2]), "")
    allowed = tuple(
        os.path.join(path, "") for path in (sys.prefix, sys.base_prefix, sys.exec_prefix)
    )
    inside = tuple(os.path.join(path, "") for path in {root, os.path.realpath(root)})
    for name, module in list(sys.modules.items()):
        file = getattr(module, "__file__", None)
        if (
            isinstance(file, str)
            and os.path.isabs(file)
            and file.startswith(inside)
            and not file.startswith((own, *allowed))
        ):
            return f"it imports a module of the project: {name}"
    return ""
