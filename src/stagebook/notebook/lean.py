"""Imports nbformat and jupytext without a second of grammar compilation."""

import importlib
import sys
from types import ModuleType


def lean_import(name: str) -> ModuleType:
    """Imports a module that imports nbformat, without a slow dependency.

    nbformat validates with jsonschema, which registers a checker for the format ``iri`` if it
    can import ``rfc3987_syntax``; that import compiles a grammar for over a second. No notebook
    schema uses the format, so the package is kept out of the process while nbformat loads.

    Args:
        name: The module, such as ``nbformat`` or ``papermill``.
    """
    blocked = "rfc3987_syntax"
    if blocked in sys.modules:
        return importlib.import_module(name)
    sys.modules[blocked] = None  # type: ignore[assignment]  # makes the import fail at once
    try:
        return importlib.import_module(name)
    finally:
        del sys.modules[blocked]
