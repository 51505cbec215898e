"""The verb that shows what is stale, and why."""

import json
import sys
from pathlib import Path

import click

from stagebook.cli import pages
from stagebook.cli.options import StageName, json_option


@click.command()
@click.argument("stages", nargs=-1, metavar="STAGE...", type=StageName())
@click.option(
    "--since",
    metavar="REV",
    help="Compare with this commit, branch or tag; A..B compares two of them.",
    show_default="the last build",
)
@click.option("--full", is_flag=True, help="Show every reason and every changed line.")
@click.option("--check", is_flag=True, help="Exit with code 14 if a stage is stale.")
@pages.html_option
@json_option
def plan(
    stages: tuple[str, ...],
    since: str | None,
    full: bool,
    check: bool,
    html: Path | None,
    as_json: bool,
) -> None:
    """Show what `dvc repro` would run, and why.

    STAGE is the name of a stage, its notebook, or an output. With it, only these stages and those
    before them are shown. Nothing is run or locked, so the command also works during a build.
    """
    from stagebook.project.errors import Exit
    from stagebook.project.project import Project
    from stagebook.workflow import planning

    project = Project.find(Path.cwd())
    folder = Path.cwd().resolve().relative_to(project.root.resolve()).as_posix()
    if since is not None:
        planned = planning.since(project, since, stages, folder)
    else:
        planned = planning.plan(project, stages, folder)
    if html:
        from stagebook.report.plan_page import render_page

        pages.write(html, render_page(planned.plan, project.settings.name))
    if as_json:
        click.echo(json.dumps(planned.plan.as_json(), ensure_ascii=False))
    elif not html:
        from stagebook.cli import plan_screen

        plan_screen.show(planned.plan, full=full)
    if planned.exit_code:
        sys.exit(planned.exit_code)
    if check and planned.plan.is_stale:
        sys.exit(Exit.STALE)
