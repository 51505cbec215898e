"""The judgement of a build in the terminal: a line for each failed stage, or for each gate."""

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


def show(judgement: "GateJudgement") -> None:
    """Prints the judgement of a build, with notes on standard error."""
    for note in judgement.notes:
        _err.print(Text.assemble(("note ", "yellow"), plain(note)))
    for broken in judgement.broken:
        _out.print(
            Text.assemble(("✗ ", "red"), (plain(broken.stage), "bold"), f" {plain(broken.how)}")
        )
    if judgement.broken:
        _out.print(f"No metric was checked. {_next(judgement.broken)}", markup=False)
    elif not judgement.verdicts:
        _out.print(
            "The build succeeded. No metric has a gate: set one in [tool.stagebook.gates]",
            markup=False,
        )
    else:
        put(_out, _table(judgement))


def _next(broken: "tuple[BrokenStage, ...]") -> str:
    """What to do about stages that did not end well, or were not built."""
    build = "dvc repro --pull" if any(stage.missing for stage in broken) else "dvc repro"
    failed = ", ".join(plain(stage.stage) for stage in broken if stage.failed)
    if failed:
        return f"Fix {failed}, then build again: {build}"
    return f"{'Get the outputs' if all(stage.missing for stage in broken) else 'Build'}: {build}"


def _table(judgement: "GateJudgement") -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, header_style="bold")
    table.add_column("")
    for name in ("metric", "now", plain(judgement.against or "base"), "must be"):
        table.add_column(name, overflow="fold")
    for verdict in judgement.verdicts:
        good = Text("✓", "green") if verdict.is_good else Text("–", "yellow")
        mark = good if verdict.holds else Text("✗", "red")
        table.add_row(mark, *_cells(verdict, judgement.against))
    return table


def _cells(verdict: "GateVerdict", against: str) -> Iterator[Text]:
    yield Text(plain(verdict.gate.metric))
    change = metric_words.change(verdict.value, verdict.base)
    moved = "" if change.other else f" {change.words}"
    base = "" if verdict.base is None else f"{metric_words.shown(verdict.base)}{moved}"
    yield from (Text(metric_words.shown(verdict.value)), Text(base))
    text = Text(metric_words.bounds(verdict.gate, against))
    for words in verdict.failures:  # problems are printed to standard error
        text.append(f"\n{words}", "red")
    for words in (*verdict.notes, *(f"stale: {cause.words}" for cause in verdict.stale)):
        text.append(f"\n{plain(words)}", "yellow")
    yield text
