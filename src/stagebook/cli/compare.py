"""The verb that holds executions against each other."""

import json
from pathlib import Path
from typing import Any

import click

from stagebook.cli import pages
from stagebook.cli.options import json_option
from stagebook.project import Project


@click.command()
@click.argument("one", required=False)
@click.argument("other", required=False)
@click.option("--stage", metavar="STAGE", help="Only this stage.")
@click.option("--sweep", metavar="STAGE", help="Show the last executions of a stage together.")
@click.option(
    "--last", type=click.IntRange(1, 500), default=20, metavar="N", help="Of a sweep; else 20."
)
@click.option(
    "--figure", type=click.IntRange(min=1), default=1, metavar="N", help="Of a sweep; else 1."
)
@pages.html_option
@json_option
def compare(
    one: str | None, other: str | None, stage: str | None, sweep: str | None, **options: Any
) -> None:
    """Say what differs between two executions, builds or commits.

    ONE and OTHER are an execution, an MLflow run, a build such as last or last~1, or a commit,
    branch or tag. Without OTHER, ONE is compared with the one before it; without ONE, it is the
    last build.
    """
    project = Project.find(Path.cwd())
    if sweep is not None:
        if one or stage:
            raise click.UsageError("--sweep STAGE takes neither ONE nor --stage.")
        _sweep(project, sweep, **options)
    else:
        _compare(project, one, other, stage, options["html"], as_json=options["as_json"])


def _compare(
    project: Project,
    one: str | None,
    other: str | None,
    stage: str | None,
    html: Path | None,
    *,
    as_json: bool,
) -> None:
    from stagebook.workflow import comparing

    found = comparing.compare(project, one or comparing.NEWEST, other, stage)
    if html:
        pages.write(html, comparing.comparison_page(project, found))
    if as_json:
        click.echo(json.dumps(found.as_json(), ensure_ascii=False))
    elif not html:
        from stagebook.cli import compare_screen

        compare_screen.show(found)


def _sweep(
    project: Project, stage: str, *, last: int, figure: int, html: Path | None, as_json: bool
) -> None:
    from stagebook.workflow import comparing

    found = comparing.sweep(project, stage, last)
    if html:
        pages.write(html, comparing.sweep_page(project, found, figure))
    if as_json:
        click.echo(json.dumps(found.as_json(), ensure_ascii=False))
    elif not html:
        from stagebook.cli import compare_screen

        compare_screen.sweep(found)
