"""The tables in the colophon: the contract of each, its state, and the profile."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from stagebook.data.profiles.column import Column, Numbers
from stagebook.data.profiles.profile import Profile
from stagebook.project.text import counted
from stagebook.report import bars, figures, markup
from stagebook.report.markup import LONGEST, code, escaped, left, place, prose, right

if TYPE_CHECKING:
    from stagebook.data.contracts.verdict import ContractVerdict
    from stagebook.data.inspection import Inspection

MOST_COLUMNS = 60
MOST_FAILURES = 60
BARS = 24
FIELDS = ("column", "type", "missing", "min", "mean", "max", "values")
_TEXTS = ("column", "type", "values")


@dataclass(frozen=True, slots=True)
class TableView:
    """A declared table, as far as it is known.

    Attributes:
        role: ``read`` or ``wrote``.
        path: Its path as declared; of several, the first.
        contract: The contract, as ``module:Name``; None if none is declared.
        rows: How many it has; None if not counted.
        verdict: None if it was not checked.
        profile: Its profile, if it has one.
        others: How many more paths it has.
        note: More about it, such as why it has no profile.
    """

    role: str
    path: str
    contract: str | None
    rows: int | None
    verdict: "ContractVerdict | None"
    profile: Profile | None
    others: int = 0
    note: str = ""

    @classmethod
    def of(cls, inspection: "Inspection") -> "TableView":
        """The view of a table that was inspected."""
        subject, profile = inspection.subject, inspection.profile
        return cls(
            "read" if subject.reads else "wrote",
            subject.paths[0],
            subject.contract,
            profile.rows if profile else None,
            inspection.verdict,
            profile,
            len(subject.paths) - 1,
            " ".join(problem.message for problem in inspection.problems),
        )


def render(tables: Sequence[TableView]) -> str:
    """The section ``Contracts and profiles`` of a colophon, as Markdown; empty for no tables.

    Below the heading it is one block of HTML, which Markdown leaves as it is.
    """
    parts = [
        *_failures(tables),
        *(line for table in tables if table.profile for line in _profile(table, table.profile)),
    ]
    return f"### Contracts and profiles\n\n{markup.block(parts)}\n" if parts else ""


def verdict(table: TableView) -> str:
    """The state of a table's contract and the table's notes, as HTML; empty without any."""
    notes = [table.note, *(table.verdict.notes if table.verdict else ())]
    parts = [f"{place(table.contract)} {escaped(words(table))}"] if table.contract else []
    return "; ".join([*parts, *(escaped(note) for note in notes if note)])


def words(table: TableView) -> str:
    """The state of a table's contract: ``holds``, ``refused: 2 rules``."""
    if table.verdict is None:
        return "not checked" if table.contract else ""
    if table.verdict.holds:
        return "holds"
    return f"refused: {counted(len(table.verdict.failures), 'rule')}"


def _failures(tables: Sequence[TableView]) -> Iterator[str]:
    lines = [
        f"<li>{code(table.path)}: {prose(problem.message)}</li>"
        for table in tables
        if table.verdict
        for problem in table.verdict.problems()
    ]
    if lines:
        more = len(lines) - MOST_FAILURES
        yield "<ul>"
        yield from lines[:MOST_FAILURES]
        yield from [f"<li>and {more:,} more</li>"] if more > 0 else []
        yield "</ul>"


def _profile(table: TableView, profile: Profile) -> Iterator[str]:
    others = f" and {table.others} more" if table.others else ""
    yield f"<details><summary>{place(table.path)}{others}: {figures.extent(profile)}</summary>"
    yield markup.table(FIELDS, map(_column, profile.columns[:MOST_COLUMNS]), texts=_TEXTS)
    more = len(profile.columns) - MOST_COLUMNS
    if more > 0:
        yield f"<p>and {more:,} more</p>"
    yield "</details>"


def _column(column: Column) -> Iterator[str]:
    yield left(code(column.name))
    yield left(code(column.type))
    yield right(figures.missing(column))
    if isinstance(column.detail, Numbers):
        yield from (right(item) for item in figures.trio(column))
        odd = figures.odd(column)
        line = markup.bars(bars.line(column.detail.counts, BARS))
        yield left(line + (f" {escaped(odd)}" if odd else ""))
    else:
        gist = figures.gist(column, 5)
        text = code(gist, 2 * LONGEST).replace(" %", "&#160;%") if gist else ""
        yield left(text, span=4)
