"""The features, or the predictions, of logged rows: counts on the grids of a package."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Self

from stagebook.data.profiles import column_json
from stagebook.data.profiles import merge as profile_merge
from stagebook.data.profiles.column import Column, ColumnKind
from stagebook.data.profiles.profile import Profile


@dataclass(frozen=True, slots=True)
class SideSummary:
    """One side of the log, features or predictions, compared with what the package knows of it.

    Attributes:
        columns: The columns that the package knows, in its order and with its types. Each has only
            the rows in which it was logged with values of its kind; none, if it never was.
        others: Columns that the package does not know, and those of it that had values of another
            kind: name, logged type, rows and nulls, without detail; sorted.
        rows: Rows that have this side.
    """

    columns: tuple[Column, ...]
    others: tuple[Column, ...]
    rows: int

    @property
    def profile(self) -> Profile:
        """The profile to compare with the package's.

        Columns that were never logged are not in it. A column that never had values of its kind
        has the kind that it had most often.
        """
        columns = [column if column.rows else self._other(column) for column in self.columns]
        return Profile(tuple(column for column in columns if column is not None), self.rows)

    def _other(self, column: Column) -> Column | None:
        others = [other for other in self.others if other.name == column.name]
        return max(others, key=lambda other: other.rows, default=None)

    @property
    def retyped(self) -> tuple[Column, ...]:
        """The columns of the package that had values of another kind, as they were logged."""
        names = {column.name for column in self.columns}
        return tuple(other for other in self.others if other.name in names)

    @property
    def added(self) -> tuple[Column, ...]:
        """The columns that the package does not know, for example under a masked name."""
        names = {column.name for column in self.columns}
        return tuple(other for other in self.others if other.name not in names)

    @property
    def absent(self) -> Mapping[str, int]:
        """By column, in how many rows it was not logged at all; columns without any are left out.

        The log does not say why: it can be left out by an option, or have a masked name.
        """
        rows = {column.name: self.rows - column.rows for column in self.columns}
        for other in self.retyped:
            rows[other.name] -= other.rows
        return {name: count for name, count in rows.items() if count}

    @property
    def left_out(self) -> tuple[str, ...]:
        """The columns that no row has."""
        return tuple(name for name, count in self.absent.items() if count == self.rows)

    def as_json(self) -> dict[str, Any]:
        """Plain values."""
        return {
            "rows": self.rows,
            "columns": [_plain(column) for column in self.columns],
            "others": [
                [other.name, other.type, other.kind.value, other.rows, other.nulls]
                for other in self.others
            ],
        }

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Self:
        """The side in plain values.

        Raises:
            KeyError: A value is missing.
            TypeError: A value is of the wrong kind.
            ValueError: A value is impossible.
        """
        columns = [
            column_json.parse(column, column_json.count(column["rows"]))
            for column in values["columns"]
        ]
        others = [
            Column(name, type_, ColumnKind(kind), column_json.count(rows), nulls, None)
            for name, type_, kind, rows, nulls in values["others"]
        ]
        return cls(tuple(columns), tuple(others), column_json.count(values["rows"]))


def _plain(column: Column) -> dict[str, Any]:
    values = column_json.render(column) | {"rows": column.rows}
    values.pop("shown", None)  # for people
    return values


def merge(sides: Sequence[SideSummary]) -> SideSummary:
    """The summary of all rows together.

    Args:
        sides: At least one; all of one package.

    Raises:
        StagebookError: They are of packages with other columns or grids (``profile-columns``).
    """
    if len(sides) == 1:
        return sides[0]
    merged = profile_merge.merge([Profile(side.columns, side.rows) for side in sides])
    others: dict[tuple[str, str, str], list[Column]] = defaultdict(list)
    for side in sides:
        for other in side.others:
            others[other.name, other.type, other.kind].append(other)
    return SideSummary(
        merged.columns,
        tuple(_together(alike) for _, alike in sorted(others.items())),
        merged.rows,
    )


def _together(columns: Sequence[Column]) -> Column:
    rows, nulls = (sum(getattr(column, name) for column in columns) for name in ("rows", "nulls"))
    return replace(columns[0], rows=rows, nulls=nulls)
