"""The status of a deployed model in the terminal."""

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING

from rich.text import Text

from stagebook.cli.lines import folded
from stagebook.cli.printed import Screen
from stagebook.monitoring.cadence import Cadence
from stagebook.monitoring.signal import MonitorState
from stagebook.project.text import counted, plain
from stagebook.report.monitor_words import STATE_WORDS

if TYPE_CHECKING:
    from stagebook.monitoring.figure import Figure
    from stagebook.monitoring.period_status import PeriodStatus
    from stagebook.monitoring.status import MonitorStatus

MOST_PERIODS = 14
MOST_NAMES = 3
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
    if status.total is None:
        yield Text("The log has no request that this package answered.")
    for cadence in (Cadence.MONTH, Cadence.WEEK, Cadence.DAY):
        own = status.of(cadence)
        if own and (cadence is Cadence.MONTH or len(own) <= MOST_PERIODS or not _longer(status)):
            yield from _table(cadence, own[-MOST_PERIODS:], width)
    for gap in status.gaps:
        days = counted(gap.days, "day")
        yield Text(f"No requests on {days}: {gap.first} to {gap.last}", "yellow")
    for signal in status.signals:
        style = "bold red" if signal.state is MonitorState.ACT else "yellow"
        yield from folded(_out, Text(f"→ {plain(signal.sentence)}", style), width, "  ")
        yield Text(f"  since {signal.since}", "dim")
    for note in status.notes:
        yield from folded(_out, Text(plain(note), "dim"), width)
    words = f"{status.state.value}: {STATE_WORDS[status.state]}"
    yield Text(words, _STYLES.get(status.state, "bold red"))


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


def _table(
    cadence: Cadence, periods: "tuple[PeriodStatus, ...]", width: int | None
) -> Iterator[Text]:
    columns = {name: cell for name, cell in COLUMNS.items() if any(cell(item) for item in periods)}
    yield Text()
    yield Text(f"{cadence.value:<12}" + "".join(f"{name:>10}" for name in columns), "bold")
    for item in periods:
        cells = [cell(item) or "–" for cell in columns.values()]
        row = Text(f"{item.period.name:<12}" + "".join(f"{cell:>10}" for cell in cells))
        names = _names(item, width and width - len(row))
        yield row.append(names, "yellow")


def _share(share: float | None) -> str:
    return "" if share is None else f"{share:.1%}"


def _p99(item: "PeriodStatus") -> str:
    time = item.period.summary.latency.p99
    return "" if time is None else f"{time:.1f}"


def _area(figures: "Mapping[str, Figure]") -> str:
    area = figures.get("auc")
    return "" if area is None or area.value is None else f"{area.value:.3f}"


def _error(figures: "Mapping[str, Figure]") -> str:
    error = figures.get("mae")
    return "" if error is None or error.value is None else f"{error.value:.4g}"


COLUMNS: "Mapping[str, Callable[[PeriodStatus], str]]" = {
    "requests": lambda item: f"{item.period.summary.requests:,}",
    "refused": lambda item: _share(item.refused),
    "p99 ms": _p99,
    "drifted": lambda item: f"{len(item.drifted)}/{item.compared}" if item.compared else "",
    "AUC est.": lambda item: _area(item.estimated),
    "labelled": lambda item: _share(item.labelled),
    "AUC": lambda item: _area(item.realized),
    "MAE": lambda item: _error(item.realized),
}
"""The columns of a table; one in which no period has a value is left out."""


def _names(item: "PeriodStatus", space: int | None) -> str:
    """The first columns that drifted, as many as there is space for."""
    names = [plain(column.column) for column in item.drifted]
    for most in range(MOST_NAMES, 0, -1):
        more = " …" if len(names) > most else ""
        words = f"  {', '.join(names[:most])}{more}" if names else ""
        if space is None or len(words) <= space:
            return words
    return "  …"
