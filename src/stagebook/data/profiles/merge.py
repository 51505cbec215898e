"""Merges the profiles of parts into the profile of all rows."""

from collections import Counter
from collections.abc import Sequence
from functools import reduce
from typing import TypeVar

from stagebook.data.profiles.column import Booleans, Column, Detail, Numbers, Texts, small
from stagebook.data.profiles.profile import Profile
from stagebook.data.profiles.scale import Number
from stagebook.data.profiles.sketch import Sketch
from stagebook.data.profiles.texts import sketch_of
from stagebook.project.errors import Problem, StagebookError

N = TypeVar("N", int, Number)

_SAME_COLUMNS = "Merge profiles of tables that have the same columns."


def merge(profiles: Sequence[Profile]) -> Profile:
    """The profile of all rows of some tables, equal to the byte to profiling them together.

    Args:
        profiles: At least one; all made with the grids of one reference.

    Raises:
        StagebookError: Their columns differ, or their grids do (``profile-columns``).
    """
    first, *others = profiles
    problems = [problem for other in others for problem in _differences(first, other)]
    if problems:
        raise StagebookError(*dict.fromkeys(problems))
    columns = zip(*(profile.columns for profile in profiles), strict=True)
    return Profile(
        tuple(reduce(_column, column) for column in columns),
        sum(profile.rows for profile in profiles),
    )


def _differences(first: Profile, other: Profile) -> list[Problem]:
    names = [[column.name for column in item.columns] for item in (first, other)]
    if names[0] != names[1]:
        odd = sorted(set(names[0]) ^ set(names[1]))
        message = (
            f"These columns are not in all profiles: {', '.join(odd)}."
            if odd
            else "The profiles have the same columns in different orders."
        )
        return [Problem("profile-columns", message, _SAME_COLUMNS)]
    pairs = zip(first.columns, other.columns, strict=True)
    return [problem for pair in pairs for problem in _difference(*pair)]


def _difference(left: Column, right: Column) -> list[Problem]:
    if left.type != right.type or left.kind is not right.kind:
        message = f"Column `{left.name}` is {left.type} in one profile and {right.type} in another."
        return [Problem("profile-columns", message, _SAME_COLUMNS)]
    if _grid(left) != _grid(right):
        message = f"Column `{left.name}` has different bins in two profiles."
        hint = "Create all profiles with --against and the same reference: they get its bins."
        return [Problem("profile-columns", message, hint)]
    return []


def _grid(column: Column) -> object:
    return column.detail.grid if isinstance(column.detail, Numbers) else None


def _column(left: Column, right: Column) -> Column:
    rows, nulls = left.rows + right.rows, left.nulls + right.nulls
    return Column(left.name, left.type, left.kind, rows, nulls, _detail(left.detail, right.detail))


def _detail(left: Detail, right: Detail) -> Detail:
    if isinstance(left, Numbers) and isinstance(right, Numbers):
        return _numbers(left, right)
    if isinstance(left, Texts) and isinstance(right, Texts):
        return _texts(left, right)
    if isinstance(left, Booleans) and isinstance(right, Booleans):
        return Booleans(left.true + right.true, left.false + right.false)
    return None


def _numbers(left: Numbers, right: Numbers) -> Numbers:
    return Numbers(
        grid=left.grid,
        counts=tuple(a + b for a, b in zip(left.counts, right.counts, strict=True)),
        minimum=min(_present(left.minimum, right.minimum), default=None),
        maximum=max(_present(left.maximum, right.maximum), default=None),
        nan=left.nan + right.nan,
        infinite_below=left.infinite_below + right.infinite_below,
        infinite_above=left.infinite_above + right.infinite_above,
        far=left.far + right.far,
        total=left.total + right.total,
        squares=left.squares + right.squares,
    )


def _texts(left: Texts, right: Texts) -> Texts:
    counts = None
    if left.counts is not None and right.counts is not None:
        union = dict(Counter(left.counts) + Counter(right.counts))
        counts = union if small(union) else None
    return Texts(
        counts=counts,
        sketch=_sketch(left, right) if counts is None else None,
        values=left.values + right.values,
        shortest=min(_present(left.shortest, right.shortest), default=None),
        longest=max(_present(left.longest, right.longest), default=None),
        characters=left.characters + right.characters,
    )


def _sketch(left: Texts, right: Texts) -> Sketch | None:
    """The sketch of both; from a side with counts it is made of its values."""
    sketch, other = (
        part.sketch if part.counts is None else sketch_of(part.counts) for part in (left, right)
    )
    return sketch.merged(other) if sketch and other else None


def _present(*values: N | None) -> list[N]:
    return [value for value in values if value is not None]
