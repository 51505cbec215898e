"""Which secrets of an environment are plain words of the project's own: these are not masked.

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
    """The variables whose values are masked, and are words of the project's own or Stagebook's.

    Names of parameters, metrics, columns, files and of code count; texts in code do not. Only an
    environment that has such a secret costs more than a look at its names.

    Args:
        environ: The environment.
        folder: Where the command runs, in the project or outside of any.
        arguments: What the command was given; the columns of tables among them count.
    """
    already = environ.get(UNMASKED, "")
    words = {
        name: value.strip()
        for name, value in environ.items()
        if _PLAIN.fullmatch(value.strip()) and Masks.of({name: value, UNMASKED: already}).forms
    }
    if not words:
        return ()
    wanted = frozenset(words.values())
    own = {word for words_of in _sources(wanted, folder, arguments) for word in words_of}
    return tuple(sorted(name for name, word in words.items() if word in own))


def spared(environ: Mapping[str, str], names: Sequence[str]) -> dict[str, str]:
    """The variable that says which variables are not masked, for this process and its children."""
    return {UNMASKED: ",".join(filter(None, (environ.get(UNMASKED, ""), *names)))}


def _sources(
    wanted: frozenset[str], folder: Path, arguments: Sequence[str]
) -> Iterator[frozenset[str]]:
    """The wanted words that are Stagebook's, the project's, or columns of tables that are named."""
    yield _vocabulary(wanted)
    tables = [folder / argument for argument in arguments]
    try:
        project = Project.around(folder)
    except StagebookError:  # the command itself says what is wrong with it
        project = None
    if project:
        yield _files(wanted, project)
        yield _keys(wanted, project)
        for tree in _code(project):
            yield wanted & frozenset(_names(tree))
            tables.extend(project.root / text for text in _texts(tree) if "." in text)
    yield from map(_columns, dict.fromkeys(tables))


def _vocabulary(wanted: frozenset[str]) -> frozenset[str]:
    """The words that Stagebook's own files and pages are made of."""
    found: set[str] = set()
    for path in Path(__file__).parents[1].rglob("*"):
        if path.suffix in _OWN_TEXTS:
            text = path.read_text(encoding="utf-8")
            edge = "[\"']" if path.suffix == ".py" else r"\b"
            found.update(w for w in wanted if w in text and re.search(f"{edge}{w}{edge}", text))
    return frozenset(found)


def _files(wanted: frozenset[str], project: Project) -> frozenset[str]:
    """The words that are names of notebooks, parameter files and modules, and so of stages."""
    settings = project.settings
    folders = (settings.notebooks, settings.params, *settings.code)
    paths = (path for folder in folders for path in (project.root / folder).glob("*"))
    return wanted & {name for path in paths for name in (path.stem, path.name)}


def _keys(wanted: frozenset[str], project: Project) -> frozenset[str]:
    """The words that are keys in parameters, metrics and settings, or parts of a gate's name."""
    folders = (project.root, project.root / project.settings.params, project.root / "metrics")
    found: set[str] = set()
    for path in (path for folder in folders for kind in _KEYED for path in folder.glob(kind)):
        if path.stat().st_size <= _LARGEST:
            text = path.read_text(encoding="utf-8", errors="replace")
            for word in wanted:
                if re.search(rf"(?:^|[\s\"'{{,:.]){re.escape(word)}[\"']?\s*[:=\]\"]", text):
                    found.add(word)
    return frozenset(found)


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
    """The names of a table's columns; none where it cannot be read as one."""
    from stagebook.data.tables.table import Table, is_table

    try:
        if path.exists() and is_table(path.name, path.parent):
            return frozenset(Table.open(path.parent, path.name).columns.names)
    except (StagebookError, OSError, ValueError):
        pass
    return frozenset()
