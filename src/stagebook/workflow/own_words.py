"""The secrets in an environment that are plain words of the project, and so are not masked.

``SORT_KEY=accuracy`` is a secret by its name. To mask it would hide the name of a metric
everywhere, and MLflow refuses a metric without a name.
"""

import ast
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from stagebook.notebook import cells
from stagebook.project.errors import StagebookError
from stagebook.project.masks import UNMASKED, Masks
from stagebook.project.project import Project

_PLAIN = re.compile(r"[A-Za-z]+\d{0,2}(?:[_.-][A-Za-z]+\d{0,2}){0,5}")
_KEYED = ("*.yaml", "*.yml", "*.json", "*.toml")
_OWN_TEXTS = (".py", ".css", ".js", ".html", ".jinja")
_LARGEST = 5_000_000
_LOGS = ("log_", "set_tag")


def find(environ: Mapping[str, str], folder: Path, arguments: Sequence[str]) -> tuple[str, ...]:
    """The variables whose values would be masked, and are words of the project or of Stagebook.

    Names of parameters, metrics, columns, files and of code count; texts in code do not. Only an
    environment that has such a secret costs more than a look at its names.

    Args:
        environ: The environment.
        folder: The folder in which the command runs, in a project or not.
        arguments: The arguments of the command; columns of tables among them count.
    """
    already = environ.get(UNMASKED, "")
    words = {
        name: value.strip()
        for name, value in environ.items()
        if _PLAIN.fullmatch(value.strip()) and Masks.of({name: value, UNMASKED: already}).forms
    }
    if not words:
        return ()
    candidates = frozenset(words.values())
    own = {word for words_of in _sources(candidates, folder, arguments) for word in words_of}
    return tuple(sorted(name for name, word in words.items() if word in own))


def spared(environ: Mapping[str, str], names: Sequence[str]) -> dict[str, str]:
    """The variable that lists the unmasked variables, for this process and its children."""
    return {UNMASKED: ",".join(filter(None, (environ.get(UNMASKED, ""), *names)))}


def _sources(
    candidates: frozenset[str], folder: Path, arguments: Sequence[str]
) -> Iterator[frozenset[str]]:
    """The candidates that are words of Stagebook or the project, or columns of named tables."""
    yield _vocabulary(candidates)
    tables = [folder / argument for argument in arguments]
    try:
        project = Project.around(folder)
    except StagebookError:  # the command itself says what is wrong with it
        project = None
    if project:
        yield _files(candidates, project)
        yield _keys(candidates, project)
        for tree in _code(project):
            yield candidates & frozenset(_names(tree))
            tables.extend(project.root / text for text in _texts(tree) if "." in text)
    yield from map(_columns, dict.fromkeys(tables))


def _vocabulary(candidates: frozenset[str]) -> frozenset[str]:
    """The candidates that occur in Stagebook's own files and pages."""
    vocabulary: set[str] = set()
    for path in Path(__file__).parents[1].rglob("*"):
        if path.suffix in _OWN_TEXTS:
            text = path.read_text(encoding="utf-8")
            edge = "[\"']" if path.suffix == ".py" else r"\b"
            vocabulary.update(
                w for w in candidates if w in text and re.search(f"{edge}{w}{edge}", text)
            )
    return frozenset(vocabulary)


def _files(candidates: frozenset[str], project: Project) -> frozenset[str]:
    """The candidates that are names of notebooks, parameter files and modules, or of stages."""
    settings = project.settings
    folders = (settings.notebooks, settings.params, *settings.code)
    paths = (path for folder in folders for path in (project.root / folder).glob("*"))
    return candidates & {name for path in paths for name in (path.stem, path.name)}


def _keys(candidates: frozenset[str], project: Project) -> frozenset[str]:
    """The candidates that are keys in parameters, metrics and settings, or in a gate's name."""
    folders = (project.root, project.root / project.settings.params, project.root / "metrics")
    keys: set[str] = set()
    for path in (path for folder in folders for kind in _KEYED for path in folder.glob(kind)):
        if path.stat().st_size <= _LARGEST:
            text = path.read_text(encoding="utf-8", errors="replace")
            for word in candidates:
                if re.search(rf"(?:^|[\s\"'{{,:.]){re.escape(word)}[\"']?\s*[:=\]\"]", text):
                    keys.add(word)
    return frozenset(keys)


def _code(project: Project) -> Iterator[ast.AST]:
    """The code of each notebook and module that can be parsed."""
    root = project.root
    for path in cells.find(root / project.settings.notebooks, root):
        try:
            notebook = cells.read(path, root)
        except StagebookError:
            continue
        for cell in notebook.code_cells:
            yield from _parsed(re.sub(r"^[%!].*$", "", cell.text, flags=re.MULTILINE))
    for folder in project.settings.code:
        for module in (root / folder).rglob("*.py"):
            yield from _parsed(module.read_text(encoding="utf-8", errors="replace"))


def _parsed(text: str) -> Iterator[ast.AST]:
    try:
        yield ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return


def _names(tree: ast.AST) -> Iterator[str]:
    """Names of code, keys of dictionaries, columns by subscript, and names that are logged."""
    for node in ast.walk(tree):
        for field in ("id", "attr", "arg", "name"):
            if isinstance(name := getattr(node, field, None), str):
                yield name
        if isinstance(node, ast.Dict):
            yield from (text for key in node.keys if key for text in _constants(key))
        elif isinstance(node, ast.Subscript):
            yield from _constants(node.slice)
        elif isinstance(node, ast.Call) and node.args and _logs(node.func):
            yield from _constants(node.args[0])


def _logs(function: ast.expr) -> bool:
    name = function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")
    return str(name).startswith(_LOGS)


def _constants(node: ast.expr) -> Iterator[str]:
    for inner in (node, *getattr(node, "elts", ())):
        if isinstance(inner, ast.Constant) and isinstance(inner.value, str):
            yield inner.value


def _texts(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and len(node.value) < 256:
            yield node.value


def _columns(path: Path) -> frozenset[str]:
    """The names of a table's columns; empty if it cannot be read."""
    from stagebook.data.tables.table import Table, is_table

    try:
        if path.exists() and is_table(path.name, path.parent):
            return frozenset(Table.open(path.parent, path.name).columns.names)
    except (StagebookError, OSError, ValueError):
        pass
    return frozenset()
