"""Normalised code: without comments and layout, which cannot change a result."""

import ast
import hashlib
import re
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

_OURS = re.compile(
    r"^\s*%(load_ext|reload_ext|unload_ext)\s+stagebook\s*$|^\s*%stagebook\b.*$", re.M
)
# A magic or shell line, also one whose result gets a name (`files = !ls`), and `name?`.
_MAGIC = re.compile(
    r"^([ \t]*(?:[A-Za-z_][\w, ]*=[ \t]*)?)([%!].*)$"
    r"|^([ \t]*)([\w.]+\?{1,2}|\?{1,2}[\w.]+)[ \t]*$",
    re.M,
)
_CELLS = 2**14  # more than a project has, so that a second pass parses nothing again
_PYTHON_CELL_MAGICS = ("%%time", "%%timeit", "%%capture", "%%prun")


@dataclass(frozen=True, slots=True)
class Code:
    """A piece of code, normalised.

    Attributes:
        text: The code without comments, layout and docstrings; raw if it cannot be parsed.
        tree: The part that is Python, for finding imports; empty if nothing can be parsed.
        raw: Whether the text could not be parsed and is unchanged.
    """

    text: str
    tree: ast.Module
    raw: bool = False

    @property
    def digest(self) -> str:
        """The first 32 hex digits of the text's SHA-256."""
        return hashlib.sha256(self.text.encode()).hexdigest()[:32]


def parse(text: str) -> ast.Module:
    """The syntax tree of a cell's text; each text is parsed once, so callers must not change it.

    Raises:
        SyntaxError: The text is not Python.
        ValueError: The text contains a character that Python does not accept.
    """
    tree = _tree_or_error(text)
    if isinstance(tree, Exception):
        raise tree.with_traceback(None)
    return tree


@lru_cache(maxsize=_CELLS)
def _tree_or_error(text: str) -> ast.Module | SyntaxError | ValueError:
    try:
        return _parse_anew(text)
    except (SyntaxError, ValueError) as error:
        return error


def _parse_anew(text: str) -> ast.Module:
    with warnings.catch_warnings(action="ignore"):  # such as for an invalid escape
        return ast.parse(text)


def normalise_module(text: str) -> Code:
    """The code of a Python file.

    Docstrings are removed, as by ``python -OO``.
    """
    return _normalised(text, _parse_module) or Code(text, ast.Module([], []), raw=True)


@lru_cache(maxsize=_CELLS)  # callers need a cell's code, its imports and its names
def normalise_cell(text: str) -> Code:
    """The code of a cell.

    Magics and shell lines do not change, and the Python around them is normalised. A cell that is
    then not valid Python, such as one of ``%%bash``, counts as raw text. Stagebook's own magics
    cannot change a result and are removed.
    """
    if code := _normalised(text, parse):
        return code
    text = _OURS.sub("", text)
    first, _, rest = text.lstrip().partition("\n")
    if first.startswith("%%"):
        if not first.startswith(_PYTHON_CELL_MAGICS):
            return Code(text.strip(), ast.Module([], []), raw=True)
        body = normalise_cell(rest)
        return Code(f"{first.rstrip()}\n{body.text}", body.tree, body.raw)
    calls = _MAGIC.sub(_magic_as_call, text)
    code = _normalised(text, parse) or _normalised(calls, parse)
    return code or Code(text.strip(), ast.Module([], []), raw=True)


def _normalised(text: str, tree_of: Callable[[str], ast.Module]) -> Code | None:
    """The text as code; None if it is not Python, or nested too deeply."""
    try:
        tree = tree_of(text)
        return Code(ast.unparse(tree), tree)
    except (SyntaxError, ValueError, MemoryError, RecursionError):
        return None


def _magic_as_call(match: re.Match[str]) -> str:
    before, line = (match[1], match[2]) if match[2] else (match[3], match[4])
    return f"{before}__magic__({line.rstrip()!r})"


def _parse_module(text: str) -> ast.Module:
    """The syntax tree of a module without its docstrings."""
    tree = _parse_anew(text)
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            match node.body:
                case [ast.Expr(value=ast.Constant(value=str())), *rest]:
                    filler: list[ast.stmt] = [] if isinstance(node, ast.Module) else [ast.Pass()]
                    node.body = rest or filler
    return tree
