"""A verdict in the terminal: one line for each broken rule."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from rich.text import Text

from stagebook.cli.lines import with_hints
from stagebook.cli.printed import Screen
from stagebook.project.text import counted, plain

if TYPE_CHECKING:
    from stagebook.data.contracts.verdict import ContractVerdict

_out = Screen()


def show(verdict: "ContractVerdict", columns: int | None = None, rules: int | None = None) -> None:
    """Prints a verdict.

    Args:
        verdict: The verdict.
        columns: Number of columns in the table, if known.
        rules: Number of rules in the contract, if known.
    """
    for line in lines(verdict, columns, rules):
        _out.print(line)


def lines(
    verdict: "ContractVerdict", columns: int | None = None, rules: int | None = None
) -> Iterator[Text]:
    """The lines of a verdict; see ``show``."""
    counts = [(verdict.rows, "row"), (columns, "column"), (rules, "rule")]
    extent = ", ".join(counted(count, noun) for count, noun in counts if count is not None)
    path, contract = plain(verdict.path), plain(verdict.contract)
    if verdict.holds:
        yield Text(f"{path} passes {contract}: {extent}", "green")
    else:
        yield Text.assemble(
            (f"{path} fails", "bold red"),
            f" {contract}: {_broken(len(verdict.failures))} ({extent})",
        )
    for problem, hint in with_hints(verdict.problems()):
        yield Text.assemble(("  ✗ ", "red"), plain(problem.message))
        if hint:
            yield Text.assemble(("    → ", "cyan"), plain(hint))
    for note in verdict.notes:
        yield Text.assemble(("  note ", "yellow"), plain(note))


def _broken(count: int) -> str:
    return f"{counted(count, 'rule')} {'is' if count == 1 else 'are'} broken"
