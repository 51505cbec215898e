"""JSON bodies: the four formats of MLflow's scoring protocol."""

from collections.abc import Callable, Sequence
from typing import Any

from stagebook.project.text import counted
from stagebook.serving.input.json_text import FORMAT_HINT, load
from stagebook.serving.input.rows import Rows, bad_request, nearest, require_distinct, short
from stagebook.serving.refusal import Refusal, RequestProblem, shown

SPLIT, RECORDS = "dataframe_split", "dataframe_records"
INSTANCES, INPUTS = "instances", "inputs"
PARAMS = "params"
FORMATS = (SPLIT, RECORDS, INSTANCES, INPUTS)
_SPLIT_KEYS = ("columns", "data", "index")
_MOST_KEYS = 10  # unknown keys that are listed


def parse(data: bytes, columns: Sequence[str], *, is_mlflow: bool = False) -> Rows:
    """The rows in a JSON body; ``params`` are ignored.

    Args:
        data: The body as UTF-8, with or without a byte order mark.
        columns: The names for rows without names.
        is_mlflow: Whether the body may have what MLflow's server takes beside its protocol: NaN
            for a missing value, further keys, and one value for all rows of a column.

    Raises:
        Refusal: With status 400.
    """
    body = load(data, nan_is_missing=is_mlflow)
    if not isinstance(body, dict):
        message = f"The body is {_kind(body)}, but must be a JSON object."
        raise bad_request(RequestProblem("not-an-object", message, FORMAT_HINT))
    key = _format(body, further_keys=is_mlflow)
    if not is_mlflow:
        return _READERS[key](key, body[key], columns)
    value = _filled(body[key]) if key in (INSTANCES, INPUTS) else body[key]
    rows = _READERS[key](key, value, columns)
    return Rows(rows.columns, rows.records, is_mlflow=True)


def _format(body: dict[str, Any], *, further_keys: bool) -> str:
    """The key of the body's format, if it has exactly one of the formats."""
    keys = [key for key in body if key in FORMATS]
    unknown = [key for key in body if key not in FORMATS and key != PARAMS]
    if len(keys) == 1 and (further_keys or not unknown):
        return keys[0]
    if len(keys) > 1:
        message = f"The body has the keys {' and '.join(keys)}, but must have one of them."
        raise bad_request(RequestProblem("several-formats", message))
    if not unknown:
        message = f"The body has none of the keys {', '.join(FORMATS)}."
        raise bad_request(RequestProblem("no-format", message, FORMAT_HINT))
    problems = [
        RequestProblem(
            "unknown-key",
            f"The body has the unknown key `{short(key)}`.",
            nearest(key, (*FORMATS, PARAMS), FORMAT_HINT),
        )
        for key in unknown[:_MOST_KEYS]
    ]
    raise Refusal(400, *problems)


def _split(key: str, value: Any, columns: Sequence[str]) -> Rows:
    """Rows as pandas' ``to_dict(orient="split")`` gives them; only the index's length matters."""
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
    _require_index(key, value.get("index"), len(value["data"]))
    return _positional(key, value["data"], names)


def _require_index(key: str, index: Any, rows: int) -> None:
    """Raises a Refusal if there is an index that is not one of these rows."""
    if index is None:
        return
    if not isinstance(index, list):
        raise _bad(key, "must have a list as `index`", _SPLIT_HINT)
    if len(index) != rows:
        labels = counted(len(index), "label")
        message = f"The index of `{key}` has {labels}, but `data` has {counted(rows, 'row')}."
        raise bad_request(RequestProblem("rows-differ", message))


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


def _filled(value: Any) -> Any:
    """Columns of which some are a single value for all rows, with the value in each row."""
    if not isinstance(value, dict):
        return value
    lengths = {len(values) for values in value.values() if isinstance(values, list)}
    if len(lengths) != 1:
        return value
    (rows,) = lengths
    return {
        name: values if isinstance(values, list) else [values] * rows
        for name, values in value.items()
    }


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
_SPLIT_HINT = 'Write: {"dataframe_split": {"columns": ["column"], "data": [[1.5]]}}'


def _bad(key: str, what: str, hint: str = "") -> Exception:
    return bad_request(RequestProblem("bad-format", f"`{key}` {what}.", hint))


def _kind(value: Any) -> str:
    """The kind of a JSON value in words."""
    if value is None:
        return "null"
    kinds = {dict: "an object", list: "a list", str: "text", bool: "a boolean"}
    return kinds.get(type(value), "a number")
