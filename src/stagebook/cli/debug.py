"""The verb that starts a kernel for a person, stopped before the cell that failed."""

import contextlib
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from stagebook.cli.options import StageName, idle_option, json_option, pairs

if TYPE_CHECKING:
    from stagebook.execution.kept import KeptKernel
    from stagebook.execution.outcome import Ending


@click.command()
@click.argument("stage", type=StageName(), required=False)
@click.option(
    "-P",
    "values",
    multiple=True,
    metavar="NAME=VALUE",
    help="Parameter and its value. Repeatable.",
    show_default="values in params/, or else in the notebook",
)
@click.option(
    "--cell",
    type=click.IntRange(min=1),
    metavar="N",
    help="Position of the cell to stop before, counted from 1 over all cells.",
    show_default="the cell that failed",
)
@idle_option
@click.option("--stop", is_flag=True, help="End the kept kernels of this project.")
@json_option
def debug(
    stage: str | None,
    values: tuple[str, ...],
    cell: int | None,
    idle: float,
    stop: bool,
    as_json: bool,
) -> None:
    """Start a kernel that has run the cells before the one that failed.

    STAGE is the name of the stage, or its notebook. The kernel runs in the sandbox of the stage.
    Attach JupyterLab or a console to it. It ends with Ctrl-C, with --stop in another terminal, or
    when it is idle for too long. Nothing is recorded, and the outputs of the build do not change.
    """
    from stagebook.project.project import Project

    project = Project.find(Path.cwd())
    if stop:
        _stop(project, as_json=as_json)
        return
    if stage is None:
        raise click.UsageError("STAGE is missing, or --stop")
    from stagebook.cli import kept_screen, screen
    from stagebook.workflow import debugging

    with contextlib.ExitStack() as display:
        progress = display.enter_context(screen.progress(stage, quiet=as_json))

        def show(ending: "Ending", kernel: "KeptKernel") -> None:
            display.close()
            if as_json:
                click.echo(json.dumps(kept_screen.as_json(kernel, ending.problems)))
            else:
                screen.problems(ending.problems)
                kept_screen.show(kernel, failed=not ending.done)

        ending = debugging.debug(project, stage, pairs(values), cell, idle, progress, show)
    sys.exit(ending.outcome.exit_code)


def _stop(project: Any, *, as_json: bool) -> None:
    from stagebook.workflow import debugging

    stages = debugging.stop(project)
    if as_json:
        click.echo(json.dumps({"stopped": list(stages)}))
    else:
        named = ", ".join(stages)
        click.echo(f"Ended the kernel of {named}." if stages else "No kernel is kept.")
