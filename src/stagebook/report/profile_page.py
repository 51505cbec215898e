"""A profile as a page of HTML that loads nothing, beside a reference where there is one."""

from dataclasses import dataclass

from stagebook.data.profiles.profile import Profile
from stagebook.project.text import plain
from stagebook.report import self_contained
from stagebook.report.changes import OneSidedColumns
from stagebook.report.figures import extent
from stagebook.report.profile_cards import ColumnCard, card

MOST_OPEN = 60
MANY = 200
TOP, TOP_OF_MANY = 10, 5
"""Values that a card shows; fewer where the table has more than ``MANY`` columns."""


@dataclass(frozen=True, slots=True)
class Page:
    """What the template shows.

    Attributes:
        name: Of what it is the profile.
        extent: Rows and columns.
        reference: Those of the reference; empty without one.
        sides: What only one of both has, a sentence each.
        cards: One for each column.
        most_open: Up to so many columns, their list is not folded.
    """

    name: str
    extent: str
    reference: str
    sides: tuple[str, ...]
    cards: tuple[ColumnCard, ...]
    most_open: int = MOST_OPEN


def render_page(profile: Profile, name: str, against: Profile | None = None) -> str:
    """The page of a profile: the same text for the same profile, with no time and no path in it.

    Args:
        profile: The profile.
        name: Of what, such as the path of the table in the project.
        against: The reference that each column is shown beside.
    """
    return self_contained.render("profile.html", page=shown(profile, name, against))


def shown(profile: Profile, name: str, against: Profile | None = None) -> Page:
    """What a page shows of a profile; see ``render_page``."""
    top = TOP if len(profile.columns) <= MANY else TOP_OF_MANY
    references = {item.name: item for item in against.columns} if against is not None else {}
    cards = tuple(
        card(place, column, references.get(column.name), top, compared=against is not None)
        for place, column in enumerate(profile.columns, start=1)
    )
    sides = OneSidedColumns.of(profile, against).words if against is not None else ()
    reference = extent(against) if against is not None else ""
    return Page(plain(name), extent(profile), reference, sides, cards)
