"""A package in the terminal: its checks, its registration, its recreation."""

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
    "skipped": ("-", "dim"),
}


def show(report: "VerificationReport", console: Console = _out) -> None:
    """Prints each check on a line of a table, then what is wrong."""
    manifest = report.manifest
    _checks(manifest.name, manifest.digest, report.checks, console)
    if report.refusals:
        console.print(Text("The package would be refused here.", "bold red"))
    else:
        console.print(Text("The package can be loaded here.", "green"))


def show_clean(clean_check: "CleanCheck", console: Console = _out) -> None:
    """Prints the checks in a fresh environment, and how the environment was created."""
    _checks(clean_check.name, clean_check.digest, clean_check.checks, console)
    console.print(Text(clean_check.environment, "dim"))
    if clean_check.holds:
        console.print(
            Text(
                "The package can be loaded in a new environment with its own requirements.", "green"
            )
        )
    else:
        console.print(
            Text(
                "The package would be refused in a new environment with its own requirements.",
                "bold red",
            )
        )


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
    """Prints the current step."""
    _out.print(Text(f"  {words}", "dim"))


def silent(words: str) -> None:
    """Prints nothing, since only JSON is printed."""


def recreated(recreation: "Recreation") -> None:
    """Prints how similar the rebuilt model is to the package."""
    styles = {"identical": "green", "within tolerance": "yellow", "different": "bold red"}
    word = recreation.likeness.value
    _out.print(Text.assemble((word, styles[word]), f": {recreation.detail}"))
    _out.print(Text(f"  {recreation.folder}", "dim"), soft_wrap=True)


def recreated_as_json(recreation: "Recreation") -> dict[str, Any]:
    """A recreation as plain values."""
    return {
        "likeness": recreation.likeness.value,
        "detail": recreation.detail,
        "folder": str(recreation.folder),
        "commit": recreation.origin.commit,
        "stage": recreation.origin.stage,
        "told_by": recreation.origin.source,
    }


def registered(registration: "Registration") -> None:
    """Prints where a package is in the registry."""
    title = registration.title
    words = "" if registration.created else ", which already existed"
    _out.print(Text.assemble((title.name, "bold"), f" version {registration.version}{words}"))
    if title.alias:
        moved = f" (before: version {registration.before})" if registration.before else ""
        _out.print(Text(f"  {title.uri}{moved}"), soft_wrap=True)
    _out.print(Text(f"  in {registration.tracking_uri}", "dim"), soft_wrap=True)


def registered_as_json(registration: "Registration") -> dict[str, Any]:
    """A registration as plain values."""
    return {
        "name": registration.title.name,
        "version": registration.version,
        "alias": registration.title.alias,
        "before": registration.before,
        "digest": registration.digest,
        "made": registration.created,
        "run_id": registration.run,
        "tracking_uri": registration.tracking_uri,
    }
