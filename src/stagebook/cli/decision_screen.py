"""A decision about a deployed model in the terminal."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from rich.table import Table
from rich.text import Text

from stagebook.cli.printed import Screen, put
from stagebook.monitoring.decision.option import Action
from stagebook.project.text import plain
from stagebook.report import decision_words

if TYPE_CHECKING:
    from stagebook.monitoring.decision.decision import Decision

_STYLES = {Action.KEEP: "bold green", Action.ASK: "bold yellow"}
_out = Screen()


def show(decision: "Decision") -> None:
    """Prints a decision: the action and why, the options, and what they are derived from."""
    style = _STYLES.get(decision.action, "bold red")
    package, day = plain(decision.package, 16), plain(decision.at) if decision.at else "no day"
    about = f"  {package}, as of {day}: {plain(decision.state)}"
    _out.print(Text.assemble((plain(decision.model), "bold"), about))
    _out.print(Text.assemble((decision.action.value, style), f": {plain(decision.reason)}"))
    _out.print()
    put(_out, _table(decision, style))
    _out.print()
    for line in _evidence(decision):
        _out.print(line)
    _out.print(Text(decision_words.meaning(decision), "dim"))


def _table(decision: "Decision", style: str) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, header_style="bold")
    table.add_column("option", no_wrap=True)
    for name in decision_words.HEAD[1:]:
        table.add_column(name, justify="right", no_wrap=True)
    for option in decision.options:
        chosen = style if option.action is decision.action else ""
        cells = decision_words.cells(option, decision.costs.unit)
        table.add_row(*(Text(cell, chosen) for cell in cells))
    return table


def _evidence(decision: "Decision") -> Iterator[Text]:
    for option in decision.options:
        for sentence in option.evidence:
            yield Text.assemble((f"{option.action.value}: ", "bold"), plain(sentence))
        if option.why_not:
            yield Text.assemble(
                (f"{option.action.value}: ", "bold"), ("not possible. ", "yellow"), option.why_not
            )
    for signal in decision.signals:
        yield Text.assemble(("→ ", "yellow"), plain(signal.sentence))
