"""Imports nbformat and jupytext without what they do not need."""

import importlib
import sys
from types import ModuleType

_SLOW = ("rfc3987_syntax", "isoduration")
_UNUSED = {
    "papermill": ("pyarrow", "boto3", "azure", "gcsfs", "github"),
    "jupytext": ("jupytext.sync_contentsmanager", "jupytext.async_contentsmanager"),
}


def lean_import(name: str) -> ModuleType:
    """Imports a module that imports nbformat, without slow dependencies that it can do without.

    nbformat validates with jsonschema, which registers a checker for the format ``iri`` if it
    can import ``rfc3987_syntax``; that import compiles a grammar for over a second. For the
    format ``duration``, it imports ``isoduration``. No notebook schema uses these formats, so the
    packages are kept out of the process while nbformat loads. papermill imports what it can find
    of the libraries for files on other machines, such as pyarrow for Hadoop. jupytext imports the
    server of JupyterLab for its contents managers, which only that server uses.

    Args:
        name: The module, such as ``nbformat`` or ``papermill``.
    """
    slow = (*_SLOW, *_UNUSED.get(name.partition(".")[0], ()))
    blocked = [module for module in slow if module not in sys.modules]
    # makes the import fail at once
    sys.modules.update(dict.fromkeys(blocked))  # type: ignore[arg-type]
    try:
        return importlib.import_module(name)
    finally:
        for module in blocked:
            del sys.modules[module]
