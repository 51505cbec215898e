"""An exported model in the terminal."""

from typing import TYPE_CHECKING

from rich.console import Console
from rich.text import Text

from stagebook.cli import screen
from stagebook.cli.printed import Screen
from stagebook.model.verification import CheckState

if TYPE_CHECKING:
    from stagebook.model.export import Export
    from stagebook.workflow.models import ExportedModel

_out = Screen()
_FEW = (
    "Few rows were compared: the test set is missing, or differs from the one in the package. "
    "Give the test set: --rows FILE"
)


def show(model: "ExportedModel", console: Console = _out) -> None:
    """Prints the package's warnings, then how close the export is, and where it was written."""
    from stagebook.model.export import report_of
    from stagebook.model.rows import FEW

    let_through = (CheckState.WARNED, CheckState.OVERRIDDEN)
    noted = [
        problem
        for check in model.report.checks
        if check.state in let_through
        for problem in check.problems
    ]
    screen.problems(noted, warning=True)
    export = model.export
    console.print(Text.assemble((export.name, "bold"), f"  {export.package[:16]}"))
    for word, words in _lines(export):
        console.print(Text.assemble((f"  {word:<9}", "dim"), words), soft_wrap=True)
    if export.rows.kind == FEW:
        console.print(Text.assemble(("! ", "yellow"), _FEW))
    console.print(Text.assemble(("Written: ", "green"), str(model.target)), soft_wrap=True)
    console.print(Text(f"         {report_of(model.target)}", "dim"), soft_wrap=True)


def _lines(export: "Export") -> list[tuple[str, str]]:
    parity, largest = export.parity, export.parity.largest
    assert largest, "what was written was compared"
    apart = [("differ", "none: all predictions are equal")]
    if largest.difference:
        values = f"{largest.original!r} and {largest.exported!r}"
        apart = [
            ("differ", f"by {largest.difference:.2g} at most; {parity.tolerance:g} is allowed"),
            ("", f"`{largest.column}` in row {largest.row:,}: {values}"),
        ]
    versions = ", ".join(f"{name} {version}" for name, version in sorted(export.versions.items()))
    return [
        ("rows", f"{parity.rows:,}, {export.rows.kind} ({export.rows.path})"),
        ("outputs", ", ".join(parity.columns)),
        *apart,
        ("made by", versions),
        ("file", f"{export.format}, {len(export.data):,} bytes, sha256 {export.sha256[:16]}"),
    ]
