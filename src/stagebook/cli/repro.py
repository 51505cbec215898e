"""The verb that builds independent stages side by side."""

import contextlib
import json
import os
import sys
from pathlib import Path

import click

from stagebook.cli.options import StageName, json_option


def _size(_: click.Context, param: click.Parameter, value: str | None) -> int | None:
    """The bytes of a size with a unit."""
    from stagebook.project.settings import parse_size

    try:
        return parse_size(value) if value else None
    except ValueError as error:
        raise click.BadParameter(str(error), param=param) from None


@click.command()
@click.argument("targets", nargs=-1, type=StageName())
@click.option(
    "-j",
    "--jobs",
    type=click.IntRange(min=1),
    metavar="N",
    help="Number of stages to run at once.",
    show_default="number of processors",
)
@click.option(
    "--memory",
    callback=_size,
    metavar="SIZE",
    help="Memory that the stages may need together, such as 8GB.",
    show_default="the setting memory, or else the available memory",
)
@click.option(
    "--keep-going",
    is_flag=True,
    help="After a failure, also start the stages that do not depend on it.",
)
@click.option("-f", "--force", is_flag=True, help="Run every stage, also if nothing changed.")
@json_option
def repro(
    targets: tuple[str, ...],
    jobs: int | None,
    memory: int | None,
    keep_going: bool,
    force: bool,
    as_json: bool,
) -> None:
    """Build as `dvc repro` does, with independent stages side by side.

    TARGETS are stages, or their notebooks; by default, all stages are built. Outputs and dvc.lock
    are the same as after `dvc repro`.
    """
    from stagebook.cli import repro_screen
    from stagebook.project.project import Project
    from stagebook.workflow import side_by_side
    from stagebook.workflow.stages_build import BuildOptions

    project = Project.find(Path.cwd())
    options = BuildOptions(targets, jobs or _processors(), memory, keep_going, force)
    with contextlib.chdir(project.root), repro_screen.progress(quiet=as_json) as progress:
        build = side_by_side.build(project, options, progress)
    if as_json:
        click.echo(json.dumps(repro_screen.as_json(build, progress.outputs), ensure_ascii=False))
    else:
        repro_screen.show(build)
    sys.exit(build.exit_code)


def _processors() -> int:
    """The processors that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
