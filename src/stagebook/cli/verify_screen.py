"""Verified stages in the terminal: a line for each, and below it what differs and why."""

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from rich.text import Text

from stagebook.cli import screen
from stagebook.cli.printed import Screen
from stagebook.execution.verification.outputs import Reproduction
from stagebook.project.text import plain

if TYPE_CHECKING:
    from stagebook.execution.verification.result import StageVerification

_MARKS = {
    Reproduction.IDENTICAL: ("✓", "green"),
    Reproduction.WITHIN_TOLERANCE: ("≈", "green"),
    Reproduction.DIFFERENT: ("✗", "red"),
    Reproduction.CANNOT_RUN: ("–", "yellow"),
}
_out = Screen()


def show(result: "StageVerification") -> None:
    """Prints one stage."""
    mark, style = _MARKS[result.verdict]
    line = Text.assemble((f"{mark} ", style), (plain(result.stage), "bold"))
    _out.print(line.append(f"  {result.verdict.value}", style))
    for text in _details(result):
        _out.print(f"    {plain(text)}", markup=False, highlight=False)
    screen.problems(result.problems)


def total(results: Iterable["StageVerification"]) -> None:
    """Prints how many stages have each verdict."""
    counts = Counter(result.verdict for result in results)
    parts = [f"{counts[verdict]} {verdict.value}" for verdict in Reproduction if counts[verdict]]
    _out.print(Text(", ".join(parts) or "No stage to verify.", "bold"))


def _details(result: "StageVerification") -> Iterator[str]:
    for output in result.outputs:
        for words in output.words:
            yield f"{output.path}: {words}"
    for cell in result.cells:
        kinds = ", ".join(cell.kinds)
        yield f"cell {cell.cell} shows another output ({kinds})"
    for cause in result.causes:
        yield f"cause: {cause.text}"
