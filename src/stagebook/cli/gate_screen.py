"""What came of a build in the terminal: a line for each stage that failed, or for each gate."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from rich.table import Table
from rich.text import Text

from stagebook.cli.printed import Screen, put
from stagebook.project.text import plain
from stagebook.report import metric_words

if TYPE_CHECKING:
    from stagebook.history.gates import GateVerdict
    from stagebook.workflow.gating import BrokenStage, GateJudgement

_out = Screen()
_err = Screen(stderr=True)


def show(found: "GateJudgement") -> None:
    """Prints what came of a build, with notes on standard error."""
    for note in found.notes:
        _err.print(Text.assemble(("note ", "yellow"), plain(note)))
    for broken in found.broken:
        _out.print(
            Text.assemble(("✗ ", "red"), (plain(broken.stage), "bold"), f" {plain(broken.how)}")
        )
    if found.broken:
        _out.print(f"No metric was looked at. {_next(found.broken)}", markup=False)
    elif not found.verdicts:
        _out.print(
            "The build went well. No metric has a gate: see [tool.stagebook.gates]", markup=False
        )
    else:
        put(_out, _table(found))


def _next(broken: "tuple[BrokenStage, ...]") -> str:
    """What to do about stages that did not end well, or were not built."""
    build = "dvc repro --pull" if any(stage.missing for stage in broken) else "dvc repro"
    failed = ", ".join(plain(stage.stage) for stage in broken if stage.failed)
    if failed:
        return f"Put right what is wrong with {failed}, and build again: {build}"
    return f"{'Bring the outputs' if all(stage.missing for stage in broken) else 'Build'}: {build}"


def _table(found: "GateJudgement") -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, header_style="bold")
    table.add_column("")
    for name in ("metric", "now", plain(found.against or "base"), "has to be"):
        table.add_column(name, overflow="fold")
    for verdict in found.verdicts:
        good = Text("✓", "green") if verdict.is_good else Text("–", "yellow")
        mark = good if verdict.holds else Text("✗", "red")
        table.add_row(mark, *_cells(verdict, found.against))
    return table


def _cells(verdict: "GateVerdict", against: str) -> Iterator[Text]:
    yield Text(plain(verdict.gate.metric))
    change = metric_words.change(verdict.value, verdict.base)
    moved = "" if change.other else f" {change.words}"
    base = "" if verdict.base is None else f"{metric_words.shown(verdict.base)}{moved}"
    yield from (Text(metric_words.shown(verdict.value)), Text(base))
    told = Text(metric_words.bounds(verdict.gate, against))
    for words in verdict.failures:  # of a problem, standard error tells
        told.append(f"\n{words}", "red")
    for words in (*verdict.notes, *(f"stale: {cause.words}" for cause in verdict.stale)):
        told.append(f"\n{plain(words)}", "yellow")
    yield told
