"""The verb that runs a stage, or a trial with the stages downstream."""

import functools
import json
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

from stagebook.cli.options import StageName, json_option

if TYPE_CHECKING:
    from stagebook.project.project import Project


@click.command()
@click.argument("stage", type=StageName())
@click.option(
    "-P",
    "values",
    multiple=True,
    metavar="NAME=VALUE",
    help="Parameter and its value for this run. Repeatable.",
    show_default="values in params/, or else in the notebook",
)
@click.option(
    "--downstream",
    is_flag=True,
    help="With -P, also run the stages that use the outputs of STAGE.",
)
@json_option
def run(stage: str, values: tuple[str, ...], downstream: bool, as_json: bool) -> None:
    """Run the notebook of one stage. DVC runs this command.

    STAGE is the name of the stage, or its notebook. With -P, the run is a trial: its outputs go
    to a folder in runs/, and the outputs of the build do not change.
    """
    from stagebook.project.project import Project

    overrides = dict(_pair(value) for value in values)
    if len(overrides) < len(values):
        raise click.BadParameter("a parameter is given twice", param_hint="-P")
    if downstream and not overrides:
        raise click.UsageError(
            "--downstream needs -P NAME=VALUE. To build a stage and the stages downstream: "
            f"dvc repro --downstream {stage}"
        )
    verb = _run_trial if downstream else _run_stage
    verb(Project.find(Path.cwd()), stage, overrides, as_json=as_json)


def _run_stage(project: "Project", stage: str, overrides: dict[str, str], *, as_json: bool) -> None:
    from stagebook.cli import screen
    from stagebook.workflow import building

    with screen.progress(stage, quiet=as_json) as progress:
        run = building.run(project, stage, overrides, progress)
    if as_json:
        click.echo(json.dumps(screen.run_as_json(run), ensure_ascii=False))
    else:
        screen.run(run)
    sys.exit(run.ending.outcome.exit_code)


def _run_trial(project: "Project", stage: str, overrides: dict[str, str], *, as_json: bool) -> None:
    from stagebook.cli import screen
    from stagebook.workflow import trials

    trial = trials.Downstream.read(project, stage)
    if not as_json:
        screen.problems(trial.left_out, warning=True)
    runs, started = [], None
    shown = functools.partial(screen.progress, quiet=as_json)
    for run in trials.run(project, trial, overrides, shown):
        runs.append(run)
        if not as_json:
            screen.run(run, started)
        started = time.time()
    if as_json:
        click.echo(json.dumps(screen.trial_as_json(trial, runs), ensure_ascii=False))
    sys.exit(runs[-1].ending.outcome.exit_code)


def _pair(text: str) -> tuple[str, str]:
    name, sign, value = text.partition("=")
    if not sign or not name:
        raise click.BadParameter(f"{text!r} is not NAME=VALUE", param_hint="-P")
    return name.strip(), value
