"""The column of time by which a table is cut into blocks."""

from stagebook.data.drift.alignment import is_instant
from stagebook.data.profiles.column import Column, Numbers
from stagebook.data.profiles.profile import Profile
from stagebook.data.profiles.scale import DAY
from stagebook.project.errors import Problem, StagebookError, Where, did_you_mean

NEAR = 2 * DAY
"""Columns whose first and last times are at most so far apart, in microseconds, coincide."""


def time_column(table_profile: Profile, name: str | None, file: str) -> tuple[str | None, str]:
    """The column to cut a table by.

    Args:
        table_profile: The table's profile.
        name: The name that a person gave; None for a choice by Stagebook.
        file: The table, for the error.

    Returns:
        The named column, or the column of dates or timestamps with the fewest nulls; the first of
        several if they begin and end together. Otherwise None and the reason.

    Raises:
        StagebookError: The named column is not a column of time (``no-time-column``).
    """
    candidates = {column.name: column for column in table_profile.columns if is_instant(column)}
    if name is not None:
        if name not in candidates:
            raise StagebookError(_no_time_column(table_profile, name, list(candidates), file))
        return name, ""
    if not candidates:
        return (
            None,
            "The reference has no column of dates or timestamps, so it has no blocks of time.",
        )
    least = min(column.nulls for column in candidates.values())
    fewest = [column for column in candidates.values() if column.nulls == least]
    if any(not _coincide(fewest[0], other) for other in fewest[1:]):
        names = " or ".join(f"`{column.name}`" for column in fewest)
        return None, f"The time column of the reference is {names}: choose one with --time."
    return fewest[0].name, ""


def _coincide(left: Column, right: Column) -> bool:
    """Whether two columns begin and end at about the same time, as departure and arrival do."""
    item, other = left.detail, right.detail
    if not isinstance(item, Numbers) or not isinstance(other, Numbers):
        return False
    pairs = ((item.minimum, other.minimum), (item.maximum, other.maximum))
    return all(abs((a or 0) - (b or 0)) <= NEAR for a, b in pairs)


def _no_time_column(table_profile: Profile, name: str, candidates: list[str], file: str) -> Problem:
    column = table_profile.column(name)
    reason = (
        "does not exist"
        if column is None
        else f"is {column.type}, which is neither a date nor a timestamp"
    )
    others = (
        "The time columns are: " + ", ".join(candidates)
        if candidates
        else "The table has no column of dates or timestamps."
    )
    hint = did_you_mean(name, candidates, others)
    return Problem("no-time-column", f"Column `{name}` {reason}.", hint, Where(file))
