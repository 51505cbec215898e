"""Where words occur in a project and in Stagebook: in code, in keys and in code's names of tables.

A file is read once. It is searched more closely, or parsed, only if a word is in it.
"""

import ast
import os
import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from stagebook.notebook import cells
from stagebook.pipeline import git_command
from stagebook.pipeline.git_command import GitError
from stagebook.project.errors import StagebookError
from stagebook.project.project import Project

FILES = 20_000
"""The most files of code that are read."""

PARSED = 300
"""The most files of code that are parsed because a word is somewhere in them."""

LARGEST = 5_000_000
"""The most bytes of a file that is read."""

_KEYED = ("*.yaml", "*.yml", "*.json", "*.toml")
_OWN_TEXTS = (".py", ".css", ".js", ".html", ".jinja")
_LOGS = ("log_", "set_tag")
_NO_CODE = frozenset({"__pycache__", "node_modules", "site-packages"})
_QUOTED = re.compile(r"""(["'])([^"'\\\n]{0,254}\.[^"'\\\n]{1,254})\1""")
Words = frozenset[str]


def vocabulary(words: Words) -> Iterator[Words]:
    """The words that occur in Stagebook's own files and pages."""
    for path in Path(__file__).parents[1].rglob("*"):
        if path.suffix in _OWN_TEXTS:
            edge = "[\"']" if path.suffix == ".py" else r"\b"
            yield _matching(words, _text(path), edge, edge)


def keys(words: Words, folders: Iterable[Path]) -> Iterator[Words]:
    """The words that are keys in parameters, metrics and settings, or in a gate's name."""
    for path in (path for folder in folders for kind in _KEYED for path in folder.glob(kind)):
        yield _matching(words, _text(path), r"""(?:^|[\s"'{,:.])""", r"""["']?\s*[:=\]"]""")


def code(words: Words, project: Project) -> Iterator[tuple[Words, tuple[str, ...]]]:
    """For each notebook and module, the words that are names in it, and the paths in its texts.

    Files beyond ``FILES``, and names in files beyond ``PARSED`` that have a word, are left out.
    """
    root = project.root
    notebooks = cells.find(root / project.settings.notebooks, root)
    paths = [*notebooks, *_modules(root, project.settings.code)]
    parsed = 0
    for path in dict.fromkeys(paths[:FILES]):
        text = _text(root / path)
        trees: Iterable[ast.AST] = ()
        # in a notebook's JSON, the letter of an escape such as \n may stand before a word
        edge = "" if path.endswith(".ipynb") else r"\b"
        if parsed < PARSED and _matching(words, text, edge, edge):
            parsed += 1
            trees = _notebook(path, root) if path in notebooks else _parsed(text)
        names = {name for tree in trees for name in _names(tree)}
        plain = text.replace('\\"', '"') if path.endswith(".ipynb") else text  # it is JSON
        yield words & names, tuple(quoted for _, quoted in _QUOTED.findall(plain))


def _present(words: Words, text: str) -> list[str]:
    return [word for word in words if word in text]


def _matching(words: Words, text: str, before: str, after: str) -> Words:
    return frozenset(
        word
        for word in _present(words, text)
        if re.search(f"{before}{re.escape(word)}{after}", text)
    )


def _text(path: Path) -> str:
    """A file's text; empty if it is too large or cannot be read."""
    try:
        if path.stat().st_size <= LARGEST:
            return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        pass
    return ""


def _modules(root: Path, folders: Sequence[str]) -> Iterator[str]:
    """The modules in some folders that git does not ignore, relative to the root."""
    listed = ["ls-files", "-z", "--cached", "--others", "--exclude-standard", "--", *folders]
    try:
        _, output = git_command.run(root, *listed)
    except GitError:  # there is no repository, or a folder is outside of it
        yield from (path for folder in folders for path in _walked(root, folder))
        return
    yield from (path for path in os.fsdecode(output).split("\0") if path.endswith(".py"))


def _walked(root: Path, folder: str) -> Iterator[str]:
    for place, inner, files in os.walk(root / folder):
        if "pyvenv.cfg" in files:
            inner.clear()
            continue
        inner[:] = sorted(name for name in inner if name not in _NO_CODE and name[0] != ".")
        yield from (
            os.path.relpath(Path(place) / name, root)
            for name in sorted(files)
            if name.endswith(".py")
        )


def _notebook(path: str, root: Path) -> Iterator[ast.AST]:
    try:
        notebook = cells.read(path, root)
    except StagebookError:
        return
    for cell in notebook.code_cells:
        yield from _parsed(re.sub(r"^[%!].*$", "", cell.text, flags=re.MULTILINE))


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
