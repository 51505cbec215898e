"""nbformat is imported without what it does not need."""

import subprocess
import sys

import pytest

from stagebook.notebook.lean import lean_import

BLOCKED = "rfc3987_syntax"


def test_nothing_is_left_behind_in_the_modules(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, BLOCKED, raising=False)
    assert lean_import("json").__name__ == "json"
    assert BLOCKED not in sys.modules


def test_nothing_is_left_behind_where_the_import_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, BLOCKED, raising=False)
    with pytest.raises(ModuleNotFoundError):
        lean_import("no_such_module_anywhere")
    assert BLOCKED not in sys.modules


def test_what_somebody_else_imported_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    module = type(sys)(BLOCKED)
    monkeypatch.setitem(sys.modules, BLOCKED, module)
    lean_import("json")
    assert sys.modules[BLOCKED] is module


def test_notebooks_are_read_without_compiling_a_grammar() -> None:
    code = f"""
import sys
from stagebook.notebook import cells
text = '{{"nbformat": 4, "nbformat_minor": 5, "metadata": {{}}, "cells": []}}'
cells.parse(text, "a.ipynb")
cells.parse("# %%", "a.py")
assert "nbformat" in sys.modules and "jupytext" in sys.modules
sys.exit({BLOCKED!r} in sys.modules)
"""
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
