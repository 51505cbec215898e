"""Checks of definitions, and the line of code that an invalid one is on."""

import re
import sys
from collections.abc import Iterable, Sequence
from datetime import timedelta
from types import FrameType
from typing import Any

from stagebook.project.errors import Problem, StagebookError, Where, did_you_mean

_NAME = re.compile(r"[^\W\d]\w*")
_DTYPES = ("float64", "float32", "int64", "Int64", "bool", "boolean", "str", "datetime64[us, UTC]")
"""Dtypes that features usually have, for hints."""
NO_TTL: Any = object()
"""The ttl of a view that does not set it; None is a ttl."""


def as_schema(schema: Any) -> Any:
    """A pandera schema, of a class of columns or as it is."""
    return schema.to_schema() if hasattr(schema, "to_schema") else schema


def schema_columns(schema: Any, title: str, where: Where | None) -> tuple[str, ...]:
    """The names of a pandera schema's columns.

    Raises:
        StagebookError: It is not a pandera schema.
    """
    columns = getattr(as_schema(schema), "columns", None)
    if not isinstance(columns, dict):
        hint = "Set `schema` to a class that derives from `pandera.pandas.DataFrameModel`."
        raise StagebookError(
            Problem("not-a-contract", f"{title} has no pandera schema.", hint, where)
        )
    return tuple(columns)


def require_times(names: Iterable[str], schema: Any, title: str, where: Where | None) -> None:
    """Raises a StagebookError if a pandera schema has a type that is not a time for a column.

    Args:
        names: The columns that must be times.
        schema: The schema, as pandera's DataFrameSchema.
        title: What has the schema, as the start of a sentence.
        where: Where it is defined.
    """
    from pyarrow.types import is_timestamp

    from stagebook.data.contracts.contract import Contract

    for name, type_ in Contract(title, schema).fixed_types(names).items():
        if not is_timestamp(type_):
            message = (
                f"{title} uses `{name}` as a time, but its schema has the type {type_} for it."
            )
            hint = "Name a column of timestamps, or correct the schema."
            raise StagebookError(Problem("not-a-time", message, hint, where))


def require_ttl(ttl: Any, title: str, where: Where | None) -> None:
    """Raises a StagebookError unless a ttl is set, and is positive or None."""
    if ttl is NO_TTL:
        hint = "Set the age at which a value expires: ttl=timedelta(hours=3). None is never."
        raise StagebookError(Problem("no-ttl", f"{title} has no ttl.", hint, where))
    if not isinstance(ttl, timedelta | None):
        hint = "Use a timedelta, such as ttl=timedelta(hours=3), or None."
        message = f"{title} has the ttl {ttl!r}, which is not a timedelta."
        raise StagebookError(Problem("bad-ttl", message, hint, where))
    if ttl is not None and ttl <= timedelta(0):
        message = f"{title} has a ttl that is not positive."
        raise StagebookError(Problem("bad-ttl", message, "", where))


def require_dtype(dtype: Any, where: Where | None) -> None:
    """Raises a StagebookError unless a dtype is the name of one that never depends on values."""
    other = 'Use the name of another dtype, such as @on_demand("float64").'
    message = f"An on-demand feature cannot have the dtype {dtype!r}."
    if not isinstance(dtype, str) or dtype == "category":
        raise StagebookError(Problem("bad-on-demand-feature", message, other, where))
    import pandas as pd

    try:
        pd.Series([], dtype=dtype)
    except Exception as error:  # pandas, NumPy and Arrow each have their own
        hint = did_you_mean(dtype, _DTYPES, other)
        message = f"{message[:-1]}: {str(error).rstrip('.')}."
        raise StagebookError(Problem("bad-on-demand-feature", message, hint, where)) from None


def require_name(name: str, noun: str, where: Where | None) -> None:
    """Raises a StagebookError unless a name can be part of a column's name."""
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        hint = "Use letters, digits and underscores; the first character cannot be a digit."
        raise StagebookError(
            Problem("bad-name", f"`{name}` cannot be the name of a {noun}.", hint, where)
        )


def require_encodable(names: Iterable[str], what: str, where: Where | None) -> None:
    """Raises a StagebookError if a name has half of a surrogate pair, which no table can have."""
    for name in names:
        try:
            name.encode()
        except UnicodeEncodeError as error:
            message = f"{name!a} cannot be the name of {what}: {error}."
            raise StagebookError(Problem("bad-name", message, "", where)) from None


def require_unique(names: Iterable[str], what: str, where: Where | None) -> None:
    """Raises a StagebookError if a name is repeated."""
    names = tuple(names)
    if repeated := next((name for name in names if names.count(name) > 1), None):
        raise StagebookError(
            Problem("repeated-name", f"`{repeated}` is repeated in {what}.", "", where)
        )


def require_columns(
    owner: str, needed: Iterable[str], columns: Sequence[str], where: Where | None
) -> None:
    """Raises a StagebookError if a table lacks a column that is needed.

    Args:
        owner: The table, as the start of a sentence.
        needed: The columns that are needed.
        columns: The columns of the table.
        where: Where the table, or the definition that needs it, is.
    """
    for name in needed:
        if name not in columns:
            hint = did_you_mean(name, columns, f"The columns are: {', '.join(columns)}.")
            raise StagebookError(
                Problem("no-column", f"{owner} has no column `{name}`.", hint, where)
            )


def require_single(
    owner: str, needed: Iterable[str], columns: Sequence[str], where: Where | None
) -> None:
    """Raises a StagebookError if a table has two columns of one name; see `require_columns`."""
    if repeated := next((name for name in needed if columns.count(name) > 1), None):
        message = f"{owner} has two columns with the name `{repeated}`."
        raise StagebookError(Problem("repeated-name", message, "", where))


def invalid(code: str, message: str, hint: str, where: Where | None) -> StagebookError:
    """The error that a definition is not valid."""
    return StagebookError(Problem(code, message, hint, where))


def caller() -> Where | None:
    """The line outside of this package that is being executed."""
    frame: FrameType | None = sys._getframe(1)
    while frame is not None and _is_own(frame):
        frame = frame.f_back
    return Where(frame.f_code.co_filename, line=frame.f_lineno) if frame is not None else None


def _is_own(frame: FrameType) -> bool:
    return str(frame.f_globals.get("__name__", "")).startswith("stagebook.features.")
