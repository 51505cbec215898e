"""A log in the terminal: one row an execution, as narrow as the terminal is."""

from collections.abc import Iterator
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from stagebook.cli.printed import put
from stagebook.record.log import Log, Row
from stagebook.report.figures import plain
from stagebook.report.lineage_words import moment, value

MOST = 4
"""Of each kind, so many changes and metrics are named."""

_LONGEST = 24
_out = Console(highlight=False)
_err = Console(stderr=True, highlight=False, soft_wrap=True)


def show(log: Log) -> None:
    """Prints a log, with notes on standard error."""
    for name, trouble in log.damaged:
        _err.print(Text.assemble(("note ", "yellow"), f"{name} cannot be read: {trouble}"))
    if not log.rows:
        _out.print("Nothing was executed here yet. Build with: dvc repro")
        return
    put(_out, table(log))


def table(log: Log) -> Table:
    """The executions, newest first."""
    found = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, header_style="bold")
    found.add_column("when, UTC", no_wrap=True)
    found.add_column("stage", overflow="fold")
    found.add_column("outcome", overflow="fold")
    found.add_column("took", justify="right", no_wrap=True)
    found.add_column("changed, and metrics", ratio=1, overflow="fold")
    for row in log.rows:
        found.add_row(*_cells(row, log.headline))
    return found


def _cells(row: Row, headline: frozenset[str]) -> tuple[Text, ...]:
    record = row.record
    volatile, outcome = record["volatile"], record["outcome"]
    trial = "" if record["build"] else " -P"
    return (
        Text(moment(volatile.get("started", "")).removesuffix(" UTC")),
        Text(record["stage"] + trial, "bold"),
        Text(outcome, "green" if outcome == "done" else "red"),
        Text(_took(volatile.get("seconds"))),
        Text("; ".join((*_changed(row), *_metrics(row, headline)))),
    )


def _took(seconds: Any) -> str:
    if not isinstance(seconds, (int, float)):
        return ""
    return f"{seconds:.1f} s" if seconds < 100 else f"{seconds / 60:.0f} min"


def _changed(row: Row) -> Iterator[str]:
    changes = row.changes
    if row.first:
        yield "the first"
        return
    yield from _pairs(changes.parameters)
    if changes.cells:
        yield f"{changes.cells} cell{'' if changes.cells == 1 else 's'}"
    elif changes.code and not changes.modules:
        yield "code"
    yield from _some(changes.modules)
    yield from _some(changes.data)
    yield from _pairs(changes.packages)
    if not (changes.parameters or changes.code or changes.data or changes.packages):
        yield "nothing changed"


def _pairs(pairs: Any) -> list[str]:
    return _some([f"{name} {_shown(old)} → {_shown(new)}" for name, (old, new) in pairs.items()])


def _some(listed: Any) -> list[str]:
    shown = [plain(one) for one in listed[:MOST]]
    return [*shown, f"{len(listed) - MOST} more"] if len(listed) > MOST else shown


def _shown(one: Any) -> str:
    return "none" if one is None else plain(value(one), _LONGEST)


def _metrics(row: Row, headline: frozenset[str]) -> list[str]:
    """The metrics that the project shows first, and of the others those that are not as before."""
    first, changed = [], []
    for name, (before, now) in row.changes.metrics.items():
        told = f"{name} {value(now)}{_difference(before, now)}"
        if name in headline:
            first.append(told)
        elif before != now:
            changed.append(told)
    return [*first, *_some(changed)]


def _difference(before: Any, now: Any) -> str:
    if before is None or isinstance(now, bool) or isinstance(before, bool) or before == now:
        return ""
    return f" ({now - before:+.4g})"
