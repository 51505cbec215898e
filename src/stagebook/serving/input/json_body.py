"""JSON bodies: the four formats of MLflow's scoring protocol."""

import json
from collections.abc import Callable, Sequence
from typing import Any, NoReturn

from stagebook.project.text import counted
from stagebook.serving.input.rows import Rows, bad_request, nearest, require_distinct, short
from stagebook.serving.refusal import Refusal, RequestProblem, shown

SPLIT, RECORDS = "dataframe_split", "dataframe_records"
INSTANCES, INPUTS = "instances", "inputs"
PARAMS = "params"
FORMATS = (SPLIT, RECORDS, INSTANCES, INPUTS)
_SPLIT_KEYS = ("columns", "data", "index")
_MOST_KEYS = 10  # unknown keys that are listed


def parse(data: bytes, columns: Sequence[str], row_limit: int) -> Rows:
    """The rows in a JSON body; ``params`` are ignored.

    Args:
        data: The body as UTF-8, with or without a byte order mark.
        columns: The names for rows without names.
        row_limit: Not used: the whole text is in memory already.

    Raises:
        Refusal: With status 400.
    """
    body = load(data)
    if not isinstance(body, dict):
        message = f"The body is {_kind(body)}, but must be a JSON object."
        raise bad_request(RequestProblem("not-an-object", message, _FORMAT_HINT))
    key = _format(body)
    return _READERS[key](key, body[key], columns)


