"""Values as the text of Python literals: read from a cell or a command line, and written."""

import ast
import math
from collections.abc import Mapping

from stagebook.notebook.values import MismatchError, Value, ValueType, expression, fit, plain

_WORDS: Mapping[str, Value] = {
    "true": True,
    "false": False,
    "null": None,
    "inf": math.inf,
    "-inf": -math.inf,
    "nan": math.nan,
}


def read(node: ast.expr) -> Value:
    """The value of a Python literal, or of ``dict(a=1)`` and ``float("inf")``.

    Raises:
        MismatchError: The expression is not a literal, or YAML cannot express it.
    """
    match node:
        case ast.Call(func=ast.Name(id="dict"), args=[], keywords=keywords) if all(
            keyword.arg for keyword in keywords
        ):
            return {keyword.arg: read(keyword.value) for keyword in keywords}
        case ast.Call(
            func=ast.Name(id="float"), args=[ast.Constant(value="nan" | "inf" | "-inf" as word)]
        ):
            return float(word)
        case ast.List(elts=items):
            return [read(item) for item in items]
        case ast.Tuple(elts=items):
            return tuple(read(item) for item in items)
        case ast.Dict():
            return _read_dict(node)
    try:
        return plain(ast.literal_eval(node))
    except (ValueError, TypeError):  # from literal_eval, or a value that YAML cannot express
        raise _no_literal(node) from None


def from_text(text: str, type_: ValueType) -> Value:
    """The value of the text in ``-P name=text``.

    Text that reads as a literal of Python, or as a word of YAML such as ``true``, ``null`` or
    ``inf``, is that literal if it fits the type; otherwise the text itself, if text fits.

    Raises:
        MismatchError: Neither fits.
    """
    try:
        literal = _WORDS[text] if text in _WORDS else read(expression(text.strip()))
    except MismatchError:
        literal = text
    for value in (literal, text):
        try:
            return fit(value, type_)
        except MismatchError:
            continue
    raise MismatchError(f"{text!r} is not of the type {type_}")


def as_python(value: Value) -> str:
    """A Python literal of the value; ``float("inf")`` and such if Python has no literal."""
    match value:
        case float() if not math.isfinite(value):
            return f'float("{value}")'
        case list():
            return f"[{', '.join(map(as_python, value))}]"
        case tuple():
            return f"({''.join(f'{as_python(item)}, ' for item in value)})"
        case dict():
            items = (f"{as_python(key)}: {as_python(item)}" for key, item in value.items())
            return f"{{{', '.join(items)}}}"
    return repr(value)


def _read_dict(node: ast.Dict) -> Value:
    read_so_far: dict[Value, Value] = {}
    for key, value in zip(node.keys, node.values, strict=True):
        if key is None:  # ``**other``
            raise _no_literal(node)
        try:
            read_so_far[read(key)] = read(value)
        except TypeError:  # a key that holds a list
            raise _no_literal(node) from None
    return read_so_far


def _no_literal(node: ast.expr) -> MismatchError:
    return MismatchError(f"`{ast.unparse(node)}` is not a literal")
