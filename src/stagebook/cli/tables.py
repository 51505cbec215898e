"""The verbs for a table, in a project or not."""

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from stagebook.cli import pages
from stagebook.cli.options import json_option
from stagebook.cli.pages import html_option
from stagebook.project.errors import Exit, StagebookError

if TYPE_CHECKING:
    from stagebook.data.drift.reference import Reference
    from stagebook.data.drift.spans import RowCount, Span

_FILE = click.Path(path_type=str)


@click.command()
@click.argument("file", type=_FILE)
@click.option(
    "--contract", required=True, metavar="MODULE:SCHEMA", help="Contract to check FILE against."
)
@json_option
def check(file: str, contract: str, as_json: bool) -> None:
    """Check a table against a contract and show every failure.

    FILE is a Parquet, CSV, Feather or JSON Lines file, or a folder of Parquet files. Exits with 10
    if the table breaks the contract.
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
    """Draft a contract for a table, with evidence for each line.

    FILE is a Parquet, CSV, Feather or JSON Lines file, or a folder of Parquet files.
    """
    from stagebook.workflow import tables

    click.echo(tables.draft(Path.cwd(), file), nl=False)


@click.command()
@click.argument("files", type=_FILE, nargs=-1, required=True, metavar="FILE...")
@click.option(
    "--against",
    type=_FILE,
    metavar="PROFILE",
    help="Profile or table to compare with, column by column.",
    show_default="no comparison",
)
@click.option("--merge", is_flag=True, help="Merge several profiles or tables into one profile.")
@html_option
@json_option
def profile(
    files: tuple[str, ...], against: str | None, merge: bool, html: Path | None, as_json: bool
) -> None:
    """Show what is in a table, column by column.

    FILE is a Parquet, CSV, Feather or JSON Lines file, or a folder of Parquet files. With --merge,
    each FILE is such a table, or a profile that --json printed; all must have the same columns.
    """
    from stagebook.cli import profile_screen
    from stagebook.workflow import tables

    if len(files) > 1 and not merge:
        raise click.UsageError(
            "Give one FILE, or use --merge to make one profile from several files."
        )
    if merge and against:
        raise click.UsageError(
            "--against cannot be combined with --merge; compare the merged profile afterwards."
        )
    file = " + ".join(files)
    if merge:
        now, then = tables.merged(Path.cwd(), files), None
    else:
        now, then = tables.profile(Path.cwd(), file, against)
    if html:
        from stagebook.report import profile_page

        pages.write(html, profile_page.render_page(now, file, then))
    if as_json:
        from stagebook.data.profiles import profile as profiles

        click.echo(profiles.render(now), nl=False)
    elif not html:
        profile_screen.show(now, file, then)


def _span(_: click.Context, __: click.Parameter, text: str | None) -> "Span | RowCount | None":
    """The length of a block, from the text of ``--by``."""
    from stagebook.data.drift import spans

    try:
        return None if text is None else spans.parse(text)
    except ValueError:
        lengths = ", ".join(spans.Span)
        message = f"{text!r} is not a valid length of a block. Use {lengths}, or a number of rows."
        raise click.BadParameter(message) from None


@click.command()
@click.argument("reference", type=_FILE)
@click.argument("batch", type=_FILE, required=False)
@click.option(
    "--time",
    metavar="COLUMN",
    help="Time column of REFERENCE.",
    show_default="the time column with the fewest missing values",
)
@click.option(
    "--by",
    callback=_span,
    metavar="SPAN",
    help="Length of a block: year, quarter, month, week, day, or a number of rows.",
    show_default="the length of BATCH",
)
@click.option("--check", is_flag=True, help="Exit with code 11 if BATCH drifted or lost a column.")
@click.option(
    "--save",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="JSON file to save the reference to. BATCH is optional then.",
)
@html_option
@json_option
def drift(
    reference: str,
    batch: str | None,
    time: str | None,
    by: "Span | RowCount | None",
    check: bool,
    save: Path | None,
    html: Path | None,
    as_json: bool,
) -> None:
    """Check whether a table has drifted from a reference.

    REFERENCE is a table, a profile, or a file that --save wrote. BATCH is the table or profile to
    check. The thresholds come from the reference: it is cut into blocks as long as BATCH, and
    BATCH has drifted if it differs more than these blocks differ from each other.
    """
    from stagebook.project.extras import DRIFT
    from stagebook.workflow import tables

    if batch is not None:
        DRIFT.require()  # before the reference is read, which can take minutes
    baseline = tables.reference(Path.cwd(), reference, time, by, batch)
    if save:
        from stagebook.data.drift import reference as references

        pages.write(save, references.render(baseline), references.is_reference)
    if batch is not None:
        _show_drift(baseline, (reference, batch), html, as_json=as_json, check=check)
    elif not save:
        raise click.UsageError("Give a BATCH to compare, or save the reference with --save.")


def _show_drift(
    reference: "Reference", names: tuple[str, str], html: Path | None, *, as_json: bool, check: bool
) -> None:
    from stagebook.cli import drift_screen
    from stagebook.data.drift.drift import DriftVerdict
    from stagebook.workflow import tables

    drift = tables.drift(Path.cwd(), reference, names[1])
    if html:
        from stagebook.report import drift_page

        pages.write(html, drift_page.render_page(drift, *names))
    if as_json:
        click.echo(json.dumps(drift.as_json(), ensure_ascii=False))
    elif not html:
        drift_screen.show(drift, *names)
    if check and drift.verdict is DriftVerdict.DRIFT:
        sys.exit(Exit.DRIFTED)


def _code_folders() -> tuple[Path, ...]:
    """Folders to import contracts from: the project's, or else the current one and its src."""
    from stagebook.project.project import Project

    try:
        project = Project.find(Path.cwd())
    except StagebookError:
        return (Path.cwd() / "src", Path.cwd())
    return tuple(project.root / folder for folder in project.settings.code)
