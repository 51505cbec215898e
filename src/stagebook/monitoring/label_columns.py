"""The columns of a table of labels, and what they must be."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from stagebook.data.tables.table import Table
from stagebook.monitoring import join_keys
from stagebook.monitoring.label_bucket import NEVER
from stagebook.monitoring.label_values import Flags, Kind
from stagebook.project.errors import Problem, StagebookError, Where, did_you_mean


@dataclass(frozen=True, slots=True)
class LabelOptions:
    """The columns of a table of labels.

    Attributes:
        label: What came true.
        prediction: The id of the prediction, as ``/predict`` returns it.
        key: Instead of the id, the entity's keys, under the names that requests have.
        instant: The instant of the prediction, beside the keys, under the name that requests have.
        known: When the label was known; None if the table does not say it.
    """

    label: str
    prediction: str = "prediction"
    key: tuple[str, ...] = ()
    instant: str | None = None
    known: str | None = None

    @property
    def joined_by(self) -> tuple[str, ...]:
        """The columns that say which prediction a label is for."""
        if not self.key:
            return (self.prediction,)
        return (*self.key, *([self.instant] if self.instant else []))

    @property
    def columns(self) -> tuple[str, ...]:
        """All columns."""
        known = [self.known] if self.known else []
        return tuple(dict.fromkeys((*self.joined_by, self.label, *known)))


def require_columns(table: Table, options: LabelOptions, path: Path) -> None:
    """Raises a StagebookError if the table lacks a column (``no-label-column``)."""
    if options.key and not options.instant:
        message = "The labels have a key of the entity and no instant beside it."
        hint = "Name the column with the instant of the prediction: instant"
        raise StagebookError(Problem("no-label-column", message, hint, Where(str(path))))
    names = table.columns.names
    problems = [
        Problem(
            "no-label-column",
            f"The labels have no column `{name}`.",
            did_you_mean(name, names, f"They have: {', '.join(names[:20])}"),
            Where(str(path)),
        )
        for name in options.columns
        if name not in names
    ]
    if problems:
        raise StagebookError(*problems)


def require_type(path: Path, name: str, column: pa.Array, kind: Kind) -> None:
    """Raises a StagebookError if no value of a column's type is a label."""
    types = pa.types
    if types.is_integer(column.type) or types.is_floating(column.type):
        return
    expected = "true or false, or 1 or 0" if kind == "binary" else "a number"
    message = f"The column `{name}` has the type {column.type}; the package's label is {expected}."
    hint = "Name the column with what came true, and write it in the type that the model learned."
    raise StagebookError(Problem("label-of-another-type", message, hint, Where(str(path))))


def times(path: Path, name: str, column: pa.Array, *, at_end: bool = False) -> pa.Array:
    """A column of times as nanoseconds since 1970.

    Raises:
        StagebookError: It has other values, and no times (``label-time``).
    """
    values = join_keys.nanoseconds(column, at_end=at_end)
    if values is None or (column.is_valid().true_count and not values.is_valid().true_count):
        message = f"The column `{name}` of the labels has the type {column.type}, and is no time."
        hint = "Write times as timestamps; in CSV such as 2026-11-29T12:00:00Z."
        raise StagebookError(Problem("label-time", message, hint, Where(str(path))))
    return values


def known(
    path: Path, options: LabelOptions, columns: Mapping[str, pa.Array]
) -> tuple[join_keys.Days, Flags]:
    """When each label was known, a day when it is over; and which rows have something else."""
    if not options.known:
        count = len(columns[options.label])
        return np.full(count, NEVER, np.int64), np.zeros(count, np.bool_)
    column = columns[options.known]
    moments = times(path, options.known, column, at_end=True)
    is_timeless = pc.and_(moments.is_null(), column.is_valid()).to_numpy(zero_copy_only=False)
    filled = pc.fill_null(moments, NEVER).to_numpy(zero_copy_only=False)
    return np.asarray(filled, np.int64), np.asarray(is_timeless, np.bool_)


def known_until(
    path: Path, options: LabelOptions, columns: Mapping[str, pa.Array], until: int
) -> dict[str, pa.Array]:
    """The rows whose label was known before an instant, or whose time of it is missing or none.

    Args:
        path: The table, for problems.
        options: Its columns.
        columns: Their values.
        until: The instant in nanoseconds since 1970.
    """
    if not options.known:
        return dict(columns)
    moments = times(path, options.known, columns[options.known], at_end=True)
    is_known = pc.fill_null(pc.less(moments, until), True)
    return {name: values.filter(is_known) for name, values in columns.items()}
