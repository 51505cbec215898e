"""The verb that compares executions."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from stagebook.cli import pages
from stagebook.cli.options import StageName, json_option

if TYPE_CHECKING:
    from stagebook.project.project import Project


@click.command()
@click.argument("one", required=False)
@click.argument("other", required=False)
@click.option(
    "--stage",
    type=StageName(),
    metavar="STAGE",
    help="Stage to compare.",
    show_default="all stages",
)
@click.option(
    "--sweep",
    type=StageName(),
    metavar="STAGE",
    help="Stage whose last executions to compare, instead of ONE and OTHER.",
)
@click.option(
    "--last",
    type=click.IntRange(1, 500),
    default=20,
    metavar="N",
    help="Number of executions to show with --sweep.",
)
@click.option(
    "--figure",
    type=click.IntRange(min=1),
    default=1,
    metavar="N",
    help="Number of the figure in each notebook to show with --sweep and --html, counted from 1.",
)
@pages.html_option
@json_option
def compare(
    one: str | None, other: str | None, stage: str | None, sweep: str | None, **options: Any
) -> None:
    """Show the differences between two executions, builds or commits.

    ONE and OTHER are each the id of an execution, the id of an MLflow run, a build such as last
    or last~1, or a commit, branch or tag. ONE defaults to the last build. OTHER defaults to the
    execution, build or commit before ONE.
    """
    from stagebook.project.project import Project

    project = Project.find(Path.cwd())
    if sweep is not None:
        if one or stage:
            raise click.UsageError("--sweep STAGE cannot be combined with ONE or --stage.")
        _sweep(project, sweep, **options)
    elif names := [name for name in ("last", "figure") if _is_given(name)]:
        raise click.UsageError(f"--{names[0]} needs --sweep STAGE.")
    else:
        _compare(project, one, other, stage, options["html"], as_json=options["as_json"])


def _is_given(option: str) -> bool:
    source = click.get_current_context().get_parameter_source(option)
    return source is not click.core.ParameterSource.DEFAULT


def _compare(
    project: "Project",
    now: str | None,
    before: str | None,
    stage: str | None,
    html: Path | None,
    *,
    as_json: bool,
) -> None:
    from stagebook.workflow import comparing

    comparison = comparing.compare(project, now or comparing.NEWEST, before, stage)
    if html:
        pages.write(html, comparing.comparison_page(project, comparison))
    if as_json:
        click.echo(json.dumps(comparison.as_json(), ensure_ascii=False))
    elif not html:
        from stagebook.cli import compare_screen

        compare_screen.show(comparison)


def _sweep(
    project: "Project",
    stage: str,
    *,
    last: int,
    figure: int,
    html: Path | None,
    as_json: bool,
) -> None:
    from stagebook.workflow import comparing

    sweep = comparing.sweep(project, stage, last)
    if html:
        pages.write(html, comparing.sweep_page(project, sweep, figure))
    if as_json:
        click.echo(json.dumps(sweep.as_json(), ensure_ascii=False))
    elif not html:
        from stagebook.cli import compare_screen

        compare_screen.sweep(sweep)
