"""The trace of a prediction in the terminal: its request, above the tree of its package."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from rich.text import Text
from rich.tree import Tree

from stagebook.cli import trace_screen
from stagebook.cli.printed import Screen, put
from stagebook.project.text import plain
from stagebook.report import lineage_words as words

if TYPE_CHECKING:
    from stagebook.workflow.predictions import LoggedRow, PredictionTrace, TracedRequest

MOST = 10
"""Largest number of rows, and of violations, to show for each request."""

_out = Screen()
_err = Screen(stderr=True)


def show(trace: "PredictionTrace") -> None:
    """Prints a trace, with notes on standard error."""
    for note in trace.trace.notes:
        _err.print(Text.assemble(("note ", "yellow"), note))
    for tree in trees(trace):
        put(_out, tree)


def trees(trace: "PredictionTrace") -> Iterator[Tree]:
    """One tree for the request, and one for what a challenger predicted for it."""
    files = trace.trace.query.artefacts
    below = dict(zip(files, trace_screen.trees(trace.trace), strict=True))
    for request in trace.requests:
        tree = Tree(Text("\n").join(_lines(request)), guide_style="bright_black")
        if request.package:
            tree.children.append(below[request.package.folder])
        yield tree


def _lines(request: "TracedRequest") -> Iterator[Text]:
    logged = request.logged
    time = request.time.replace("T", " ").replace("+00:00", " UTC")
    yield Text.assemble(("request ", "dim"), (logged.request, "bold"), f"  {time}")
    role = "" if logged.role == "champion" else f", {logged.role}"
    taken = "" if logged.milliseconds is None else f" in {logged.milliseconds:.1f} ms"
    answer = f"status {logged.status}{taken}{role}"
    yield _fact("answer", f"{plain(logged.route)}, {answer}")
    for row in request.rows[:MOST]:
        yield from _row(row)
    if (more := len(request.rows) - MOST) > 0:
        yield Text(f"{more:,} more rows: --json shows all", "dim")
    if request.left_out:
        yield _fact("left out of the log", ", ".join(map(plain, request.left_out)))
    shown = {row.row for row in request.rows[:MOST]}
    for warning in logged.warnings:
        if warning.row in shown:
            yield _remark("warning", warning.code, warning.row, warning.column, warning.message)
    for violation in logged.problems[:MOST]:
        place = (violation.code, violation.row, violation.column, violation.message)
        yield _remark("violation", *place)
    if (more := len(logged.problems) - MOST) > 0:
        yield Text(f"{more:,} more violations: --json shows all", "dim")
    name = request.package.manifest.name if request.package else "unknown here"
    yield _fact("package", f"{plain(name)} {words.short(logged.package)}")


def _row(row: "LoggedRow") -> Iterator[Text]:
    if row.keys:
        yield _fact(f"row {row.row} keys", _values(row.keys))
    yield _fact(f"row {row.row} features", _values(row.features))
    if row.prediction:
        yield _fact(f"row {row.row} prediction", _values(row.prediction))
    if row.masked:
        yield _fact(f"row {row.row} masked", ", ".join(map(plain, row.masked)))


def _values(values: Mapping[str, Any]) -> str:
    return ", ".join(f"{plain(name)} {words.value(value)}" for name, value in values.items())


def _remark(word: str, code: str, row: int | None, column: str | None, message: str) -> Text:
    place = ", ".join(
        [*([] if row is None else [f"row {row}"]), *([plain(column)] if column else [])]
    )
    shown = f"{code}{f' ({place})' if place else ''}: {plain(message)}"
    return Text.assemble((f"{word} ", "yellow"), shown)


def _fact(label: str, text: str) -> Text:
    return Text.assemble((f"{label} ", "dim"), text)
