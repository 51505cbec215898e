"""What the colophon says of tables: which contract each held, and what is in it."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from stagebook.contracts.profiles.column import Column, Numbers
from stagebook.contracts.profiles.profile import Profile
from stagebook.report import bars, figures
from stagebook.report.figures import counted, plain

if TYPE_CHECKING:
    from stagebook.contracts.checks.verdict import Verdict
    from stagebook.contracts.inspection import Inspection

MOST_COLUMNS = 60
MOST_FAILURES = 60
LONGEST = 80
BARS = 24
HEAD = ("role", "file", "contract", "rows", "verdict")
FIELDS = ("column", "type", "missing", "min", "mean", "max", "values")


@dataclass(frozen=True, slots=True)
class TableView:
    """A declared table, as far as it is known.

    Attributes:
        role: ``read`` or ``wrote``.
        path: Its path as declared.
        contract: The contract, as ``module:Name``; None if none is declared.
        rows: How many it has; None if not counted.
        verdict: None if it was not checked.
        profile: None if there is none.
        note: What else there is to say, such as why there is no profile.
    """

    role: str
    path: str
    contract: str | None
    rows: int | None
    verdict: "Verdict | None"
    profile: Profile | None
    note: str = ""

    @classmethod
    def of(cls, found: "Inspection") -> "TableView":
        """The view of a table that was inspected."""
        subject, profile = found.subject, found.profile
        more = f" and {len(subject.paths) - 1} more" if subject.paths[1:] else ""
        return cls(
            "read" if subject.reads else "wrote",
            f"{subject.paths[0]}{more}",
            subject.contract,
            profile.rows if profile else None,
            found.verdict,
            profile,
            " ".join(problem.message for problem in found.problems),
        )


def render(tables: Sequence[TableView]) -> str:
    """The section ``Contracts and profiles`` of a colophon, as Markdown; empty for no tables.

    Below the heading it is one block of HTML without an empty line, which Markdown leaves as it
    is, and of which JupyterLab's sanitizer takes nothing away.
    """
    if not tables:
        return ""
    body = "\n".join(
        [
            # JupyterLab would set what stands between two dollar signs as a formula
            '<div class="tex2jax_ignore mathjax_ignore">',
            _table(HEAD, (_overview(one) for one in tables)),
            *_failures(tables),
            *(line for one in tables if one.profile for line in _profile(one.path, one.profile)),
            "</div>",
        ]
    )
    return f"### Contracts and profiles\n\n{body}\n"


def words(table: TableView) -> str:
    """How it stands with a table's contract: ``holds``, ``refused: 2 rules``."""
    if table.verdict is None:
        return "not checked" if table.contract else ""
    if table.verdict.holds:
        return "holds"
    return f"refused: {counted(len(table.verdict.failures), 'rule')}"


def _overview(table: TableView) -> Iterator[str]:
    notes = [table.note, *(table.verdict.notes if table.verdict else ())]
    yield _left(escaped(table.role))
    yield _left(_code(table.path))
    yield _left(_code(table.contract) if table.contract else "")
    yield _right("" if table.rows is None else f"{table.rows:,}")
    yield _left("; ".join(escaped(one) for one in [words(table), *notes] if one))


def _failures(tables: Sequence[TableView]) -> Iterator[str]:
    lines = [
        f"<li>{_code(table.path)}: {_prose(problem.message)}</li>"
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


def _profile(path: str, profile: Profile) -> Iterator[str]:
    yield f"<details><summary>{_code(path)}: {figures.extent(profile)}</summary>"
    yield _table(FIELDS, (_column(one) for one in profile.columns[:MOST_COLUMNS]))
    more = len(profile.columns) - MOST_COLUMNS
    if more > 0:
        yield f"<p>and {more:,} more</p>"
    yield "</details>"


def _column(column: Column) -> Iterator[str]:
    yield _left(_code(column.name))
    yield _left(_code(column.type))
    yield _right(figures.missing(column))
    if isinstance(column.detail, Numbers):
        yield from (_right(one) for one in figures.trio(column))
        # an ordinary space would be lost at the edges, and several become one
        line = bars.line(column.detail.counts, BARS).replace(" ", "\u00a0")
        odd = figures.odd(column)
        yield _left(f"<code>{line}</code>" + (f" {escaped(odd)}" if odd else ""))
    else:
        gist = figures.gist(column, 5)
        text = _code(gist, 2 * LONGEST).replace(" %", "&#160;%") if gist else ""
        yield f'<td colspan="4" {_LEFT}>{text}</td>'


def _table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    top = "".join(f"<th {_LEFT if one in _TEXTS else _RIGHT}>{one}</th>" for one in head)
    body = "\n".join(f"<tr>{''.join(row)}</tr>" for row in rows)
    return f"<table>\n<thead><tr>{top}</tr></thead>\n<tbody>\n{body}\n</tbody>\n</table>"


_LEFT = 'style="text-align: left"'
_RIGHT = 'style="text-align: right; white-space: nowrap"'
_TEXTS = {"role", "file", "contract", "verdict", "column", "type", "values"}


def _left(content: str) -> str:
    return f"<td {_LEFT}>{content}</td>"


def _right(text: str) -> str:
    return f"<td {_RIGHT}>{escaped(text)}</td>" if text else "<td></td>"


def _code(text: str, most: int | None = LONGEST) -> str:
    return f"<code>{escaped(text, most)}</code>"


def _prose(text: str) -> str:
    """A message, with what it has between backticks as code."""
    parts = [_literal(part) for part in plain(text).split("`")]
    if len(parts) % 2 == 0:
        return _literal(plain(text))
    return "".join(f"<code>{one}</code>" if place % 2 else one for place, one in enumerate(parts))


def escaped(text: str, most: int | None = None) -> str:
    """Any text as neither Markdown nor HTML nor a formula; letters and digits stay as they are.

    Args:
        text: Text of unknown origin.
        most: Characters that are shown.
    """
    return _literal(plain(text, most))


def _literal(text: str) -> str:
    return "".join(one if one.isalnum() or one in _HARMLESS else f"&#{ord(one)};" for one in text)


_HARMLESS = " .,:;-+%/()…“”"