def load(data: bytes) -> Any:
    """The values in a JSON text, strictly by RFC 8259.

    Raises:
        Refusal: With status 400, if it is not JSON, repeats a key, or is beyond the limits.
    """
    try:
        return _DECODER.decode(data.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        message = f"The body is not UTF-8: byte {error.start} is invalid."
        raise bad_request(RequestProblem("not-utf-8", message, "Send the text as UTF-8.")) from None
    except RecursionError:
        message = "The body is nested too deeply."
        raise bad_request(RequestProblem("too-deep", message, _FORMAT_HINT)) from None
    except json.JSONDecodeError as error:
        message = f"The body is not JSON, line {error.lineno}, column {error.colno}: {error.msg}."
        raise bad_request(RequestProblem("bad-json", message)) from None
    except ValueError:  # Python's limit for the conversion of text to whole numbers
        message = "The body has a whole number of more than 4,300 digits."
        raise bad_request(RequestProblem("number-too-long", message)) from None


def _distinct(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    record = dict(pairs)
    if len(record) != len(pairs):
        seen: set[str] = set()
        for key, _ in pairs:
            if key in seen:
                message = f"A JSON object has the key `{short(key)}` twice."
                raise bad_request(RequestProblem("repeated-key", message))
            seen.add(key)
    return record


def _no_constant(literal: str) -> NoReturn:
    message = f"The body has {literal}, which is not JSON."
    hint = "Write null for a missing value."
    raise bad_request(RequestProblem("nan-literal", message, hint))


_DECODER = json.JSONDecoder(object_pairs_hook=_distinct, parse_constant=_no_constant)


def _format(body: dict[str, Any]) -> str:
    """The key of the body's format, if it has exactly one of the formats."""
    keys = [key for key in body if key in FORMATS]
    unknown = [key for key in body if key not in FORMATS and key != PARAMS]
    if len(keys) == 1 and not unknown:
        return keys[0]
    if len(keys) > 1:
        message = f"The body has the keys {' and '.join(keys)}, but must have one of them."
        raise bad_request(RequestProblem("several-formats", message))
    if not unknown:
        message = f"The body has none of the keys {', '.join(FORMATS)}."
        raise bad_request(RequestProblem("no-format", message, _FORMAT_HINT))
    problems = [
        RequestProblem(
            "unknown-key",
            f"The body has the unknown key `{short(key)}`.",
            nearest(key, (*FORMATS, PARAMS), _FORMAT_HINT),
        )
        for key in unknown[:_MOST_KEYS]
    ]
    raise Refusal(400, *problems)


def _split(key: str, value: Any, columns: Sequence[str]) -> Rows:
    """Rows as pandas' ``to_dict(orient="split")`` gives them; the index is ignored."""
    if not isinstance(value, dict) or not isinstance(value.get("data"), list):
        raise _bad(key, "must be an object with a list `data`", _SPLIT_HINT)
    if other := [name for name in value if name not in _SPLIT_KEYS]:
        hint = nearest(other[0], _SPLIT_KEYS, _SPLIT_HINT)
        raise _bad(key, f"has the unknown key `{short(other[0])}`", hint)
    names = value.get("columns")
    if names is None:
        names = list(columns)
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise _bad(key, "must have a list of texts as `columns`", _SPLIT_HINT)
    require_distinct(names)
    return _positional(key, value["data"], names)


def _positional(key: str, data: list[Any], names: Sequence[str]) -> Rows:
    """Rows that are lists of values; of a single column, the values themselves will do."""
    width = len(names)
    if width == 1 and not any(isinstance(row, list | dict) for row in data):
        data = [[value] for value in data]
    for place, row in enumerate(data):
        if type(row) is not list:
            raise _bad(key, f"must have lists of values, but row {place} is {_kind(row)}")
        if len(row) != width:
            message = f"Row {place} of `{key}` has {counted(len(row), 'value')}, but the columns"
            message = f"{message} are {width}: {shown(', '.join(names))}."
            raise bad_request(RequestProblem("rows-differ", message, row=place))
    return Rows(tuple(names), [dict(zip(names, row, strict=True)) for row in data])


def _records(key: str, value: Any, columns: Sequence[str]) -> Rows:
    """Rows that are objects; the columns' names are not needed."""
    if not isinstance(value, list):
        raise _bad(key, f"must be a list of objects, but is {_kind(value)}")
    for place, record in enumerate(value):
        if type(record) is not dict:
            raise _bad(key, f"must be a list of objects, but row {place} is {_kind(record)}")
    if not value:
        return Rows((), [])
    first = value[0].keys()
    if all(record.keys() == first for record in value):
        return Rows(tuple(first), value)
    return Rows(tuple(dict.fromkeys(name for record in value for name in record)), value)


def _tensors(key: str, value: Any, columns: Sequence[str]) -> Rows:
    """Rows as TensorFlow Serving takes them: by row, or by column."""
    if isinstance(value, dict):
        return _by_column(key, value)
    if isinstance(value, list) and value and isinstance(value[0], dict):
        return _records(key, value, columns)
    if not isinstance(value, list):
        raise _bad(key, f"must be a list or an object, but is {_kind(value)}")
    return _positional(key, value, columns)


def _by_column(key: str, value: dict[str, Any]) -> Rows:
    """One list for each column; values without lists are a single row."""
    if not value:
        return Rows((), [])
    if not any(isinstance(values, list) for values in value.values()):
        return Rows(tuple(value), [value])
    lengths = {name: len(values) for name, values in value.items() if isinstance(values, list)}
    if len(lengths) < len(value):
        name = next(name for name in value if name not in lengths)
        raise _bad(key, f"has lists, but `{short(name)}` is {_kind(value[name])}")
    if len(set(lengths.values())) > 1:
        first, *others = lengths
        other = next(name for name in others if lengths[name] != lengths[first])
        message = f"`{short(first)}` has {counted(lengths[first], 'value')}, but `{short(other)}`"
        message = f"{message} has {lengths[other]:,}."
        raise bad_request(RequestProblem("rows-differ", message, column=short(other)))
    names = tuple(value)
    rows = zip(*value.values(), strict=True)
    return Rows(names, [dict(zip(names, row, strict=True)) for row in rows])


_READERS: dict[str, Callable[[str, Any, Sequence[str]], Rows]] = {
    SPLIT: _split,
    RECORDS: _records,
    INSTANCES: _tensors,
    INPUTS: _tensors,
}
_FORMAT_HINT = 'Write, for example: {"dataframe_records": [{"column": 1.5}]}'
_SPLIT_HINT = 'Write: {"dataframe_split": {"columns": ["column"], "data": [[1.5]]}}'


def _bad(key: str, what: str, hint: str = "") -> Exception:
    return bad_request(RequestProblem("bad-format", f"`{key}` {what}.", hint))


def _kind(value: Any) -> str:
    """The kind of a JSON value in words."""
    if value is None:
        return "null"
    kinds = {dict: "an object", list: "a list", str: "text", bool: "a boolean"}
    return kinds.get(type(value), "a number")
