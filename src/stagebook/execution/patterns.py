"""Patterns of files in a notebook's code, for readers whose listings cannot be observed."""

import ast
from collections.abc import Iterable, Iterator
from pathlib import PurePosixPath

from stagebook.notebook.code import normalise_cell

_SIGNS = frozenset("*?[")
_AROUND = str.maketrans(dict.fromkeys("'\"`(),;=<>|&", " "))


def of_cells(texts: Iterable[str]) -> Iterator[str]:
    """Patterns in the literal texts of some code cells, such as in a query of SQL.

    Args:
        texts: The code of each cell.
    """
    for text in texts:
        for node in ast.walk(normalise_cell(text).tree):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                yield from of_text(node.value)


def of_text(text: str) -> Iterator[str]:
    """Patterns in a text, relative to the project's root.

    A word counts if it contains a sign of a pattern and is a path below the root: ``data/*.csv``
    or ``*.csv``. Absolute paths do not count, since a stage cannot list them.
    """
    for word in text.translate(_AROUND).split():
        if _SIGNS.isdisjoint(word) or not ("/" in word or word.startswith("*.")):
            continue
        path = PurePosixPath(word)
        if not path.is_absolute() and ".." not in path.parts and "://" not in word:
            yield path.as_posix()
