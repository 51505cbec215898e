"""The import statements in a piece of code, including nested ones."""

import ast
from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

_BY_NAME: Mapping[str, tuple[str, ...]] = {
    "import_module": (),
    "__import__": (),
    "find_spec": (),
    "run_module": ("__main__",),
    "reload": (),
}
"""Functions that import a module by its name, each with the submodules that it also imports."""


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
        static: Imports whose module is written in the code.
        dynamic: Code of the calls whose module is known only at run time.
    """

    static: tuple[Import, ...]
    dynamic: tuple[str, ...]


def find(tree: ast.Module) -> Imports:
    """All imports in the code, including conditional ones and those in functions.

    Code under ``if TYPE_CHECKING`` never runs and does not count.
    """
    static: list[Import] = []
    dynamic: list[str] = []
    for node in _walk(tree):
        match node:
            case ast.Import(names=names):
                static.extend(Import(alias.name) for alias in names)
            case ast.ImportFrom(module=module, names=names, level=level):
                static.append(Import(module or "", tuple(alias.name for alias in names), level))
            case ast.Call(func=ast.Name(id=name) | ast.Attribute(attr=name)) if name in _BY_NAME:
                match _first_argument(node):
                    case ast.Constant(value=str() as module) if not module.startswith("."):
                        static.append(Import(module, _BY_NAME[name]))
                    case ast.expr() if name != "reload":
                        dynamic.append(ast.unparse(node))
    return Imports(tuple(static), tuple(dynamic))


def uses(tree: ast.Module, module: str, name: str) -> bool:
    """Whether the code uses a name of a module, by ``from`` or as ``module.name``."""
    for node in _walk(tree):
        match node:
            case ast.ImportFrom(module=str(item), names=names, level=0) if item == module:
                if any(alias.name == name for alias in names):
                    return True
            case ast.Attribute(value=ast.Name(id=str(item)), attr=str(attr)):
                if (item, attr) == (module, name):
                    return True
    return False


def exported(tree: ast.Module) -> tuple[str, ...]:
    """The names in a literal ``__all__``, which ``from package import *`` imports."""
    names: list[str] = []
    for node in tree.body:
        match node:
            case (
                ast.Assign(targets=[ast.Name(id="__all__")], value=value)
                | ast.AnnAssign(target=ast.Name(id="__all__"), value=value)
                | ast.AugAssign(target=ast.Name(id="__all__"), value=value)
            ) if isinstance(value, ast.List | ast.Tuple):
                names.extend(
                    elt.value
                    for elt in value.elts
                    if isinstance(elt, ast.Constant) and isinstance(elt.value, str)
                )
    return tuple(names)


def _first_argument(call: ast.Call) -> ast.expr | None:
    named = (keyword.value for keyword in call.keywords if keyword.arg in ("name", "mod_name"))
    return call.args[0] if call.args else next(named, None)


def _walk(tree: ast.Module) -> Iterator[ast.AST]:
    pending: deque[ast.AST] = deque([tree])
    while pending:
        node = pending.popleft()
        yield node
        match node:
            case ast.If(test=ast.Name(id="TYPE_CHECKING") | ast.Attribute(attr="TYPE_CHECKING")):
                pending.extend(node.orelse)
            case _:
                pending.extend(ast.iter_child_nodes(node))
