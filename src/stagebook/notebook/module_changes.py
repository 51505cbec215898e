"""Which functions, classes and statements of a module changed."""

import ast
import difflib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from stagebook.notebook.code import normalise_module

_MOST = 3


@dataclass(frozen=True, slots=True)
class ModuleChange:
    """What differs between two versions of a module.

    Attributes:
        words: The names that changed, were added or removed; empty if that is not known.
        lines: The lines that differ, each after ``-`` or ``+``.
    """

    words: str
    lines: tuple[str, ...]


def between(before: bytes, now: bytes) -> ModuleChange:
    """What differs between two versions of a module.

    Comments, docstrings and layout do not count.

    Args:
        before: The bytes of the earlier version.
        now: The bytes of the later version.
    """
    old, new = (data.decode("utf-8", "replace") for data in (before, now))
    then, present = _parts(old), _parts(new)
    changed = [name for name in present if name in then and then[name][0] != present[name][0]]
    added = [name for name in present if name not in then]
    removed = [name for name in then if name not in present]
    groups = ((changed, "changed"), (added, "added"), (removed, "removed"))
    words = "; ".join(f"{_listed(names)} {verb}" for names, verb in groups if names)
    lines = (
        line
        for name in (*changed, *added, *removed)
        for line in diff(then.get(name, ("", []))[1], present.get(name, ("", []))[1])
    )
    return ModuleChange(words, tuple(lines))


def diff(before: Iterable[str], now: Iterable[str]) -> tuple[str, ...]:
    """The lines that differ, each after ``- `` or ``+ ``; blank lines are left out."""
    rows = difflib.ndiff(list(before), list(now), None, None)
    return tuple(row for row in rows if row[:2] in ("- ", "+ ") and row[2:].strip())


def _listed(names: list[str]) -> str:
    more = f" and {len(names) - _MOST} more" if len(names) > _MOST else ""
    return ", ".join(names[:_MOST]) + more


def _parts(text: str) -> dict[str, tuple[str, list[str]]]:
    """The parts of a module by name, each with its normalised code and its own lines."""
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError):
        return {}
    lines = text.splitlines()
    parts: dict[str, tuple[str, list[str]]] = {}
    for name, node in _named(tree.body, ""):
        code = normalise_module(ast.unparse(node)).text
        if not code or code == "pass":
            continue
        start = min([node.lineno, *(item.lineno for item in getattr(node, "decorator_list", ()))])
        own = lines[start - 1 : node.end_lineno]
        known, shown = parts.get(name, ("", []))
        parts[name] = f"{known}\n{code}", [*shown, *own]
    return parts


def _named(body: Iterable[ast.stmt], within: str) -> Iterator[tuple[str, ast.stmt]]:
    """The statements of a module by the names that they define; methods by class and name."""
    for node in body:
        match node:
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
                yield f"{within}{name}", node
            case ast.ClassDef(name=name, body=inner):
                methods = (ast.FunctionDef, ast.AsyncFunctionDef)
                head = ast.ClassDef(
                    name,
                    node.bases,
                    node.keywords,
                    [item for item in inner if not isinstance(item, methods)] or [ast.Pass()],
                    node.decorator_list,
                )
                end = min([item.lineno for item in inner if isinstance(item, methods)], default=0)
                ast.copy_location(head, node)
                head.end_lineno = max(end - 1, node.lineno) if end else node.end_lineno
                yield f"{within}{name}", head
                yield from _named(
                    (item for item in inner if isinstance(item, methods)), f"{within}{name}."
                )
            case ast.Assign(targets=[ast.Name(id=name), *_]):
                yield f"{within}{name}", node
            case ast.AnnAssign(target=ast.Name(id=name)):
                yield f"{within}{name}", node
            case ast.Import() | ast.ImportFrom():
                yield f"{within}imports", node
            case ast.Expr(value=ast.Constant(value=str())):
                continue
            case _:
                yield f"{within}other statements", node
