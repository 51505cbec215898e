"""The columns of a package as JSON Schema, with the bounds of its contract."""

import re
from collections.abc import Callable, Mapping
from typing import Any

from stagebook.model.schema import Field, Schema

_Json = dict[str, Any]


def row(schema: Schema) -> _Json:
    """The schema of a row: an object with all columns and no others."""
    return {
        "type": "object",
        "properties": {field.name: column(field) for field in schema.fields},
        "required": [field.name for field in schema.fields],
        "additionalProperties": False,
    }


def prediction(schema: Schema) -> _Json:
    """The schema of a predicted row; a number that is not finite is null."""
    properties = {field.name: _nullable(_type(field)) for field in schema.fields}
    return {"type": "object", "properties": properties, "required": list(properties)}


def column(field: Field) -> _Json:
    """The schema of a value of a column."""
    schema = _type(field)
    for check in field.checks:
        _narrow(schema, _limits(check, schema["type"]))
    if field.rules:
        schema["description"] = "; ".join(field.rules)
    is_whole = re.fullmatch(r"u?int\d+|bool", field.dtype)
    return _nullable(schema) if field.nullable and not is_whole else schema


def _narrow(schema: _Json, limits: _Json) -> None:
    """Adds limits to a schema; of two minimums or maximums, the tighter one stays."""
    for keyword, choose in (("minimum", max), ("maximum", min)):
        if keyword in limits and keyword in schema:
            schema[keyword] = choose(schema[keyword], limits.pop(keyword))
    if limits.keys() & schema.keys():
        schema.setdefault("allOf", []).append(limits)
    else:
        schema.update(limits)


def _type(field: Field) -> _Json:
    match field.type:
        case "boolean":
            return {"type": "boolean"}
        case "integer" | "long":
            return {"type": "integer", **_whole_limits(field.dtype)}
        case "float" | "double":
            return {"type": "number"}
        case "datetime":
            if field.dtype == "object":
                return {"type": "string", "format": "date"}
            has_zone = "," in field.dtype  # a date-time of JSON Schema has a time zone
            return {"type": "string", **({"format": "date-time"} if has_zone else {})}
        case "binary":
            return {"type": "string", "contentEncoding": "base64"}
    return {"type": "string"}


def _whole_limits(dtype: str) -> _Json:
    match = re.fullmatch(r"(u?)int(8|16|32|64)", dtype.lower())
    if not match:
        return {}
    bits = int(match[2])
    if match[1]:
        return {"minimum": 0, "maximum": 2**bits - 1}
    return {"minimum": -(2 ** (bits - 1)), "maximum": 2 ** (bits - 1) - 1}


def _nullable(schema: _Json) -> _Json:
    widened = {**schema, "type": [schema["type"], "null"]}
    if "enum" in widened:
        widened["enum"] = [*widened["enum"], None]
    if "const" in widened:
        widened["enum"] = [widened.pop("const"), None]
    return widened


def _limits(check: Mapping[str, Any], type_: str) -> _Json:
    """The limits of a check in JSON Schema; empty if it has no words for them."""
    make = _LIMITS.get(check["check"])
    try:
        return make(check, type_) if make else {}
    except (KeyError, TypeError, ValueError):
        return {}


def _bound(keyword: str, argument: str) -> Callable[[Mapping[str, Any], str], _Json]:
    return lambda check, type_: {keyword: _number(check[argument], type_)}


def _number(value: Any, type_: str) -> float:
    """A bound as a number; NumPy's numbers were written as text."""
    if type_ not in ("integer", "number") or isinstance(value, bool):
        raise TypeError("only numbers have bounds in JSON Schema")
    number = float(value)
    if number in (float("inf"), -float("inf")) or number != number:
        raise ValueError("not in JSON")
    return int(number) if number.is_integer() else number


def _in_range(check: Mapping[str, Any], type_: str) -> _Json:
    low = "minimum" if check.get("include_min", True) else "exclusiveMinimum"
    high = "maximum" if check.get("include_max", True) else "exclusiveMaximum"
    return {
        low: _number(check["min_value"], type_),
        high: _number(check["max_value"], type_),
    }


def _values(check: Mapping[str, Any], argument: str, type_: str) -> list[Any]:
    values = [_plain(value, type_) for value in check[argument] if value is not None]
    if not values:
        raise ValueError("no values")
    return list(dict.fromkeys(values))


def _plain(value: Any, type_: str) -> Any:
    return _number(value, type_) if type_ in ("integer", "number") else value


def _length(check: Mapping[str, Any], type_: str) -> _Json:
    exact = check.get("exact_value")
    low, high = (exact, exact) if exact is not None else (check["min_value"], check["max_value"])
    limits = {"minLength": low, "maxLength": high}
    return {keyword: int(limit) for keyword, limit in limits.items() if limit is not None}


def _pattern(text: str) -> str:
    """An expression that JavaScript, and so JSON Schema, reads as Python does."""
    if re.search(r"\(\?|\\[AZ]|^re\.compile\(", text):
        raise ValueError("an expression of Python's own")
    return text


_LIMITS: dict[str, Callable[[Mapping[str, Any], str], _Json]] = {
    "greater_than": _bound("exclusiveMinimum", "min_value"),
    "greater_than_or_equal_to": _bound("minimum", "min_value"),
    "less_than": _bound("exclusiveMaximum", "max_value"),
    "less_than_or_equal_to": _bound("maximum", "max_value"),
    "in_range": _in_range,
    "equal_to": lambda check, type_: {"const": _plain(check["value"], type_)},
    "not_equal_to": lambda check, type_: {"not": {"const": _plain(check["value"], type_)}},
    "isin": lambda check, type_: {"enum": _values(check, "allowed_values", type_)},
    "notin": lambda check, type_: {"not": {"enum": _values(check, "forbidden_values", type_)}},
    "str_matches": lambda check, type_: {"pattern": f"^(?:{_pattern(check['pattern'])})"},
    "str_contains": lambda check, type_: {"pattern": _pattern(check["pattern"])},
    "str_startswith": lambda check, type_: {"pattern": f"^{re.escape(check['string'])}"},
    "str_endswith": lambda check, type_: {"pattern": f"{re.escape(check['string'])}$"},
    "str_length": _length,
}
