"""What a person sees of a package at the gate."""

from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table
from rich.text import Text

from stagebook.cli.lines import with_hints

if TYPE_CHECKING:
    from stagebook.model.gate import Passage

_out = Console(highlight=False)
_STYLES = {
    "passed": ("✓", "green"),
    "warned": ("!", "yellow"),
    "overridden": ("!", "yellow"),
    "refused": ("✗", "bold red"),
    "not reached": ("-", "dim"),
}


def show(passage: "Passage", console: Console = _out) -> None:
    """Prints each check on a line of a table, then what is wrong."""
    manifest = passage.manifest
    console.print(Text.assemble((manifest.name, "bold"), f"  {manifest.digest[:16]}"))
    table = Table(box=None, show_header=False, padding=(0, 1), pad_edge=False)
    for check in passage.checks:
        mark, style = _STYLES[check.state.value]
        table.add_row(
            Text(mark, style), check.name, Text(check.state.value, style), Text(check.detail)
        )
    console.print(table)
    problems = [problem for check in passage.checks for problem in check.problems]
    for problem, hint in with_hints(problems):
        place = f"{problem.where}: " if problem.where else ""
        console.print(Text.assemble((f"{place}", "bold"), problem.message))
        if hint:
            console.print(Text.assemble(("  → ", "cyan"), hint))
    if passage.refusals:
        console.print(Text("It would be refused here.", "bold red"))
    else:
        console.print(Text("It can be loaded here.", "green"))
