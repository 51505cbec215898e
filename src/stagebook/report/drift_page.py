"""How a batch differs from its reference, as a page of HTML that loads nothing."""

from dataclasses import dataclass
from typing import Any

from stagebook.data.drift.column_drift import ColumnDrift
from stagebook.data.drift.drift import Drift
from stagebook.project.errors import Problem
from stagebook.project.text import counted, plain
from stagebook.report import self_contained
from stagebook.report.drift_figures import distances, strip, strip_label
from stagebook.report.drift_words import verdict, words
from stagebook.report.profile_cards import CardLine, ColumnCard, card

TOP = 6
"""Values of a column of texts that are shown."""

STYLE = """
.verdict { font-weight: 600; }
.drifted { border-left: .3rem solid var(--new); }
.axis { stroke: var(--line); }
.limit { stroke: var(--text); stroke-width: 2; }
main ul { margin: .5rem 0 0; padding-left: 1.1rem; }
.strip svg { border: 0; }
.strip circle.then { opacity: .7; }
"""


@dataclass(frozen=True, slots=True)
class _Strip:
    """One comparison.

    Attributes:
        name: What is compared.
        picture: Effects and threshold, as markup.
        label: The same in words.
    """

    name: str
    picture: str
    label: str


@dataclass(frozen=True, slots=True)
class _Entry:
    """One column.

    Attributes:
        card: Both histograms, or values.
        drifted: Whether it drifted.
        words: What is different.
        reason: Why values are not compared; empty if they are.
        strips: Its comparisons.
        distances: All distances.
    """

    card: ColumnCard
    drifted: bool
    words: tuple[str, ...]
    reason: str
    strips: tuple[_Strip, ...]
    distances: tuple[CardLine, ...]


def render_page(drift: Drift, reference: str = "reference", batch: str = "batch") -> str:
    """The page: the same text for the same drift, with no time and no path of a machine in it.

    Args:
        drift: The drift.
        reference: The reference's name, such as its path in the project.
        batch: The batch's.
    """
    return self_contained.render("drift.html", STYLE, **shown(drift, reference, batch))


def shown(drift: Drift, reference: str, batch: str) -> dict[str, Any]:
    """What a page shows of a drift; see ``render_page``."""
    return {
        "names": (plain(reference), plain(batch)),
        "verdict": verdict(drift),
        "extents": tuple(counted(rows, "row") for rows in drift.rows),
        "calibration": drift.calibration,
        "notes": drift.notes,
        "problems": tuple(_sentence(problem) for problem in drift.problems),
        "entries": tuple(
            _entry(place, column) for place, column in enumerate(drift.columns, start=1)
        ),
    }


def _sentence(problem: Problem) -> str:
    return f"{problem.message} {problem.hint}"


def _entry(place: int, column: ColumnDrift) -> _Entry:
    strips = sorted(column.findings, key=lambda finding: -finding.ratio)
    return _Entry(
        card=card(place, column.batch, column.reference, TOP, compared=True),
        drifted=column.drifted,
        words=words(column),
        reason=column.reason,
        strips=tuple(
            _Strip(finding.basis.value, strip(finding), strip_label(finding))
            for finding in strips
            if finding.effect
        ),
        distances=distances(column),
    )
