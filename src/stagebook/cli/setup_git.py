"""The verb that sets up git for a project."""

import json
import sys
from pathlib import Path

import click

from stagebook.cli.options import json_option


@click.command()
@click.option("--check", is_flag=True, help="Change nothing; exit with 9 if something is missing.")
@click.option("--remove", is_flag=True, help="Undo what the command set up.")
@json_option
def setup_git(check: bool, remove: bool, as_json: bool) -> None:
    """Set up git for notebooks and dvc.lock.

    Notebooks are committed without outputs and compared as code. dvc.lock is merged stage by
    stage. Before a commit, `stagebook sync --check` runs. Run it once in each clone.
    """
    from stagebook.project.errors import Exit
    from stagebook.project.project import Project
    from stagebook.workflow import git_repository

    if check and remove:
        raise click.UsageError("--check and --remove exclude each other.")
    project = Project.find(Path.cwd())
    action = git_repository.remove if remove else git_repository.set_up
    setup = git_repository.missing(project) if check else action(project)
    if as_json:
        click.echo(json.dumps(setup.as_json(), ensure_ascii=False))
    else:
        from stagebook.cli import setup_git_screen

        setup_git_screen.show(setup, check=check, remove=remove)
    if check and (setup.changes or setup.problems):
        sys.exit(Exit.OUT_OF_SYNC)
