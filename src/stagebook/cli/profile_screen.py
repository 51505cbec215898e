"""A profile in the terminal: one line for each column, and one for its reference if given."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rich.cells import cell_len, set_cell_size
from rich.text import Text

from stagebook.cli.lines import folded
from stagebook.cli.printed import Screen
from stagebook.data.profiles.column import Column, Numbers
from stagebook.data.profiles.profile import Profile
from stagebook.project.text import plain
from stagebook.report import bars, figures
from stagebook.report.changes import OneSidedColumns, changes, same_bins

HEAD = ("column", "type", "missing", "min", "mean", "max")
NUMBER_LINE = ("min", "mean", "max")
GIVEN_UP = ("type", "mean", "min", "max", "missing")
"""The order in which fields are left out on a narrow terminal."""

GAP = "  "
REFERENCE = "  reference"
FEWEST_BARS, MOST_BARS = 10, 24
NARROWEST_NAME = 12
WIDEST = {"column": 24, "type": 20}
WIDEST_IN_A_FILE = {"column": 80, "type": 40}
LONGEST_GIST = 200

_out = Screen()


def show(profile: Profile, name: str, against: Profile | None = None) -> None:
    """Prints a profile.

    Args:
        profile: The profile.
        name: Name of the data, such as the path of the table.
        against: The reference to show next to each column.
    """
    width = _out.width if _out.is_terminal else None
    for line in lines(profile, name, width, against):
        _out.print(line)


def lines(
    profile: Profile, name: str, width: int | None, against: Profile | None = None
) -> Iterator[Text]:
    """The lines of a profile.

    Args:
        profile: The profile.
        name: Name of the data.
        width: Largest number of characters in a line; None for no limit.
        against: The reference.
    """
    title = Text.assemble((plain(name), "bold"), f": {figures.extent(profile)}")
    if against is not None:
        title.append(f" · reference: {figures.extent(against)}", "dim")
    yield from folded(_out, title, width)
    if not profile.columns:
        return
    layout = _Layout.of(profile, width, against)
    yield layout.head()
    references = {item.name: item for item in against.columns} if against else {}
    for column in profile.columns:
        then = references.get(column.name)
        yield from _beside(layout, column, then) if then else [layout.row(column)]
        if odd := figures.odd(column):
            yield Text(f"{GAP}{odd}", "yellow")
    for words in OneSidedColumns.of(profile, against).words if against else ():
        yield from folded(_out, Text(words), width)


def _beside(layout: "_Layout", now: Column, then: Column) -> Iterator[Text]:
    """The lines of a column, of its reference, and of the changes."""
    comparable = same_bins(now, then)
    pair = bars.lines(_counts(now, then), layout.bars) if comparable else None
    yield layout.row(now, pair[0] if pair else None)
    row = layout.row(then, pair[1] if pair else None, REFERENCE)
    row.stylize("dim")
    yield row
    if differences := changes(now, then):
        yield from folded(
            _out, Text(f"  → {'; '.join(differences)}", "yellow"), layout.width, "    "
        )


def _counts(*columns: Column) -> list[Sequence[int]]:
    return [column.detail.counts for column in columns if isinstance(column.detail, Numbers)]


@dataclass(frozen=True, slots=True)
class _Layout:
    """The width of each field.

    Attributes:
        fields: Width of each field that fits, by its name.
        bars: Width of the histograms.
        width: Width of a line; None for no limit.
    """

    fields: dict[str, int]
    bars: int
    width: int | None

    @classmethod
    def of(cls, profile: Profile, width: int | None, against: Profile | None) -> "_Layout":
        """Fields as wide as their content; the least informative are left out until it fits."""
        others = against.columns if against else ()
        rows = [_fields(column) for column in (*profile.columns, *others)]
        fields = {name: max(len(name), *(cell_len(row[name]) for row in rows)) for name in HEAD}
        if against:
            fields["column"] = max(fields["column"], len(REFERENCE))
        widest = WIDEST if width is not None else WIDEST_IN_A_FILE
        fields |= {name: min(fields[name], most) for name, most in widest.items()}
        if width is None:
            return cls(fields, MOST_BARS, None)
        for name in GIVEN_UP:
            if _taken(fields) + FEWEST_BARS <= width:
                break
            if name == "mean" and fields["column"] > NARROWEST_NAME:
                over = _taken(fields) + FEWEST_BARS - width
                fields["column"] = max(NARROWEST_NAME, fields["column"] - over)
            if _taken(fields) + FEWEST_BARS > width:
                del fields[name]
        room = max(1, min(MOST_BARS, width - _taken(fields)))
        return cls(fields, room, width)

    def head(self) -> Text:
        """The names of the fields."""
        texts = {name: name for name in HEAD}
        return Text(self._line(texts, self.fields, "").rstrip(), "bold")

    def row(self, column: Column, histogram: str | None = None, name: str | None = None) -> Text:
        """One column's line, with its own histogram if none is given."""
        texts = _fields(column) | ({"column": name} if name else {})
        if isinstance(column.detail, Numbers):
            own = bars.line(column.detail.counts, self.bars) if histogram is None else histogram
            return Text(self._line(texts, self.fields, own).rstrip())
        fields = {name: wide for name, wide in self.fields.items() if name not in NUMBER_LINE}
        room = LONGEST_GIST if self.width is None else self.width - _taken(fields)
        return Text(self._line(texts, fields, _cut_at_comma(figures.gist(column), room)).rstrip())

    def _line(self, texts: dict[str, str], fields: dict[str, int], end: str) -> str:
        cells = [_field(name, texts[name], width) for name, width in fields.items()]
        return GAP.join([*cells, end])


def _fields(column: Column) -> dict[str, str]:
    name, type_ = plain(column.name), plain(column.type)
    texts = (name, type_, figures.missing(column), *figures.trio(column))
    return dict(zip(HEAD, texts, strict=True))


def _taken(fields: dict[str, int]) -> int:
    return sum(width + len(GAP) for width in fields.values())


def _field(name: str, text: str, width: int) -> str:
    if name in ("missing", *NUMBER_LINE):
        return " " * (width - cell_len(text)) + text
    return set_cell_size(_cut(text, width), width)


def _cut(text: str, width: int) -> str:
    """A text cut to a number of cells."""
    if cell_len(text) <= width:
        return text
    return f"{set_cell_size(text, width - 1).rstrip()}…" if width > 0 else ""


def _cut_at_comma(text: str, width: int) -> str:
    """A list of values cut to a number of cells, between values if possible."""
    short = _cut(text, width)
    values, comma, _ = short.rpartition(", ")
    return f"{values}, …" if comma and short != text else short
