"""The verbs for a project's features."""

import json
from pathlib import Path

import click

from stagebook.cli.options import json_option


@click.group(invoke_without_command=True)
@json_option
@click.pass_context
def features(ctx: click.Context, as_json: bool) -> None:
    """List feature views and services with their users."""
    if ctx.invoked_subcommand is not None:
        return
    from stagebook.cli import features_screen
    from stagebook.project.project import Project
    from stagebook.workflow import features as workflow

    listing = workflow.listing(Project.find(Path.cwd()))
    if as_json:
        click.echo(json.dumps(listing.as_json(), ensure_ascii=False))
    else:
        features_screen.show(listing)


@features.command()
@click.argument("service")
@click.argument("store", type=click.Path(path_type=Path))
@click.option(
    "--incremental",
    is_flag=True,
    help="Add the rows that became known since STORE was written, instead of writing it anew.",
)
@json_option
def materialize(service: str, store: Path, incremental: bool, as_json: bool) -> None:
    """Write the online store of a feature service.

    SERVICE is its name. STORE is the SQLite file to write; an existing store is replaced.
    """
    from stagebook.cli import features_screen
    from stagebook.project.project import Project
    from stagebook.workflow import features as workflow

    project = Project.find(Path.cwd())
    views = workflow.materialize(project, service, store, incremental=incremental)
    if as_json:
        click.echo(json.dumps(features_screen.stored_as_json(store, views), ensure_ascii=False))
    else:
        features_screen.stored(store, views)
