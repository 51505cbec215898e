"""The types of parameters, and the values that fit them."""

import ast
import contextlib
import math
import reprlib
import warnings
from dataclasses import dataclass
from typing import Any, TypeAlias

Value: TypeAlias = (
    "bool | int | float | str | list[Value] | tuple[Value, ...] | dict[Any, Value] | None"
)
"""A parameter's value: a literal that Python, YAML and JSON share, or a tuple."""


class MismatchError(ValueError):
    """A value does not fit a type; the text names both."""


@dataclass(frozen=True, slots=True)
class Scalar:
    """``int``, ``float``, ``str``, ``bool``, ``None`` or ``Any``."""

    name: str

    def __str__(self) -> str:
        return self.name


@dataclass(frozen=True, slots=True)
class OneOf:
    """``Literal[...]``: one of these values."""

    options: tuple[Value, ...]

    def __str__(self) -> str:
        return f"Literal[{', '.join(map(repr, self.options))}]"


@dataclass(frozen=True, slots=True)
class Either:
    """``X | Y``: a value of any of these types."""

    options: "tuple[ValueType, ...]"

    def __str__(self) -> str:
        return " | ".join(map(str, self.options))


@dataclass(frozen=True, slots=True)
class ListOf:
    """``list[X]``; a bare ``list`` is ``list[Any]``."""

    item: "ValueType"

    def __str__(self) -> str:
        return f"list[{self.item}]"


@dataclass(frozen=True, slots=True)
class DictOf:
    """``dict[K, V]``; a bare ``dict`` is ``dict[Any, Any]``."""

    key: "ValueType"
    value: "ValueType"

    def __str__(self) -> str:
        return f"dict[{self.key}, {self.value}]"


@dataclass(frozen=True, slots=True)
class TupleOf:
    """``tuple[X, Y]``, or ``tuple[X, ...]`` if ``repeated``; YAML writes it as a list."""

    items: "tuple[ValueType, ...]"
    repeated: bool = False

    def __str__(self) -> str:
        items = ", ".join(map(str, self.items)) or "()"
        return f"tuple[{items}{', ...' if self.repeated else ''}]"


ValueType: TypeAlias = Scalar | OneOf | Either | ListOf | DictOf | TupleOf
ANY = Scalar("Any")
_NONE = Scalar("None")
_CLASSES = {"int": int, "float": float, "str": str, "bool": bool}


def parse_type(node: ast.expr) -> ValueType:
    """The type of an annotation.

    Raises:
        MismatchError: A parameter cannot have this type.
    """
    match node:
        case ast.Constant(value=None):
            return _NONE
        case ast.Constant(value=str() as text):
            return parse_type(expression(text))
        case ast.BinOp(left=left, op=ast.BitOr(), right=right):
            return _either(parse_type(left), parse_type(right))
        case ast.Attribute(attr=name) | ast.Name(id=name):
            return _bare(name)
        case ast.Subscript(value=ast.Attribute(attr=name) | ast.Name(id=name), slice=inner):
            return _subscripted(name, inner)
    raise MismatchError(f"`{ast.unparse(node)}` is not a type that a parameter can have")


def type_of(value: Value) -> ValueType:
    """The type of a default that has no annotation."""
    match value:
        case None:
            return ANY
        case bool() | int() | float() | str():
            return Scalar(type(value).__name__)
        case list():
            return ListOf(_common(value))
        case tuple():
            return TupleOf(tuple(map(type_of, value)))
    return DictOf(_common(list(value)), _common(list(value.values())))


def fit(value: Any, type_: ValueType) -> Value:
    """The value converted to the type: an ``int`` becomes a declared ``float``.

    Raises:
        MismatchError: The value does not fit; ``bool`` is not ``int``, and text is not a number.
    """
    match type_:
        case Scalar(name="Any"):
            return plain(value)
        case Scalar(name="None"):
            fits = value is None
        case Scalar(name="float"):
            fits = isinstance(value, float)
            if isinstance(value, int) and not isinstance(value, bool):
                return _float(value)
        case Scalar(name=name):
            fits = type(value) is _CLASSES[name]
        case OneOf(options=options):
            fits = any(type(value) is type(option) and value == option for option in options)
        case Either(options=options):
            return _fit_either(value, options)
        case _:
            return _fit_collection(value, type_)
    if not fits:
        raise MismatchError(f"{value!r} is not of the type {type_}")
    return value  # type: ignore[no-any-return]


