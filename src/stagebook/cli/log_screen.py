"""A log in the terminal: one row for each execution."""

from rich.table import Table
from rich.text import Text

from stagebook.cli.printed import Screen, put
from stagebook.history.log import Log, LogEntry
from stagebook.report import log_words
from stagebook.report.lineage_words import moment

_out = Screen()
_err = Screen(stderr=True)


def show(log: Log) -> None:
    """Prints a log, with notes on standard error."""
    for name, trouble in log.damaged:
        _err.print(
            Text.assemble(("note ", "yellow"), f"The record {name} cannot be read: {trouble}")
        )
    if not log.rows:
        _out.print("No stage has been executed here yet. Build with: dvc repro")
        return
    put(_out, table(log))


def table(log: Log) -> Table:
    """The executions, newest first."""
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, header_style="bold")
    table.add_column("when, UTC", no_wrap=True)
    table.add_column("stage", overflow="fold")
    table.add_column("outcome", overflow="fold")
    table.add_column("took", justify="right", no_wrap=True)
    table.add_column("changed, and metrics", ratio=1, overflow="fold")
    for row in log.rows:
        table.add_row(*_cells(row, log.headline))
    return table


def _changes(row: LogEntry, headline: frozenset[str]) -> str:
    words = "; ".join((*log_words.changed(row), *log_words.measured(row, headline)))
    return f"compared with the build: {words}" if row.departs else words


def _cells(row: LogEntry, headline: frozenset[str]) -> tuple[Text, ...]:
    record = row.record
    trial = "" if record.build else " -P"
    return (
        Text(moment(record.volatile.started).removesuffix(" UTC")),
        Text(record.stage + trial, "bold"),
        Text(record.outcome, "green" if record.done else "red"),
        Text(log_words.took(record.volatile.seconds) if record.volatile.started else ""),
        Text(_changes(row, headline)),
    )
