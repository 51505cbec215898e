"""What differs between a column and its reference, in words."""

from dataclasses import dataclass

from stagebook.data.profiles.column import Booleans, Column, ColumnKind, Numbers, Texts
from stagebook.data.profiles.profile import Profile
from stagebook.project.text import listed
from stagebook.report.figures import figure, missing, share

MOST_NAMES = 8


@dataclass(frozen=True, slots=True)
class OneSidedColumns:
    """Columns that only one of two profiles has.

    Attributes:
        profile: Only in the profile, in its order.
        reference: Only in the reference, in its order.
    """

    profile: tuple[str, ...]
    reference: tuple[str, ...]

    @classmethod
    def of(cls, profile: Profile, reference: Profile) -> "OneSidedColumns":
        """The columns that two profiles do not share."""
        names = [[column.name for column in item.columns] for item in (profile, reference)]
        name_sets = [set(item) for item in names]
        return cls(
            tuple(name for name in names[0] if name not in name_sets[1]),
            tuple(name for name in names[1] if name not in name_sets[0]),
        )

    @property
    def words(self) -> tuple[str, ...]:
        """One sentence for each side that has columns of its own."""
        sides = (("Only here", self.profile), ("Only in the reference", self.reference))
        return tuple(f"{where}: {listed(names, 20)}" for where, names in sides if names)


def changes(now: Column, then: Column) -> tuple[str, ...]:
    """What a reader would see change from the reference to the column; empty if nothing does.

    Args:
        now: The column.
        then: The same column of the reference.
    """
    texts = [
        f"type {now.type}, was {then.type}" if now.type != then.type else "",
        _was("missing", missing(now), missing(then)),
        *_values(now, then),
    ]
    return tuple(item for item in texts if item)


def same_bins(now: Column, then: Column) -> bool:
    """Whether both columns of numbers are counted between the same edges."""
    details = now.detail, then.detail
    if not isinstance(details[0], Numbers) or not isinstance(details[1], Numbers):
        return False
    return now.kind is then.kind and details[0].grid.edges == details[1].grid.edges


def _was(name: str, now: str, then: str) -> str:
    return f"{name} {now or 'none'}, was {then or 'none'}" if now != then else ""


def _values(now: Column, then: Column) -> list[str]:
    match now.detail, then.detail:
        case Numbers() as numbers, Numbers() as reference if now.kind is then.kind:
            apart = "" if same_bins(now, then) else "counted in other bins"
            return [_mean(now, then, numbers, reference), apart]
        case Texts() as texts, Texts() as reference:
            return _categories(texts, reference)
        case Booleans() as booleans, Booleans() as reference:
            shares = [share(side.true, side.true + side.false) for side in (booleans, reference)]
            return [_was("true", *shares)]
    return []


def _mean(now: Column, then: Column, numbers: Numbers, reference: Numbers) -> str:
    mean, before = numbers.mean, reference.mean
    text = _was("mean", figure(now, mean), figure(then, before))
    if now.kind is ColumnKind.TIME or mean is None or before is None or not reference.std:
        return text
    moved = f"{(mean - before) / reference.std:+.2f}"
    return f"{text} ({moved} std)" if text and float(moved) else ""


def _categories(texts: Texts, reference: Texts) -> list[str]:
    if texts.counts is None or reference.counts is None:
        return []  # how many there are grows with the rows, and says nothing of the values
    new = [value for value, _ in texts.ranked if value not in reference.counts]
    absent = [value for value, _ in reference.ranked if value not in texts.counts]
    sides = (("new", new), ("gone", absent))
    return [f"{word}: {listed(values, MOST_NAMES)}" for word, values in sides if values]
