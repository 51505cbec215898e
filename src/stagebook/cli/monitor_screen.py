"""The status of a deployed model in the terminal."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from rich.text import Text

from stagebook.cli.lines import folded
from stagebook.cli.monitor_slices import slices
from stagebook.cli.monitor_table import table
from stagebook.cli.printed import Screen
from stagebook.monitoring.cadence import Cadence
from stagebook.monitoring.signal import MonitorState
from stagebook.project.text import counted, plain
from stagebook.report.monitor_words import state, waiting

if TYPE_CHECKING:
    from stagebook.monitoring.status import MonitorStatus

MOST_PERIODS = 14
MOST_SIGNALS = 10
"""Reasons that are printed; the worst ones are first."""

_STYLES = {MonitorState.OK: "bold green", MonitorState.LOOK: "bold yellow"}
_out = Screen()


def show(status: "MonitorStatus") -> None:
    """Prints a status."""
    for line in lines(status, _out.width if _out.is_terminal else None):
        _out.print(line)


def lines(status: "MonitorStatus", width: int | None) -> Iterator[Text]:
    """The lines of a status: what happened by period, why a person should look, and the state.

    Args:
        status: The status.
        width: Largest number of characters in a line; None for no limit.
    """
    yield from folded(_out, _title(status), width)
    for cadence in (Cadence.MONTH, Cadence.WEEK, Cadence.DAY):
        own = status.of(cadence)
        if own and (cadence is Cadence.MONTH or len(own) <= MOST_PERIODS or not _longer(status)):
            yield from table(cadence, own[-MOST_PERIODS:], width)
    yield from slices(status, width)
    yield from _apart(_remarks(status, width))
    yield from _apart(_reasons(status, width))
    verdict = state(status)
    style = _STYLES.get(status.state, "bold red") if verdict.mark == status.state.value else "bold"
    yield from folded(_out, Text(f"{verdict.word.lower()}: {verdict.words}", style), width)


def _apart(section: Iterator[Text]) -> Iterator[Text]:
    """Lines with an empty one before them; nothing without lines."""
    own = list(section)
    yield from [Text(), *own] if own else []


def _remarks(status: "MonitorStatus", width: int | None) -> Iterator[Text]:
    """Which days are missing or wait for labels, and how the limits come about."""
    for gap in status.gaps:
        days = counted(gap.days, "day")
        yield Text(f"No requests on {days}: {gap.first} to {gap.last}", "yellow")
    for note in (waiting(status), *status.notes):
        if note:
            yield from folded(_out, Text(plain(note), "dim"), width)


def _reasons(status: "MonitorStatus", width: int | None) -> Iterator[Text]:
    """The signals, next to the state that they explain."""
    for signal in status.signals[:MOST_SIGNALS]:
        style = "bold red" if signal.state is MonitorState.ACT else "yellow"
        yield from folded(_out, Text(f"→ {plain(signal.sentence)}", style), width, "  ")
        if signal.since and signal.since not in signal.sentence:
            yield Text(f"  since {signal.since}", "dim")
    more = len(status.signals) - MOST_SIGNALS
    if more > 0:
        words = f"→ {counted(more, 'more reason')}: --html and --json have all of them"
        yield Text(words, "yellow")


def _longer(status: "MonitorStatus") -> bool:
    """Whether there is more than one month, so that days would say too much."""
    return len(status.of(Cadence.MONTH)) > 1


def _title(status: "MonitorStatus") -> Text:
    name = (plain(status.model), "bold")
    if status.total is None:
        return Text.assemble(name, f"  {status.package[:16]}")
    requests = counted(status.total.requests, "request")
    span = f"{requests} from {status.first} to {status.last}"
    others = f", and {counted(len(status.others), 'other package')}" if status.others else ""
    return Text.assemble(name, f"  {status.package[:16]}: {span}{others}")
