"""The import statements in a piece of code, wherever in it they stand."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass

_BY_NAME = {"import_module", "__import__", "find_spec", "run_module", "reload"}


@dataclass(frozen=True, slots=True)
class Import:
    """One import.

    Attributes:
        module: The dotted name after ``import`` or ``from``; may be empty in ``from . import a``.
        names: The names after ``from ... import``, each of which may be a submodule.
        level: How many dots a relative import has.
    """

    module: str
    names: tuple[str, ...] = ()
    level: int = 0


@dataclass(frozen=True, slots=True)
class Imports:
    """What a piece of code imports.

    Attributes:
        static: Imports whose module stands in the code.
        dynamic: Code of the calls whose module is known only when they run.
    """

    static: tuple[Import, ...]
    dynamic: tuple[str, ...]


def find(tree: ast.Module) -> Imports:
    """All imports in the code: conditional ones and those inside functions too.

    What stands under ``if TYPE_CHECKING`` never runs and does not count.
    """
    static: list[Import] = []
    dynamic: list[str] = []
    for node in _walk(tree):
        match node:
            case ast.Import(names=names):
                static.extend(Import(one.name) for one in names)
            case ast.ImportFrom(module=module, names=names, level=level):
                static.append(Import(module or "", tuple(one.name for one in names), level))
            case ast.Call(func=ast.Name(id=name) | ast.Attribute(attr=name), args=[first, *_]) if (
                name in _BY_NAME
            ):
                match first:
                    case ast.Constant(value=str() as module) if not module.startswith("."):
                        static.append(Import(module))
                    case _ if name != "reload":
                        dynamic.append(ast.unparse(node))
    return Imports(tuple(static), tuple(dynamic))


def exported(tree: ast.Module) -> tuple[str, ...]:
    """The names in a literal ``__all__``, which ``from package import *`` imports."""
    for node in tree.body:
        match node:
            case ast.Assign(
                targets=[ast.Name(id="__all__")], value=ast.List() | ast.Tuple() as value
            ):
                return tuple(
                    one.value
                    for one in value.elts
                    if isinstance(one, ast.Constant) and isinstance(one.value, str)
                )
    return ()


def _walk(tree: ast.AST) -> Iterator[ast.AST]:
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.If) and ast.unparse(node.test).endswith("TYPE_CHECKING"):
            for other in node.orelse:
                yield other
                yield from _walk(other)
            continue
        yield node
        yield from _walk(node)
