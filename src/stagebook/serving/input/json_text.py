"""The text of a JSON body: strict JSON, or JSON with Python's NaN."""

import json
import re
from typing import Any, NoReturn

from stagebook.serving.input.rows import bad_request, short
from stagebook.serving.refusal import Refusal, RequestProblem

_TEXT_OR_CONSTANT = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"|(NaN|-?Infinity)', re.DOTALL)


class _ConstantError(Exception):
    """A number of Python's that JSON does not have."""


def load(data: bytes, *, nan_is_missing: bool = False) -> Any:
    """The values in a JSON text, strictly by RFC 8259.

    Args:
        data: The text as UTF-8, with or without a byte order mark.
        nan_is_missing: Whether NaN is read as null, as MLflow's client writes a missing value.

    Raises:
        Refusal: With status 400, if it is not JSON, repeats a key, or is beyond the limits.
    """
    decoder = _WITH_NAN if nan_is_missing else _STRICT
    try:
        text = data.decode("utf-8-sig")
        return decoder.decode(text)
    except UnicodeDecodeError as error:
        message = f"The body is not UTF-8: byte {error.start} is invalid."
        raise bad_request(RequestProblem("not-utf-8", message, "Send the text as UTF-8.")) from None
    except RecursionError:
        message = "The body is nested too deeply."
        raise bad_request(RequestProblem("too-deep", message, FORMAT_HINT)) from None
    except _ConstantError as error:
        raise _not_json(text, str(error)) from None
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
    raise _ConstantError(literal)


def _nan_alone(literal: str) -> None:
    if literal != "NaN":
        raise _ConstantError(literal)


def _not_json(text: str, literal: str) -> Refusal:
    """The refusal of the first constant of this name outside texts."""
    places = (match.start(1) for match in _TEXT_OR_CONSTANT.finditer(text) if match[1] == literal)
    place = next(places, 0)
    line, column = text.count("\n", 0, place) + 1, place - text.rfind("\n", 0, place)
    message = f"The body has {literal}, which is not JSON, in line {line}, column {column}."
    is_nan = literal == "NaN"
    hint = "Write null for a missing value." if is_nan else "Write a finite number, or null."
    return bad_request(RequestProblem("nan-literal", message, hint))


_STRICT = json.JSONDecoder(object_pairs_hook=_distinct, parse_constant=_no_constant)
_WITH_NAN = json.JSONDecoder(object_pairs_hook=_distinct, parse_constant=_nan_alone)
FORMAT_HINT = 'Write, for example: {"dataframe_records": [{"column": 1.5}]}'
"""The hint for a body that has none of the formats."""
