"""What came of a build in the terminal: a line for each stage that failed, or for each gate."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table
from rich.text import Text

from stagebook.cli.printed import put
from stagebook.report import metric_words
from stagebook.report.figures import plain

if TYPE_CHECKING:
    from stagebook.record.gates import Verdict
    from stagebook.workflow.gating import Broken, Judgement

_out = Console(highlight=False, soft_wrap=True)
_err = Console(stderr=True, highlight=False, soft_wrap=True)


def show(found: "Judgement") -> None:
    """Prints what came of a build, with notes on standard error."""
    for note in found.notes:
        _err.print(Text.assemble(("note ", "yellow"), plain(note)))
    for one in found.broken:
        _out.print(Text.assemble(("✗ ", "red"), (plain(one.stage), "bold"), f" {plain(one.how)}"))
    if found.broken:
        _out.print(f"No metric was looked at. {_next(found.broken)}", markup=False)
    elif not found.verdicts:
        _out.print(
            "The build went well. No metric has a gate: see [tool.stagebook.gates]", markup=False
        )
    else:
        put(_out, _table(found))


def _next(broken: "tuple[Broken, ...]") -> str:
    """What to do about stages that did not end well, or were not built."""
    build = "dvc repro --pull" if any(one.missing for one in broken) else "dvc repro"
    failed = ", ".join(plain(one.stage) for one in broken if one.failed)
    if failed:
        return f"Put right what is wrong with {failed}, and build again: {build}"
    return f"{'Bring the outputs' if all(one.missing for one in broken) else 'Build'}: {build}"


def _table(found: "Judgement") -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, header_style="bold")
    table.add_column("")
    for name in ("metric", "now", plain(found.against or "base"), "has to be"):
        table.add_column(name, overflow="fold")
    for one in found.verdicts:
        good = Text("✓", "green") if one.judged else Text("–", "yellow")
        mark = good if one.holds else Text("✗", "red")
        table.add_row(mark, *_cells(one, found.against))
    return table


def _cells(one: "Verdict", against: str) -> Iterator[Text]:
    yield Text(plain(one.gate.metric))
    change = metric_words.change(one.value, one.base)
    moved = "" if change.other else f" {change.words}"
    base = "" if one.base is None else f"{metric_words.shown(one.base)}{moved}"
    yield from (Text(metric_words.shown(one.value)), Text(base))
    told = Text(metric_words.bounds(one.gate, against))
    for words in one.failures:  # of a problem, standard error tells
        told.append(f"\n{words}", "red")
    for words in one.notes:
        told.append(f"\n{plain(words)}", "yellow")
    yield told
