"""The status of a deployed model, as a page of HTML that loads nothing."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from stagebook.monitoring.cadence import Cadence
from stagebook.monitoring.figure import Figure
from stagebook.monitoring.label_bounds import Bounds
from stagebook.monitoring.period_status import DriftedColumn, PeriodStatus
from stagebook.monitoring.signal import Signal, SignalKind
from stagebook.monitoring.status import MonitorStatus
from stagebook.project.text import counted, plain
from stagebook.report import monitor_slices, self_contained
from stagebook.report import monitor_words as words
from stagebook.report.loss_figure import loss_figure
from stagebook.report.monitor_words import FigureWords

MOST_COLUMNS = 3
"""Drifted columns of a period that are shown at once."""


MOST_SIGNALS = 8
"""Signals that are shown at once; the worst ones are first."""

MOST_ROWS = 14
"""Periods of a table that are shown at once, the newest ones."""


@dataclass(frozen=True, slots=True)
class PageLinks:
    """Addresses of pages that say more.

    Attributes:
        columns: By column, where its profile is.
        origin: Where it is shown what the package was made from; empty for nowhere.
    """

    columns: Mapping[str, str] = field(default_factory=dict)
    origin: str = ""

    def of(self, signal: Signal) -> tuple[tuple[str, str], ...]:
        """What a reader of a signal can look at next: words, and an address."""
        drifted = signal.kind is SignalKind.INPUT_DRIFT
        column = self.columns.get(signal.subject, "") if drifted else ""
        links = (("the column in training", column), ("origin of the model", self.origin))
        return tuple((words, address) for words, address in links if address)


@dataclass(frozen=True, slots=True)
class PeriodRow:
    """One period, or the test split, in the table.

    Attributes:
        name: Its name.
        days: How many days it has, if it is cut off; empty if it is whole.
        requests: Its requests.
        refused: The share of them that was refused.
        median: The median time of an answer in milliseconds.
        slow: The 99th percentile.
        compared: How many of how many columns drifted; empty if none were compared.
        drifted: Each with its effect and limit, and the address of its profile; the first ones.
        more: Further ones.
        labelled: The share of its rows with a label.
        expected: Metrics to expect.
        realized: Metrics of rows with labels.
    """

    name: str
    days: str
    requests: str
    refused: str
    median: str
    slow: str
    compared: str
    drifted: tuple[tuple[str, str, str], ...]
    more: tuple[tuple[str, str, str], ...]
    labelled: str
    expected: tuple[FigureWords, ...]
    realized: tuple[FigureWords, ...]


@dataclass(frozen=True, slots=True)
class PeriodTable:
    """The periods of one length.

    Attributes:
        title: Which ones.
        expected: Names of the metrics to expect.
        realized: Names of the metrics of rows with labels.
        labelled: Whether labels are known.
        base: The metrics of the test split, in the order of both; empty without any.
        rows: The periods, the newest first.
    """

    title: str
    expected: tuple[str, ...]
    realized: tuple[str, ...]
    labelled: bool
    base: tuple[FigureWords, ...]
    rows: tuple[PeriodRow, ...]


def render_page(status: MonitorStatus) -> str:
    """The page: the same text for the same status, with no time of its own in it.

    Args:
        status: The status.
    """
    style = self_contained.source("monitor.css")
    return self_contained.render("monitor.html", style, **shown(status))


def shown(status: MonitorStatus, links: PageLinks | None = None) -> dict[str, Any]:
    """What a page shows of a status.

    Args:
        status: The status.
        links: Addresses of pages that say more; None for none.
    """
    links = links or PageLinks()
    figures = (loss_figure(loss) for loss in status.losses)
    tables = (table(cadence, status, links) for cadence in (Cadence.MONTH, Cadence.WEEK))
    return {
        "model": plain(status.model),
        "state": words.state(status),
        "extent": words.extent(status),
        "package": plain(status.package),
        "others": tuple(map(plain, status.others)),
        "signals": tuple((words.signal(own), links.of(own)) for own in status.signals),
        "most": MOST_SIGNALS,
        "most_rows": MOST_ROWS,
        "figures": tuple(figure for figure in figures if figure),
        "waiting": words.waiting(status),
        "slices": monitor_slices.tables(status),
        "tables": tuple(table for table in tables if table.rows),
        "gaps": tuple(map(words.gap, status.gaps)),
        "notes": tuple(map(plain, status.notes)),
        "problems": tuple(map(words.problem, status.problems)),
    }


def table(cadence: Cadence, status: MonitorStatus, links: PageLinks = PageLinks()) -> PeriodTable:
    """The periods of one length, see ``shown``."""
    periods = status.of(cadence)
    expected = words.metrics(item.estimated for item in periods)
    realized = words.metrics({**item.realized, **item.bounds} for item in periods)
    base = (words.figure(status.reference.get(name)) for name in (*expected, *realized))
    return PeriodTable(
        f"{cadence.value.capitalize()}s",
        tuple(map(words.metric, expected)),
        tuple(map(words.metric, realized)),
        any(item.labelled is not None for item in periods),
        tuple(base) if status.reference else (),
        tuple(_row(item, expected, realized, links) for item in reversed(periods)),
    )


def _row(
    item: PeriodStatus, expected: tuple[str, ...], realized: tuple[str, ...], links: PageLinks
) -> PeriodRow:
    summary = item.period.summary
    drifted = tuple(_column(column, links) for column in item.drifted)
    whole = item.period.days == (item.period.last - item.period.first).days + 1
    return PeriodRow(
        item.period.name,
        "" if whole else counted(item.period.days, "day"),
        f"{summary.requests:,}",
        words.percent(item.refused),
        words.milliseconds(summary.latency.p50),
        words.milliseconds(summary.latency.p99),
        f"{len(item.drifted):,} of {item.compared:,}" if item.compared else "",
        drifted[:MOST_COLUMNS],
        drifted[MOST_COLUMNS:],
        words.percent(item.labelled),
        _cells(item.estimated, expected),
        _cells(item.realized, realized, item.bounds),
    )


def _cells(
    values: Mapping[str, Figure], names: tuple[str, ...], bounds: Mapping[str, Bounds] | None = None
) -> tuple[FigureWords, ...]:
    limits = bounds or {}
    return tuple(words.figure(values.get(name), limits.get(name)) for name in names)


def _column(column: DriftedColumn, links: PageLinks) -> tuple[str, str, str]:
    words = f"{column.effect:.3f}, limit {column.limit:.3f}"
    is_input = column.kind is SignalKind.INPUT_DRIFT
    address = links.columns.get(column.column, "") if is_input else ""
    return plain(column.column, 60), words, address