def same(value: Value, other: Value) -> bool:
    """Whether two values are the same in type and content; NaN is the same as NaN."""
    return repr(value) == repr(other)


def expression(text: str) -> ast.expr:
    """The expression in a text.

    Raises:
        MismatchError: It is not an expression.
    """
    try:
        with warnings.catch_warnings(action="ignore"):
            return ast.parse(text, mode="eval").body
    except (SyntaxError, ValueError, MemoryError, RecursionError):  # the last two: too deep
        raise MismatchError(f"{text!r} is not an expression") from None


def _float(value: int) -> float:
    try:
        return float(value)
    except OverflowError:
        raise MismatchError(f"{reprlib.repr(value)} is too large for a float") from None


def _option(node: ast.expr) -> Value:
    try:
        return plain(ast.literal_eval(node))
    except ValueError:
        raise MismatchError(f"`{ast.unparse(node)}` is not a literal") from None


def _either(*options: ValueType) -> ValueType:
    flat: list[ValueType] = []
    for option in options:
        for item in option.options if isinstance(option, Either) else (option,):
            if item not in flat:
                flat.append(item)
    return flat[0] if len(flat) == 1 else Either(tuple(flat))


def _bare(name: str) -> ValueType:
    if name in (*_CLASSES, "Any"):
        return Scalar(name)
    collections: dict[str, ValueType] = {
        "list": ListOf(ANY),
        "dict": DictOf(ANY, ANY),
        "tuple": TupleOf((ANY,), repeated=True),
    }
    if name.lower() in collections:
        return collections[name.lower()]
    raise MismatchError(
        f"`{name}` is not a type that a parameter can have "
        "(int, float, str, bool, None, Any, Literal, list, dict, tuple, and `|` between them)"
    )


def _subscripted(name: str, inner: ast.expr) -> ValueType:
    items = list(inner.elts) if isinstance(inner, ast.Tuple) else [inner]
    match name.lower(), len(items):
        case "literal", _ if items:
            return OneOf(tuple(map(_option, items)))
        case "optional", 1:
            return _either(parse_type(items[0]), _NONE)
        case "union", _ if items:
            return _either(*map(parse_type, items))
        case "list", 1:
            return ListOf(parse_type(items[0]))
        case "dict", 2:
            return DictOf(parse_type(items[0]), parse_type(items[1]))
        case "tuple", _:
            match items:
                case [item, ast.Constant(value=value)] if value is Ellipsis:
                    return TupleOf((parse_type(item),), repeated=True)
            return TupleOf(tuple(map(parse_type, items)))
    raise MismatchError(f"`{name}[{ast.unparse(inner)}]` is not a type that a parameter can have")


def _common(values: list[Any]) -> ValueType:
    return _either(*map(type_of, values)) if values else ANY


def _fit_either(value: Any, options: tuple[ValueType, ...]) -> Value:
    """The value by the first type that does not change it, or else by the first that it fits."""
    fitted: list[Value] = []
    for option in options:
        with contextlib.suppress(MismatchError):
            fitted.append(fit(value, option))
    if not fitted:
        raise MismatchError(f"{value!r} is not of the type {Either(options)}")
    return next((item for item in fitted if same(item, value)), fitted[0])


def _fit_collection(value: Any, type_: ValueType) -> Value:
    match type_, value:
        case ListOf(item=item), list():
            return [fit(part, item) for part in value]
        case DictOf(key=key, value=of), dict():
            return {fit(part, key): fit(other, of) for part, other in value.items()}
        case TupleOf(items=items, repeated=True), list() | tuple():
            return tuple(fit(part, items[0]) for part in value)
        case TupleOf(items=items), list() | tuple() if len(value) == len(items):
            return tuple(fit(part, item) for part, item in zip(value, items, strict=True))
    raise MismatchError(f"{value!r} is not of the type {type_}")


def plain(value: Any) -> Value:
    """The value, if Python and YAML both have it and everything in it.

    Raises:
        MismatchError: YAML cannot express it.
    """
    match value:
        case None | bool() | int() | str():
            return value
        case float():
            return value if not math.isnan(value) else math.nan
        case list():
            return [plain(item) for item in value]
        case tuple():
            return tuple(plain(item) for item in value)
        case dict():
            return {plain(key): plain(item) for key, item in value.items()}
    raise MismatchError(f"{value!r} is not a value that YAML and Python both have")
