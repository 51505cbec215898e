"""The verbs for a project's warm processes."""

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from stagebook.cli.options import json_option

if TYPE_CHECKING:
    from stagebook.execution.warm.population import ZygoteState
    from stagebook.project.project import Project


@click.group()
def warm() -> None:
    """Show or end the warm processes of this project.

    They have imported what stages import, so that a stage starts as a fork of one of them.
    """


@warm.command()
@json_option
def status(as_json: bool) -> None:
    """Show the warm processes of this project."""
    from stagebook.workflow import warming

    states = warming.status(_project())
    if as_json:
        click.echo(json.dumps({"processes": [state.as_json() for state in states]}))
        return
    if not any(state.is_alive for state in states):
        click.echo("No warm process is running.")
    for state in states:
        for line in _lines(state):
            click.echo(line)


def _lines(state: "ZygoteState") -> list[str]:
    memory = f"{state.memory / 1e6:,.0f} MB"
    purpose = "Stagebook itself" if state.kind == "own" else f"the kernel of {state.label}"
    head = f"{purpose}: {state.phase}"
    if state.is_alive:
        head += f" · process {state.pid} · {memory} · {state.forks} forks"
    left_out = [
        f"  not imported: {name.replace(':', ' · ')}, because {reason}"
        for name, reason in state.left_out.items()
    ]
    refusal = [f"  starts no process, because {state.refusal}"] if state.refusal else []
    return [head, *refusal, *left_out]


@warm.command()
@json_option
def stop(as_json: bool) -> None:
    """End the warm processes of this project; running stages go on."""
    from stagebook.workflow import warming

    stopped = warming.stop(_project())
    if as_json:
        click.echo(json.dumps({"stopped": [state.pid for state in stopped]}))
    else:
        count = len(stopped)
        click.echo(f"Ended {count} warm process{'' if count == 1 else 'es'}.")


def _project() -> "Project":
    from stagebook.project.project import Project

    return Project.find(Path.cwd())
