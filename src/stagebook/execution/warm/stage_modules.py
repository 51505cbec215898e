"""The distributions' modules that a stage's code imports, and whether it may be warm at all."""

import ast
from collections.abc import Iterable, Iterator

from stagebook.notebook import imports
from stagebook.notebook.code import normalise_cell
from stagebook.notebook.distributions import Installed
from stagebook.notebook.imports import Import
from stagebook.notebook.search import OWN
from stagebook.notebook.snapshot import StageSnapshot

_ENVIRONMENT = {"environ", "environb", "putenv", "unsetenv"}
_READS = {"get", "items", "keys", "values", "copy"}
_MAGICS = ("%env", "%set_env")


def of(stage: StageSnapshot, installed: Installed) -> tuple[str, ...]:
    """The modules of installed releases that a stage imports, in the order of its code.

    Args:
        stage: The stage.
        installed: The environment.

    Returns:
        Each as ``module`` or ``module:name,name``.
    """
    releases = {
        module
        for module, names in installed.providers.items()
        if module != OWN and not installed.local.keys() & set(names)
    }
    names: dict[str, dict[str, None]] = {}
    for item in _imports(stage):
        if not item.level and item.module.partition(".")[0] in releases:
            names.setdefault(item.module, {}).update(dict.fromkeys(item.names))
    return tuple(_target(module, called) for module, called in names.items())


def _target(module: str, names: Iterable[str]) -> str:
    listed = ",".join(names)
    return f"{module}:{listed}" if listed else module


def _imports(stage: StageSnapshot) -> Iterator[Import]:
    for cell in stage.notebook.code_cells:
        yield from imports.find(normalise_cell(cell.text).tree).static
    for module in stage.modules.values():
        yield from module.imports.static


def changes_environment(stage: StageSnapshot) -> bool:
    """Whether a stage's code changes variables, which a library may read when it is imported.

    Args:
        stage: The stage.
    """
    cells = stage.notebook.code_cells
    if any(magic in cell.text for cell in cells for magic in _MAGICS):
        return True
    if any(_changes(normalise_cell(cell.text).tree) for cell in cells):
        return True
    return any(_changes_in(module.data) for module in stage.modules.values())


def _changes_in(data: bytes) -> bool:
    if not any(name.encode() in data for name in _ENVIRONMENT):
        return False
    try:
        return _changes(ast.parse(data))
    except (SyntaxError, ValueError):
        return True


def _changes(tree: ast.Module) -> bool:
    """Whether code names the environment other than to read one variable."""
    read: set[ast.AST] = set()
    for node in ast.walk(tree):
        match node:
            case ast.Subscript(value=value, ctx=ast.Load()):
                read.add(value)
            case ast.Call(func=ast.Attribute(value=value, attr=name)) if name in _READS:
                read.add(value)
    return any(_names_environment(node) and node not in read for node in ast.walk(tree))


def _names_environment(node: ast.AST) -> bool:
    match node:
        case ast.Attribute(attr=name) | ast.Name(id=name):
            return name in _ENVIRONMENT
        case ast.ImportFrom(module="os", names=names):
            return any(alias.name in _ENVIRONMENT for alias in names)
    return False
