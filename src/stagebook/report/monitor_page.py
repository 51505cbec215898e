"""The status of a deployed model, as a page of HTML that loads nothing."""

from dataclasses import dataclass
from typing import Any

from stagebook.monitoring.cadence import Cadence
from stagebook.monitoring.figure import Figure
from stagebook.monitoring.period_status import DriftedColumn, PeriodStatus
from stagebook.monitoring.status import MonitorStatus
from stagebook.project.text import counted, plain
from stagebook.report import monitor_words as words
from stagebook.report import self_contained
from stagebook.report.loss_figure import loss_figure
from stagebook.report.monitor_words import FigureWords

MOST_COLUMNS = 3
"""Drifted columns of a period that are shown at once."""


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
        drifted: Each with its effect and limit; the first ones.
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
    drifted: tuple[tuple[str, str], ...]
    more: tuple[tuple[str, str], ...]
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


def shown(status: MonitorStatus) -> dict[str, Any]:
    """What a page shows of a status; see ``render_page``."""
    figures = (loss_figure(loss, status) for loss in status.losses)
    tables = (table(cadence, status) for cadence in (Cadence.MONTH, Cadence.WEEK))
    return {
        "model": plain(status.model),
        "state": words.state(status),
        "extent": words.extent(status),
        "package": plain(status.package),
        "others": tuple(map(plain, status.others)),
        "signals": tuple(map(words.signal, status.signals)),
        "figures": tuple(figure for figure in figures if figure),
        "tables": tuple(table for table in tables if table.rows),
        "gaps": tuple(map(words.gap, status.gaps)),
        "notes": tuple(map(plain, status.notes)),
        "problems": tuple(map(words.problem, status.problems)),
    }


def table(cadence: Cadence, status: MonitorStatus) -> PeriodTable:
    """The periods of one length."""
    periods = status.of(cadence)
    expected = words.metrics(item.estimated for item in periods)
    realized = words.metrics(item.realized for item in periods)
    base = (words.figure(status.reference.get(name)) for name in (*expected, *realized))
    return PeriodTable(
        f"{cadence.value.capitalize()}s",
        tuple(map(words.metric, expected)),
        tuple(map(words.metric, realized)),
        any(item.labelled is not None for item in periods),
        tuple(base) if status.reference else (),
        tuple(_row(item, expected, realized) for item in reversed(periods)),
    )


def _row(item: PeriodStatus, expected: tuple[str, ...], realized: tuple[str, ...]) -> PeriodRow:
    summary = item.period.summary
    drifted = tuple(map(_column, item.drifted))
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
        _cells(item.realized, realized),
    )


def _cells(values: Any, names: tuple[str, ...]) -> tuple[FigureWords, ...]:
    own: dict[str, Figure] = dict(values)
    return tuple(words.figure(own.get(name)) for name in names)


def _column(column: DriftedColumn) -> tuple[str, str]:
    return plain(column.column, 60), f"{column.effect:.3f}, limit {column.limit:.3f}"
