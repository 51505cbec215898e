"""The rows of a batch in the order of their times, and what they must have."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import numpy.typing as npt
import pandas as pd

from stagebook.project.errors import Problem, StagebookError, did_you_mean
from stagebook.project.text import counted
from stagebook.serving.ids import Times
from stagebook.serving.log.writer import day_of

_SHOWN = 20
_DAY = 86_400_000_000_000  # nanoseconds


@dataclass(frozen=True, slots=True, eq=False)
class BatchRows:
    """The rows of a batch, or some of them.

    Attributes:
        features: The columns of the model, the earliest row first.
        keys: The columns that are logged beside them; None for none.
        times: The time of each row in nanoseconds since 1970, ascending.
        order: The place of each row in the table.
    """

    features: pd.DataFrame
    keys: pd.DataFrame | None
    times: Times
    order: npt.NDArray[np.intp]

    @classmethod
    def of(
        cls, rows: pd.DataFrame, features: Sequence[str], time: str, keys: Sequence[str]
    ) -> Self:
        """The rows of a table; rows of the same time keep their order.

        Args:
            rows: The table.
            features: The columns of the model.
            time: The column with the times.
            keys: Columns that are logged with the time.

        Raises:
            StagebookError: A column or a time is missing; see ``log_batch``.
        """
        if isinstance(keys, str):
            message = f"keys is {keys!r}, but must be a list of names."
            raise StagebookError(Problem("no-column", message, f'Write: keys=["{keys}"]'))
        if problems := [*_problems(rows, features, time, keys)]:
            raise StagebookError(*problems)
        times = _times(rows[time])
        order = np.argsort(times, kind="stable")
        sorted_rows = rows.take(order).reset_index(drop=True)
        named = list(dict.fromkeys((*keys, time)))
        return cls(
            sorted_rows[list(features)], sorted_rows[named] if keys else None, times[order], order
        )

    def days(self) -> dict[str, tuple[int, int]]:
        """By day, such as ``2026-11-29``, the place of its first row and that behind its last."""
        numbers = self.times // _DAY
        begins = np.flatnonzero(np.diff(numbers, prepend=-1)).tolist()
        ends = [*begins[1:], len(numbers)][: len(begins)]  # no rows have no day
        names = [day_of(int(numbers[place]) * 86_400) for place in begins]
        return dict(zip(names, zip(begins, ends, strict=True), strict=True))


def _problems(
    rows: pd.DataFrame, features: Sequence[str], time: str, keys: Sequence[str]
) -> Iterator[Problem]:
    names = list(map(str, rows.columns))
    known = f"They have: {', '.join(names[:_SHOWN])}"
    for name in dict.fromkeys((*features, time, *keys)):
        if names.count(name) > 1:
            message = f"Two columns of the rows have the name `{name}`."
            yield Problem("repeated-column", message, "Give each column a name of its own.")
    for name in features:
        if name not in names:
            message = f"The rows have no column `{name}`, which the model needs."
            yield Problem("missing-column", message, did_you_mean(name, names, known))
    for name in keys:
        if name not in names:
            message = f"The rows have no column `{name}` to log as a key."
            yield Problem("no-column", message, did_you_mean(name, names, known))
    if time not in names:
        message = f"The rows have no column `{time}` with their times."
        yield Problem("no-time-column", message, did_you_mean(time, names, known))
    elif names.count(time) == 1:
        yield from _problems_of_times(rows[time])


def _problems_of_times(values: pd.Series) -> Iterator[Problem]:
    if not pd.api.types.is_datetime64_any_dtype(values.dtype):
        message = f"The column `{values.name}` has the type {values.dtype}, and is no time."
        hint = "Convert it: pandas.to_datetime(rows[...], utc=True)"
        yield Problem("no-time-column", message, hint)
        return
    if missing := int(values.isna().sum()):
        message = f"{counted(missing, 'row')} of {len(values):,} have no `{values.name}`."
        hint = "Leave these rows out, or give them a time: the log is sorted by it."
        yield Problem("no-time", message, hint)
        return
    if len(values) and (earliest := pd.Timestamp(values.min())).year < 1970:
        message = f"`{values.name}` is {earliest} in a row; a log begins in 1970."
        yield Problem("time-out-of-range", message, "Correct the time, or leave the row out.")


def _times(values: pd.Series) -> Times:
    instants: Any = pd.to_datetime(values, utc=True).dt.as_unit("ns").dt.tz_convert(None)
    return np.asarray(instants.to_numpy("datetime64[ns]")).astype(np.int64)
