"""The predictions of a day with their labels, as counts that merge to weeks and months."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Self

from stagebook.monitoring import labelled_rows
from stagebook.monitoring.labelled_rows import LabelledRows
from stagebook.project.errors import Problem, StagebookError

FORMAT = 2

OTHER = "(other)"
"""The slice of all values that have no slice of their own."""

MISSING = "(missing)"
"""The slice of rows without a value."""

NOT_LOGGED = "(not logged)"
"""The slice of rows of which the log does not have the column."""

Slice = Mapping[str, LabelledRows]
"""Rows by the text of a column's value. Each row is in one of them."""


@dataclass(frozen=True, slots=True)
class LabelledDay:
    """The rows that one package predicted on a day, or on several after ``merge``.

    A row belongs to the day on which it was predicted, whenever its label comes.

    Attributes:
        package: The package's digest.
        role: ``champion``, or ``challenger`` for predictions that nobody was sent.
        days: The days (UTC), such as ``2026-11-29``, ascending.
        whole: All its rows.
        slices: Its rows by the values of some columns.

    Example:
        >>> from stagebook.monitoring.labelled_day import LabelledDay, merge
        >>> from stagebook.monitoring.labelled_rows import LabelledRows
        >>> monday = LabelledDay("a" * 64, "champion", ("2026-11-23",), LabelledRows(10, 9, 0))
        >>> tuesday = LabelledDay("a" * 64, "champion", ("2026-11-24",), LabelledRows(10, 3, 1))
        >>> both = merge([monday, tuesday])
        >>> both.days, both.whole.share, both.whole.unlabelled
        (('2026-11-23', '2026-11-24'), 0.6, 7)
    """

    package: str
    role: str
    days: tuple[str, ...]
    whole: LabelledRows
    slices: Mapping[str, Slice] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """Plain values, with the format version."""
        return {
            "format": FORMAT,
            "package": self.package,
            "role": self.role,
            "days": list(self.days),
            "whole": self.whole.as_json(),
            "slices": {
                column: {value: rows.as_json() for value, rows in sorted(values.items())}
                for column, values in self.slices.items()
            },
        }

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Self:
        """The day in plain values.

        Raises:
            KeyError: A value is missing.
            TypeError: A value is of the wrong kind.
            ValueError: A value is impossible, or the format is another.
        """
        if values["format"] != FORMAT:
            raise ValueError(f"it has format {values['format']!r}; this Stagebook reads {FORMAT}")
        return cls(
            str(values["package"]),
            str(values["role"]),
            tuple(map(str, values["days"])),
            LabelledRows.from_json(values["whole"]),
            {
                column: {value: LabelledRows.from_json(rows) for value, rows in part.items()}
                for column, part in values["slices"].items()
            },
        )


def merge(days: Sequence[LabelledDay]) -> LabelledDay:
    """All rows together.

    A value that one of the days counts in ``(other)`` is there after the merge as well, so a slice
    has all rows of its value.

    Args:
        days: At least one; all of one package, one role, one kind and with the same slices.

    Raises:
        StagebookError: They are of different packages (``packages-differ``).
    """
    if len({(day.package, day.role) for day in days}) != 1:
        names = ", ".join(sorted({f"`{day.package[:12]}` ({day.role})" for day in days}))
        message = f"Days of different packages cannot be merged: {names}."
        raise StagebookError(Problem("packages-differ", message, "Merge those of one package."))
    columns = dict.fromkeys(column for day in days for column in day.slices)
    return LabelledDay(
        days[0].package,
        days[0].role,
        tuple(sorted({name for day in days for name in day.days})),
        labelled_rows.merge(day.whole for day in days),
        {column: _merged([day.slices[column] for day in days]) for column in columns},
    )


def _merged(parts: Sequence[Slice]) -> Slice:
    values: defaultdict[str, list[LabelledRows]] = defaultdict(list)
    partial = [set(part) for part in parts if OTHER in part]
    for part in parts:
        for value, rows in part.items():
            values[value if _is_whole(value, partial) else OTHER].append(rows)
    return {value: labelled_rows.merge(rows) for value, rows in values.items()}


def _is_whole(value: str, partial: Iterable[set[str]]) -> bool:
    """Whether no part can have rows of a value in ``(other)``."""
    return value in (MISSING, NOT_LOGGED) or all(value in own for own in partial)
