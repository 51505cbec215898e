"""What differs between a column and its reference, in words."""

from dataclasses import dataclass

from stagebook.data.profiles.column import Booleans, Column, ColumnKind, Numbers, Texts
from stagebook.data.profiles.profile import Profile
from stagebook.project.text import listed
from stagebook.report.figures import figure, missing, share

MOST_NAMES = 8


@dataclass(frozen=True, slots=True)
class OneSidedColumns:
    """Columns of which one of two profiles knows nothing.

    Attributes:
        here: Only in the profile, in its order.
        there: Only in the reference, in its order.
    """

    here: tuple[str, ...]
    there: tuple[str, ...]

    @classmethod
    def of(cls, profile: Profile, reference: Profile) -> "OneSidedColumns":
        """What two profiles do not share."""
        names = [[column.name for column in item.columns] for item in (profile, reference)]
        known = [set(item) for item in names]
        return cls(
            tuple(name for name in names[0] if name not in known[1]),
            tuple(name for name in names[1] if name not in known[0]),
        )

    @property
    def words(self) -> tuple[str, ...]:
        """One sentence for each side that has columns of its own."""
        sides = (("Only here", self.here), ("Only in the reference", self.there))
        return tuple(f"{where}: {listed(names, 20)}" for where, names in sides if names)


def changes(now: Column, then: Column) -> tuple[str, ...]:
    """What a reader would see change from the reference to the column; empty if nothing does.

    Args:
        now: The column.
        then: The same column of the reference.
    """
    found = [
        f"type {now.type}, was {then.type}" if now.type != then.type else "",
        _was("missing", missing(now), missing(then)),
        *_values(now, then),
    ]
    return tuple(item for item in found if item)


def same_bins(now: Column, then: Column) -> bool:
    """Whether both columns of numbers are counted between the same edges."""
    details = now.detail, then.detail
    if not isinstance(details[0], Numbers) or not isinstance(details[1], Numbers):
        return False
    return now.kind is then.kind and details[0].grid.edges == details[1].grid.edges


def _was(what: str, now: str, then: str) -> str:
    return f"{what} {now or 'none'}, was {then or 'none'}" if now != then else ""


def _values(now: Column, then: Column) -> list[str]:
    match now.detail, then.detail:
        case Numbers() as here, Numbers() as there if now.kind is then.kind:
            apart = "" if same_bins(now, then) else "counted in other bins"
            return [_mean(now, then, here, there), apart]
        case Texts() as here, Texts() as there:
            return _categories(here, there)
        case Booleans() as here, Booleans() as there:
            shares = [
                share(booleans.true, booleans.true + booleans.false) for booleans in (here, there)
            ]
            return [_was("true", *shares)]
    return []


def _mean(now: Column, then: Column, here: Numbers, there: Numbers) -> str:
    said = _was("mean", figure(now, here.mean), figure(then, there.mean))
    if now.kind is ColumnKind.TIME or here.mean is None or there.mean is None or not there.std:
        return said
    moved = f"{(here.mean - there.mean) / there.std:+.2f}"
    return f"{said} ({moved} std)" if said and float(moved) else ""


def _categories(here: Texts, there: Texts) -> list[str]:
    if here.counts is None or there.counts is None:
        return []  # how many there are grows with the rows, and says nothing of the values
    new = [value for value, _ in here.ranked if value not in there.counts]
    gone = [value for value, _ in there.ranked if value not in here.counts]
    sides = (("new", new), ("gone", gone))
    return [f"{word}: {listed(values, MOST_NAMES)}" for word, values in sides if values]
