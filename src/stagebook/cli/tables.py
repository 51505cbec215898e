"""The verbs for anyone with a table, in a project or outside of any."""

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from stagebook.cli import pages
from stagebook.cli.options import json_option
from stagebook.cli.pages import html_option
from stagebook.errors import Exit, StagebookError

if TYPE_CHECKING:
    from stagebook.contracts.drift.reference import Reference

_FILE = click.Path(path_type=str)


@click.command()
@click.argument("file", type=_FILE)
@click.option("--contract", required=True, metavar="MODULE:SCHEMA", help="What it has to keep.")
@json_option
def check(file: str, contract: str, as_json: bool) -> None:
    """Hold a table against a contract, and say all that it breaks.

    A table is a Parquet, CSV, Feather or JSON Lines file, or a folder of Parquet files. Ends with
    10 if the contract does not hold.
    """
    from stagebook.cli import verdict_screen
    from stagebook.workflow import tables

    if not all(contract.partition(":")):
        raise click.BadParameter(f"{contract!r} is not MODULE:SCHEMA", param_hint="--contract")
    verdict = tables.check(Path.cwd(), file, contract, _code_folders())
    if as_json:
        click.echo(json.dumps(verdict.as_json(), ensure_ascii=False))
    else:
        verdict_screen.show(verdict)
    sys.exit(Exit.DONE if verdict.holds else Exit.REFUSED)


@click.command()
@click.argument("file", type=_FILE)
def contract(file: str) -> None:
    """Draft a contract from a table, with the evidence for each line."""
    from stagebook.workflow import tables

    click.echo(tables.draft(Path.cwd(), file), nl=False)


@click.command()
@click.argument("file", type=_FILE)
@click.option("--against", type=_FILE, metavar="PROFILE", help="Show each column beside this.")
@html_option
@json_option
def profile(file: str, against: str | None, html: Path | None, as_json: bool) -> None:
    """Say what is in a table, column by column.

    The profile to compare with is what --json printed, or another table.
    """
    from stagebook.cli import profile_screen
    from stagebook.workflow import tables

    now, then = tables.profile(Path.cwd(), file, against)
    if html:
        from stagebook.report import profile_page

        pages.write(html, profile_page.render_page(now, file, then))
    if as_json:
        from stagebook.contracts.profiles import profile as profiles

        click.echo(profiles.render(now), nl=False)
    elif not html:
        profile_screen.show(now, file, then)


@click.command()
@click.argument("reference", type=_FILE)
@click.argument("batch", type=_FILE, required=False)
@click.option("--time", metavar="COLUMN", help="The reference's time; else the best one is taken.")
@click.option(
    "--by",
    type=click.Choice(["month", "week", "day"]),
    metavar="SPAN",
    help="How long its blocks are: month, week or day.",
)
@click.option("--check", is_flag=True, help="End with 11 if it drifted.")
@click.option("--save", type=click.Path(path_type=Path), metavar="KEPT", help="Keep the reference.")
@html_option
@json_option
def drift(
    reference: str,
    batch: str | None,
    time: str | None,
    by: str | None,
    check: bool,
    save: Path | None,
    html: Path | None,
    as_json: bool,
) -> None:
    """Say whether a table is still like another one.

    REFERENCE is a table, what --save kept of one, or a profile; BATCH a table or a profile. What
    counts as drift is learned from how much the reference's own months differ.
    """
    from stagebook.workflow import tables

    held = tables.reference(Path.cwd(), reference, time, by)
    if save:
        from stagebook.contracts.drift import reference as references

        pages.write(save, references.render(held))
    if batch is not None:
        _show_drift(held, (reference, batch), html, as_json=as_json, check=check)
    elif not save:
        raise click.UsageError("Give a BATCH to compare, or --save the reference.")


def _show_drift(
    held: "Reference", names: tuple[str, str], html: Path | None, *, as_json: bool, check: bool
) -> None:
    from stagebook.cli import drift_screen
    from stagebook.workflow import tables

    found = tables.drift(Path.cwd(), held, names[1])
    if html:
        from stagebook.report import drift_page

        pages.write(html, drift_page.render_page(found, *names))
    if as_json:
        click.echo(json.dumps(found.as_json(), ensure_ascii=False))
    elif not html:
        drift_screen.show(found, *names)
    if check and found.drifted:
        sys.exit(Exit.DRIFTED)


def _code_folders() -> tuple[Path, ...]:
    """Folders that contracts are imported from: the project's, or the present one and its src."""
    from stagebook.project import Project

    try:
        project = Project.find(Path.cwd())
    except StagebookError:
        return (Path.cwd() / "src", Path.cwd())
    return tuple(project.root / folder for folder in project.settings.code)
