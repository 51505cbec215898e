"""What a person sees of a package at the gate."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from stagebook.cli.lines import with_hints
from stagebook.cli.printed import Screen, put

if TYPE_CHECKING:
    from stagebook.model.clean import CleanCheck
    from stagebook.model.recreate import Recreation
    from stagebook.model.registry import Registration
    from stagebook.model.verification import Check, VerificationReport

_out = Screen()
_STYLES = {
    "passed": ("✓", "green"),
    "warned": ("!", "yellow"),
    "overridden": ("!", "yellow"),
    "refused": ("✗", "bold red"),
    "not reached": ("-", "dim"),
}


def show(passage: "VerificationReport", console: Console = _out) -> None:
    """Prints each check on a line of a table, then what is wrong."""
    manifest = passage.manifest
    _checks(manifest.name, manifest.digest, passage.checks, console)
    if passage.refusals:
        console.print(Text("It would be refused here.", "bold red"))
    else:
        console.print(Text("It can be loaded here.", "green"))


def show_clean(cleaned: "CleanCheck", console: Console = _out) -> None:
    """The same of what was checked in a fresh environment, and how that was made."""
    _checks(cleaned.name, cleaned.digest, cleaned.checks, console)
    console.print(Text(cleaned.environment, "dim"))
    if cleaned.holds:
        console.print(Text("It can be loaded in an environment made from it alone.", "green"))
    else:
        console.print(Text("It would be refused in an environment made from it alone.", "bold red"))


def _checks(name: str, digest: str, checks: "Sequence[Check]", console: Console) -> None:
    console.print(Text.assemble((name, "bold"), f"  {digest[:16]}"))
    table = Table(box=None, show_header=False, padding=(0, 1), pad_edge=False)
    for check in checks:
        mark, style = _STYLES[check.state.value]
        table.add_row(
            Text(mark, style), check.name, Text(check.state.value, style), Text(check.detail)
        )
    put(console, table)
    problems = [problem for check in checks for problem in check.problems]
    for problem, hint in with_hints(problems):
        place = f"{problem.where}: " if problem.where else ""
        console.print(Text.assemble((f"{place}", "bold"), problem.message))
        if hint:
            console.print(Text.assemble(("  → ", "cyan"), hint))


def step(words: str) -> None:
    """Prints what is done now."""
    _out.print(Text(f"  {words}", "dim"))


def silent(words: str) -> None:
    """Prints nothing, where only JSON is wanted."""


def recreated(made: "Recreation") -> None:
    """Prints how what was made again is like the package."""
    styles = {"identical": "green", "within tolerance": "yellow", "different": "bold red"}
    word = made.likeness.value
    _out.print(Text.assemble((word, styles[word]), f": {made.detail}"))
    _out.print(Text(f"  {made.folder}", "dim"), soft_wrap=True)


def recreated_as_json(made: "Recreation") -> dict[str, Any]:
    """The same as plain values."""
    return {
        "likeness": made.likeness.value,
        "detail": made.detail,
        "folder": str(made.folder),
        "commit": made.origin.commit,
        "stage": made.origin.stage,
        "told_by": made.origin.source,
    }


def registered(made: "Registration") -> None:
    """Prints where a package is in the registry."""
    title = made.title
    words = "" if made.created else ", which was there already"
    _out.print(Text.assemble((title.name, "bold"), f" version {made.version}{words}"))
    if title.alias:
        moved = f" (before: version {made.before})" if made.before else ""
        _out.print(Text(f"  {title.uri}{moved}"), soft_wrap=True)
    _out.print(Text(f"  in {made.tracking_uri}", "dim"), soft_wrap=True)


def registered_as_json(made: "Registration") -> dict[str, Any]:
    """The same as plain values."""
    return {
        "name": made.title.name,
        "version": made.version,
        "alias": made.title.alias,
        "before": made.before,
        "digest": made.digest,
        "made": made.created,
        "run_id": made.run,
        "tracking_uri": made.tracking_uri,
    }
