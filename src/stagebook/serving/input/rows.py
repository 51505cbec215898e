"""The rows of a request before their types are known, and the refusal of a body without rows."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Self

import numpy as np
import pandas as pd

from stagebook.project.errors import did_you_mean
from stagebook.serving import column_values
from stagebook.serving.refusal import Refusal, RequestProblem

ROW_LIMIT = 10_000
_LONG = 80  # characters
_MANY = 1_000  # names


@dataclass(frozen=True, slots=True)
class Rows:
    """Rows of plain Python values.

    Attributes:
        columns: All names, in the order in which they first appear.
        records: The values of each row by name; a missing name is a missing key.
        is_text: Whether every value is text or None, as in CSV, and is still to be converted.
        is_mlflow: Whether a client of MLflow may have written the rows: ``NaT`` is a missing time.
    """

    columns: tuple[str, ...]
    records: list[dict[str, Any]]
    is_text: bool = False
    is_mlflow: bool = False

    @classmethod
    def of_frame(cls, frame: pd.DataFrame) -> Self:
        """The rows of a frame, with values of Python's own types.

        ``answers.records`` gives the values of JSON in their place: there, a number that is not
        finite is null. Here it stays, because the contract refuses it.

        Args:
            frame: n rows.
        """
        return cls(tuple(map(str, frame.columns)), by_row(frame, _python_values))


def by_row(frame: pd.DataFrame, values: Callable[[list[Any]], list[Any]]) -> list[dict[str, Any]]:
    """The rows of a frame, each as a dictionary.

    Args:
        frame: n rows.
        values: Gives the values of a column, from those of ``Series.tolist``.
    """
    names = [str(name) for name in frame.columns]
    columns = map(values, column_values.lists(frame))
    return [dict(zip(names, row, strict=True)) for row in zip(*columns, strict=True)]


def _python_values(values: list[Any]) -> list[Any]:
    """The values of a column; None where one is missing."""
    if all(type(value) is float and value == value for value in values):
        return values
    return [
        None if _is_missing(value) else value.item() if hasattr(value, "item") else value
        for value in values
    ]


def _is_missing(value: Any) -> bool:
    if isinstance(value, float | np.floating | Decimal):
        return bool(value != value)
    return value is None or value is pd.NA or value is pd.NaT


def bad_request(problem: RequestProblem) -> Refusal:
    """The refusal of a body that cannot be parsed."""
    return Refusal(400, problem)


def require_distinct(names: Sequence[str]) -> None:
    """Raises a Refusal if two columns have the same name."""
    if len(set(names)) == len(names):
        return
    seen: set[str] = set()
    repeated = next(name for name in names if name in seen or seen.add(name))  # type: ignore[func-returns-value]
    message = f"Two columns have the name `{short(repeated)}`."
    raise bad_request(RequestProblem("repeated-column", message, column=short(repeated)))


def require_few(rows: int, limit: int) -> None:
    """Raises a Refusal if a request has more rows than one request may have."""
    if rows > limit:
        message = f"The request has {rows:,} rows; at most {limit:,} are allowed."
        hint = "Send the rows in several requests."
        raise Refusal(413, RequestProblem("too-many-rows", message, hint))


def short(name: str) -> str:
    """A name that somebody sent, cut off where it is long."""
    return name if len(name) <= _LONG else f"{name[: _LONG - 1]}…"


def nearest(name: str, known: Sequence[str], otherwise: str = "") -> str:
    """A hint with the nearest known name, where it does not take long."""
    is_quick = len(name) <= _LONG and len(known) <= _MANY
    return did_you_mean(name, known, otherwise) if is_quick else otherwise
