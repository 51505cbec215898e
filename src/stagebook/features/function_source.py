"""The digest of a function's source, with the local code that the function uses.

Comments, layout and docstrings do not count, as in the source of a stage. The code is parsed and
not run.
"""

import ast
import hashlib
import importlib.util
import symtable
import sys
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import Any

from stagebook.features.checks import invalid
from stagebook.features.definitions import OnDemandFeature
from stagebook.notebook import imports
from stagebook.notebook.code import Code, normalise_module
from stagebook.notebook.external_modules import module_folder
from stagebook.notebook.modules import OutsideModule, SearchPath

_PLAIN = (bool, int, float, complex, str, bytes, type(None))
_INSTALLED = frozenset({"site-packages", "dist-packages"})


def search(own: Collection[str], names: Collection[str] | None = None) -> SearchPath:
    """A search for the local modules that count by their content.

    Args:
        own: Top-level modules of the features' functions. They count wherever they are.
        names: The other top-level modules that count; None for all that are neither installed
            nor part of Python.
    """

    def find(top: str) -> OutsideModule | None:
        is_wanted = top in own or names is None or top in names
        if top in sys.stdlib_module_names or not is_wanted:
            return None
        folder = module_folder(top)
        is_local = folder is not None and (names is not None or top in own or not _in_site(folder))
        return OutsideModule(folder, None) if folder is not None and is_local else None

    return SearchPath(Path(), (), lambda _: False, find)


def top_module(feature: OnDemandFeature) -> str:
    """The top-level module of a feature's function."""
    return feature.function.__module__.partition(".")[0]


def digest_of(feature: OnDemandFeature, local: SearchPath) -> tuple[str, dict[str, str]]:
    """The digest of a feature's code, and those of the local modules that the code uses.

    The code is the statement that defines the function, the statements of its module that it
    uses, directly or through others, and the plain values that it encloses.

    Args:
        feature: The feature.
        local: The search for local modules.

    Returns:
        SHA-256 in hex, and the digest of each module by its path in the folder that it is imported
        from.

    Raises:
        StagebookError: The function's file cannot be read, or does not define the function.
    """
    function: Any = feature.function
    file = Path(function.__code__.co_filename)
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        raise _no_source(feature, "cannot be read") from None
    statements = normalise_module(text).tree.body
    start = _statement_of(function, statements)
    if start is None:
        raise _no_source(feature, "does not define it")
    used = _used(start, statements)
    reached = local.reach([("", _absolute_imports(used, function))]).modules
    others = [module for module in reached if module[1].path.resolve() != file.resolve()]
    modules = {name.partition(":")[2]: module.digest for name, module in others}
    lines = [f"{digest} {name}" for name, digest in sorted(modules.items())]
    lines += [*map(ast.unparse, used), *_enclosed(function)]
    return hashlib.sha256("\n".join(lines).encode()).hexdigest(), modules


def _no_source(feature: OnDemandFeature, what: str) -> Exception:
    message = f"The file of the on-demand feature `{feature.name}` {what}."
    hint = "Define the feature in a module, with `def`, and import it again."
    return invalid("no-feature-source", message, hint, feature.where)


def _in_site(folder: Path) -> bool:
    return not _INSTALLED.isdisjoint(folder.parts)


def _statement_of(function: Any, statements: Sequence[ast.stmt]) -> ast.stmt | None:
    """The top-level statement that defines a function."""
    line = function.__code__.co_firstlineno
    for statement in statements:
        for node in ast.walk(statement):
            if isinstance(node, ast.FunctionDef) and node.name == function.__name__:
                first = node.decorator_list[0].lineno if node.decorator_list else node.lineno
                if first == line:
                    return statement
    return None


def _used(start: ast.stmt, statements: Sequence[ast.stmt]) -> list[ast.stmt]:
    """A statement and all that it needs of its module, in their order there."""
    used, pending = {id(start)}, [start]
    while pending:
        needed = _needs(pending.pop())
        for statement in statements:
            given = _gives(statement)
            if id(statement) not in used and (not needed.isdisjoint(given) or "*" in given):
                used.add(id(statement))
                pending.append(statement)
    return [statement for statement in statements if id(statement) in used]


def _needs(statement: ast.stmt) -> set[str]:
    """The names of its module that a statement needs."""
    top = symtable.symtable(ast.unparse(statement), "<source>", "exec")
    names, pending = set[str](), [top]
    while pending:
        table = pending.pop()
        pending += table.get_children()
        names |= {
            symbol.get_name()
            for symbol in table.get_symbols()
            if symbol.is_referenced() and (table is top or symbol.is_global())
        }
    return names


def _gives(statement: ast.stmt) -> set[str]:
    """The names that a top-level statement defines or changes; ``*`` for unknown ones."""
    match statement:
        case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
            return {name}
        case ast.Expr(value=value):
            return {_root(value)}
    names = set[str]()
    for node in ast.walk(statement):
        match node:
            case ast.Import(names=aliases) | ast.ImportFrom(names=aliases):
                names |= {each.asname or each.name.partition(".")[0] for each in aliases}
            case ast.FunctionDef(name=name) | ast.ClassDef(name=name):
                names.add(name)
            case ast.Name(id=name, ctx=ast.Store() | ast.Del()):
                names.add(name)
            case ast.Attribute(ctx=ast.Store()) | ast.Subscript(ctx=ast.Store()):
                names.add(_root(node))
    return names


def _root(node: ast.expr) -> str:
    """The name that an expression such as ``table["a"].update()`` begins with; else empty."""
    while not isinstance(node, ast.Name):
        match node:
            case ast.Call(func=inner) | ast.Attribute(value=inner) | ast.Subscript(value=inner):
                node = inner
            case _:
                return ""
    return node.id


def _absolute_imports(used: Sequence[ast.stmt], function: Any) -> Code:
    """The imports in some statements of a function's module, none of them relative."""
    package = str(function.__globals__.get("__package__") or "")
    static = imports.find(ast.Module(list(used), [])).static
    absolute: list[ast.stmt] = []
    for each in static:
        dots = "." * each.level
        module = importlib.util.resolve_name(dots + each.module, package) if dots else each.module
        if each.names:
            aliases = [ast.alias(name) for name in each.names]
            absolute.append(ast.ImportFrom(module, aliases, 0))
        else:
            absolute.append(ast.Import([ast.alias(module)]))
    return Code("", ast.Module(absolute, []))


def _enclosed(function: Any) -> Iterator[str]:
    """The values that a function has from the function around it, as text."""
    cells = zip(function.__code__.co_freevars, function.__closure__ or (), strict=True)
    for name, cell in cells:
        value = cell.cell_contents
        plain = isinstance(value, _PLAIN)
        yield f"{name} = {value!r}" if plain else f"{name} is a {type(value).__qualname__}"
