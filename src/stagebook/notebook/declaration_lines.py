"""Where in a parameters cell a new declaration belongs."""

import ast
from collections.abc import Iterable, Sequence

from stagebook.notebook import code
from stagebook.notebook.cell_edit import NewLine
from stagebook.notebook.imported_names import ImportedNames
from stagebook.notebook.signature import Signature

_MODULE = "stagebook"


def place(
    text: str, signature: Signature, files: Sequence[tuple[str, str]], parameters: Iterable[str]
) -> tuple[NewLine, ...]:
    """New declarations, each after its like, and the imports that they need.

    Args:
        text: The parameters cell.
        signature: What it declares.
        files: New declarations of files, each after its role, such as ``In``.
        parameters: New declarations of parameters.
    """
    body = code.parse(text).body
    ends = {statement.lineno: statement.end_lineno or statement.lineno for statement in body}
    last = max(ends.values(), default=text.count("\n") + 1 if text else 0)
    lines = []
    for role, line in files:
        like = [ends[item.line] for item in signature.declared if item.role.value == role]
        all_files = [ends[item.line] for item in signature.declared]
        lines.append(NewLine(max(like or all_files or [_top(body)]), line))
    values = [ends[item.line] for item in signature.parameters]
    lines += [NewLine(max(values, default=last), line) for line in parameters]
    return (*_imports(body, dict.fromkeys(role for role, _ in files)), *lines)


def missing_imports(text: str) -> tuple[NewLine, ...]:
    """The imports of the markers that a parameters cell uses and does not import."""
    body = code.parse(text).body
    imported = _imported(body)
    annotations = (item.annotation for item in body if isinstance(item, ast.AnnAssign))
    unknown = dict.fromkeys(map(imported.unknown_marker, annotations))
    return _imports(body, filter(None, unknown))


def _imports(body: list[ast.stmt], roles: Iterable[str]) -> tuple[NewLine, ...]:
    """The import of each marker that is not imported, after the others from Stagebook."""
    imported = _imported(body)
    missing = [role for role in roles if imported.marker(ast.Name(role)) is None]
    own = [
        item.end_lineno or item.lineno
        for item in body
        if isinstance(item, ast.ImportFrom) and item.module == _MODULE
    ]
    at = max(own, default=_top(body))
    return tuple(NewLine(at, f"from {_MODULE} import {role}") for role in missing)


def _top(body: list[ast.stmt]) -> int:
    """The number of lines up to the last import, or before the first statement."""
    imports = [item for item in body if isinstance(item, ast.Import | ast.ImportFrom)]
    first = body[0].lineno - 1 if body else 0
    return max((item.end_lineno or item.lineno for item in imports), default=first)


def _imported(body: Iterable[ast.stmt]) -> ImportedNames:
    names = ImportedNames()
    for item in body:
        if isinstance(item, ast.Import | ast.ImportFrom):
            names.add(item)
    return names
