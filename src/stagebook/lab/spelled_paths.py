"""The paths that a cell passes to functions which read or write files.

Readers in native code, such as those of Arrow, DuckDB and Polars, raise no audit event.
"""

import ast
import re
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePath
from typing import Any

from stagebook.execution import command_line

_READS_OR_WRITES = re.compile(
    r"(read|scan|open|load|sql|execute|query|from_|dataset|connect|to_|write|save|sink|dump)"
    r"|.*(Dataset|File)$",
    re.IGNORECASE,
)
_SHELL = frozenset({"system", "getoutput"})
"""The methods that IPython calls for a line that begins with ``!``."""
_BY_STAGES = frozenset({"dvc", "git", "stagebook"})
"""Programs that write outputs as a build does."""
_QUOTED = re.compile(r"['\"`]([^'\"`\n]+)['\"`]")
_LONGEST = 4096


def find(text: str, names: Mapping[str, Any]) -> Iterator[str]:
    """The paths as they are spelled in a cell.

    Args:
        text: A cell as plain Python.
        names: The kernel's variables.
    """
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError):
        return
    for call in ast.walk(tree):
        if isinstance(call, ast.Call) and _READS_OR_WRITES.match(_name(call.func)):
            for argument in (*call.args, *(keyword.value for keyword in call.keywords)):
                yield from _paths(_value(argument, names))
            if isinstance(call.func, ast.Attribute):  # as in Path("data.csv").read_text()
                yield from _paths(_value(call.func.value, names))


def in_shell_lines(text: str) -> Iterator[str]:
    """The words of a cell's shell lines, which may be paths.

    Args:
        text: A cell as plain Python.
    """
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError):
        return
    for call in ast.walk(tree):
        match call:
            case ast.Call(func=function, args=[ast.Constant(value=str() as line), *_]):
                words = [word for word, _ in command_line.words(line)][1:]
                if _name(function) in _SHELL and _BY_STAGES.isdisjoint(words):
                    yield from words


def _name(function: ast.expr) -> str:
    if isinstance(function, ast.Attribute):
        return function.attr
    return function.id if isinstance(function, ast.Name) else ""


def _paths(value: str | PurePath | None) -> Iterator[str]:
    if isinstance(value, PurePath):
        yield str(value)
    elif value and len(value) <= _LONGEST:
        yield value
        yield from _QUOTED.findall(value)  # as in SQL


def _value(node: ast.expr, names: Mapping[str, Any]) -> str | PurePath | None:
    """The text or path that is an expression's value; None for any other expression."""
    match node:
        case ast.Constant(value=str() as text):
            return text
        case ast.Name(id=name) if isinstance(names.get(name), str | PurePath):
            value: str | PurePath = names[name]
            return value
        case ast.BinOp(left=left, op=ast.Div(), right=right):
            start, end = _value(left, names), _value(right, names)
            return Path(start) / end if start is not None and end is not None else None
        case ast.JoinedStr(values=parts):
            texts = [_value(_inner(part), names) for part in parts]
            return "".join(map(str, texts)) if None not in texts else None
        case ast.Call(func=function, args=[argument]) if _name(function) == "Path":
            return _value(argument, names)
    return None


def _inner(part: ast.expr) -> ast.expr:
    return part.value if isinstance(part, ast.FormattedValue) else part
