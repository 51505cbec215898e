"""Comparisons and sweeps in the terminal."""

from rich.table import Table
from rich.text import Text

from stagebook.cli.printed import Screen, put
from stagebook.history.comparison import Comparison, StageComparison
from stagebook.history.sweep import Sweep, SweepRow
from stagebook.project.text import counted, plain
from stagebook.report.comparison import differences, words
from stagebook.report.comparison.differences import Group
from stagebook.report.lineage_words import moment

_METRICS = 4
_VALUES = 6
_SHARED = 6
_FREE = 10_000
_out = Screen()
_err = Screen(stderr=True)


def show(comparison: Comparison) -> None:
    """Prints a comparison, with notes on standard error."""
    for note in words.notes(comparison):
        _err.print(Text.assemble(("note ", "yellow"), note))
    put(_out, _sides(comparison))
    if len(comparison.stages) > 1:
        put(_out, _overview(comparison))
    for item in comparison.stages:
        _out.print()
        _stage(item)
    if not comparison.stages:
        _out.print("No stage differs.")
    elif comparison.unchanged:
        names = ", ".join(map(plain, comparison.unchanged))
        _out.print(Text.assemble("\n", ("unchanged  ", "dim"), names))


def _sides(comparison: Comparison) -> Table:
    table = _table("", "")
    for name, side in (("before", comparison.before), ("now", comparison.now)):
        table.add_row(Text(name, "dim"), Text(words.side(side)))
    return table


def _overview(comparison: Comparison) -> Table:
    table = _table("stage", "differs", header=True)
    for item in comparison.stages:
        table.add_row(Text(plain(item.stage), "bold"), Text(words.gist(item)))
    return table


def _stage(stage: StageComparison) -> None:
    _out.print(Text(plain(stage.stage), "bold cyan"))
    table = _table("", "")
    table.add_row(Text("before", "dim"), Text(words.execution(stage.before)))
    table.add_row(Text("now", "dim"), Text(words.execution(stage.now)))
    put(_out, table)
    groups = differences.groups(stage) if stage.changes else ()
    if groups:
        put(_out, _groups(groups))
    elif stage.changes:
        _out.print("No recorded value differs.")


def _groups(groups: tuple[Group, ...]) -> Table:
    table = _table("", "", "before", "now", "", header=True)
    for group in groups:
        for place, line in enumerate(group.lines):
            table.add_row(
                Text(group.title if place == 0 else "", "dim"),
                Text(line.name, "bold"),
                Text(line.before),
                Text(line.now),
                Text(line.change, "dim"),
            )
    return table


def sweep(sweep: Sweep) -> None:
    """Prints a sweep: a table of its executions."""
    values, shown, table = _fitting(sweep)
    _out.print(Text.assemble((plain(sweep.stage), "bold cyan"), f"  {_summary(sweep)}"))
    if marked := words.code_marked(sweep):
        _out.print(Text(marked, "yellow"))
    shared = tuple(words.shared(sweep))
    if shared:
        put(_out, _shared(shared))
        _out.print()
    put(_out, table)
    if hidden := len(sweep.metrics) - len(shown) + len(sweep.parameters) - len(values):
        _out.print(
            Text(
                f"{counted(hidden, 'more value')} of each execution not shown: "
                "see all with --json or --html PAGE",
                "dim",
            )
        )


def _fitting(sweep: Sweep) -> tuple[tuple[str, ...], tuple[str, ...], Table]:
    """The table with as many metrics as fit, at least one, and its columns."""
    values = sweep.parameters[:_VALUES]
    free = _out.options.update(max_width=_FREE)  # otherwise the folded table is measured
    for most in range(_METRICS, 0, -1):
        shown = sweep.metrics[:most]
        table = _table("when, UTC", "execution", *values, *shown, header=True)
        for row in sweep.rows:
            table.add_row(*_cells(row, values, shown))
        if not _out.is_terminal or _out.measure(table, options=free).maximum <= _out.width:
            break
    return values, shown, table


def _shared(shared: tuple[tuple[str, tuple[str, ...]], ...]) -> Table:
    table = _table("", "")
    for title, values in shared:
        more = len(values) - _SHARED
        shown = (*values[:_SHARED], *([f"{more} more"] if more > 0 else []))
        table.add_row(Text(title, "dim"), Text(", ".join(shown)))
    return table


def _summary(sweep: Sweep) -> str:
    return f"{counted(len(sweep.rows), 'execution')}, {words.order(sweep)}"


def _cells(row: SweepRow, values: tuple[str, ...], metrics: tuple[str, ...]) -> tuple[Text, ...]:
    mark = words.MARK if row.other_code else ""
    kind = "build" if row.record.build else "-P"
    return (
        Text(moment(words.started(row.record)).removesuffix(" UTC")),
        Text(
            f"{row.name.rpartition('-')[2]}{mark} {kind if row.record.done else row.record.outcome}"
        ),
        *(Text(words.exact(row.parameters.get(name))) for name in values),
        *(Text(words.value(row.metrics.get(name))) for name in metrics),
    )


def _table(*columns: str, header: bool = False) -> Table:
    table = Table(
        box=None, padding=(0, 2, 0, 0), pad_edge=False, show_header=header, header_style="dim"
    )
    for name in columns:
        table.add_column(Text(plain(name) if name else ""), overflow="fold")
    return table
